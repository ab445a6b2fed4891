"""All tables of a study: read, checked, made canonical and written as parquet, with counts that reconcile."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import ibis
import ibis.expr.types as ir

from cxvalue.engine.opening import open_engine
from cxvalue.engine.place import Place
from cxvalue.engine.warehouse import Warehouse
from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translatable, translate
from cxvalue.study import LATEST_COMPLETE_MONTH, StudyFile
from cxvalue.tables import ledger
from cxvalue.tables.ask import Asking, ask, ask_in_rounds, measures, parts
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.campaign_rows import misspelt, rows_of_arms, two_arms
from cxvalue.tables.checks.declared_names import declared_problems
from cxvalue.tables.checks.doubtful_days import doubtful_days, months_alone
from cxvalue.tables.checks.history_begins import history_begins
from cxvalue.tables.checks.observed import Observed
from cxvalue.tables.checks.openends import dates_to_come, empty_dates_to_come
from cxvalue.tables.checks.other_spellings import other_spellings
from cxvalue.tables.checks.purchase_cautions import cautions_of
from cxvalue.tables.checks.relations import Relation, hold_against
from cxvalue.tables.checks.rules import (
    Broken,
    broken_rows,
    exact_duplicates,
)
from cxvalue.tables.checks.soundness import (
    discount_of_sales,
    implausible_discount,
    implausible_margin,
    margin_of_sales,
)
from cxvalue.tables.checks.sums_among_rows import MOST_ROWS, sums_caution, sums_to_count
from cxvalue.tables.counts import ControlResult, RowCount, TableSet, fate, hold_against_totals, rounded_up
from cxvalue.tables.netting import TOLERANCE
from cxvalue.tables.one_table import AMOUNT, Loading, take_in
from cxvalue.tables.read.laid import lines_to_bring
from cxvalue.tables.read.sql import ROW
from cxvalue.tables.refusals import bad_rows_problem, day_problems, too_many_bad

LARGEST_SHARE_TO_DROP = 0.05
REFUND = translatable("a refund larger than the customer's earlier purchases together")
REFUND_REMEDY = translatable(
    "It cannot be deducted from them: correct its customer or order id, or add the purchases it "
    "belongs to (an export that begins earlier)."
)
_IN_ORDER = ("offers",)  # the order of its rows says which belong together, so they keep their numbers
T = TypeVar("T")
_REASONS = {"dropped": "bad_row", "cut": "after_as_of", "apart": "guest"}


def load_tables(
    study: StudyFile,
    as_of: Any,
    today: date,
    out: Path,
    con: ibis.backends.duckdb.Backend | None = None,
    sample: float | None = None,
) -> TableSet:
    """Read and check every table of a study and write ``<out>/<table>.parquet`` and ``<out>/purchases.parquet``.

    `as_of` (a day however it is given, or latest_complete_month) overrides the study's; `today` is the day of the run, after
    which no date may lie; `con` is a connection of the embedded engine, `sample` the share of customers that are read from a
    warehouse (None: all). Raises `BadInput` with every problem of every table at once; a mismatch with the control
    totals is no problem, it is reported.
    """
    out.mkdir(parents=True, exist_ok=True)
    place = open_engine(study.engine, con)
    with closing(place), place.guarded(), tempfile.TemporaryDirectory(prefix="cxvalue-") as scratch:
        named = [str(source.table) for source in study.tables.values() if source.in_engine]
        place.ask_for_rights(named, study.work.write_back, study.name)
        given = as_of if as_of in (None, LATEST_COMPLETE_MONTH) else as_day(as_of, "--as-of", LATEST_COMPLETE_MONTH)
        return _Loader(study, today, place, Path(scratch), out, sample).run(given)


class _Loader:
    def __init__(
        self, study: StudyFile, today: date, place: Place, scratch: Path, out: Path, sample: float | None
    ) -> None:
        self.study, self.today, self.place = study, today, place
        self.scratch, self.out, self.sample = scratch, out, sample
        self.problems: list[Problem] = []
        self.counts: list[RowCount] = []
        self.notes: list[str] = []
        self.cautions: list[Caution] = []
        self.paths: dict[str, Path] = {}
        self.tables: dict[str, Loading] = {}
        self.relations: tuple[Relation, ...] = ()
        self.orders: int | None = None

    def run(self, as_of: date | str | None) -> TableSet:
        """Do it all, or raise `BadInput`."""
        taken = {
            name: take_in(self.place, name, self.study, self.today, self.scratch, self.sample)
            for name in self.study.tables
        }
        for name, one in self._together(taken).items():
            if isinstance(one, BadInput):
                self.problems += one.problems
            else:
                self.tables[name] = one
                self.cautions += one.cautions
                self.notes += one.notes
        self._across()
        observed = self._observed()
        end = self._as_of(as_of, observed) if observed else None
        start = self.study.observed_from or (observed.first if observed else None)
        control = self._settle_all(start, end)
        if not self.problems and (end is None or start is None):
            found, remedy = translate("have no row with a date."), translate("Check the files and bad_rows.")
            self.problems.append(Problem("tables", found, remedy))
        if self.problems or observed is None or end is None or start is None:
            raise BadInput(self.problems)
        for relation in self.relations:
            self._add(relation.table, relation.words, relation.found, None, "match", always=True)
        notes, cautions, until = tuple(self.notes), tuple(self.cautions), self._same_until(observed, as_of)
        sources = {name: one.raw.every for name, one in self.tables.items()}
        done = tuple(note for loading in self.tables.values() for note in loading.raw.notes)
        told = tuple(self.counts), control, notes, cautions, until
        return TableSet(end, start, self.paths, *told, self.orders, sources, done)

    def _together(self, askings: Mapping[str, Asking[T]]) -> dict[str, T | BadInput]:
        """Side by side in an engine far away; in this process one after the other, which takes less memory."""
        if isinstance(self.place, Warehouse):
            return ask_in_rounds(askings)
        return {name: found for name, one in askings.items() for found in ask_in_rounds({name: one}).values()}

    def _settle_all(self, start: date | None, end: date | None) -> ControlResult | None:
        """Count and write every table; what is said of them stands in the order of the study file.

        Transactions come last: they need most memory, and by then what the other tables held is given back.
        """
        lists: tuple[list[Any], ...] = (self.counts, self.problems, self.cautions)
        before, said = [len(one) for one in lists], dict[str, list[list[Any]]]()

        def settle(name: str, do: Callable[[], T]) -> T:
            had = [len(one) for one in lists]
            done = do()
            self.place.forget(name)
            said[name] = [one[begin:] for one, begin in zip(lists, had, strict=True)]
            return done

        def asking(name: str) -> Asking[None]:
            loading = self.tables[name]
            table, asked = self._to_write(loading, end)
            found = (yield asked) if not self.problems else {}
            settle(name, lambda: self._write_table(loading, table, found, end))

        others = {name: asking(name) for name in self.tables if name != "transactions"}
        for refused in self._together(others).values():
            if refused is not None:
                raise refused
        control = None
        if bought := self.tables.get("transactions"):
            control = settle("transactions", lambda: self._transactions(bought, start, end))
        for place, one in enumerate(lists):
            one[before[place] :] = [item for name in self.tables for item in said[name][place]]
        named = [key for name in self.tables for key in (name, *(["purchases"] if name == "transactions" else []))]
        self.paths = {key: self.paths[key] for key in named if key in self.paths}
        return control

    def _across(self) -> None:
        """What must agree across the study and its tables."""
        sound = {name: one.good for name, one in self.tables.items()}
        campaigns, contacts = self.study.campaigns, sound.get("contacts")
        arms = rows_of_arms(contacts) if campaigns and contacts is not None else []
        self.problems += declared_problems(self.study, sound, arms, self.today)
        held = hold_against(sound, self.study.ids, self.study.programmes)
        self.problems += held.problems
        self.problems += [*misspelt(arms, campaigns), *other_spellings(self.study, sound)]
        self.cautions += held.cautions
        self.relations = held.relations
        if arms and contacts is not None:
            self.cautions += two_arms(contacts, {one.name: one.control for one in campaigns})

    def _observed(self) -> Observed | None:
        """The days on which anything happened: in transactions, else in any table."""
        names = ["transactions"] if "transactions" in self.tables else list(self.tables)
        each = [(name, self.tables[name].contract.event, self.tables[name].good) for name in names]
        columns = [(name, table[str(day)]) for name, day, table in each if day in table.columns]
        # Contracts end as well as begin.
        columns += [(name, table.end) for name, _, table in each if name == "subscriptions"]
        return Observed.of(columns, self.today)

    def _as_of(self, given: date | str | None, observed: Observed) -> date:
        wanted = given or self.study.as_of
        where = "--as-of" if given else "study.as_of"
        first, last = observed.first, observed.last
        end = wanted if isinstance(wanted, date) else observed.latest_complete_month(self.today)
        self.cautions += [
            *observed.stale(wanted if isinstance(wanted, date) else None, self.today),
            *doubtful_days(observed),
            *([] if self.study.cltv.period else months_alone(observed)),
        ]
        self.problems += day_problems(
            where, end, named=isinstance(wanted, date), between=(first, last), today=self.today, new=self.study.new_from
        )
        return end

    def _same_until(self, observed: Observed, given: date | str | None) -> date | None:
        """The last day on which a run would read the same; rows of days to come that were dropped count again one day."""
        if any(item.to_come for one in self.tables.values() for item in one.broken):
            return self.today
        wanted = given or self.study.as_of
        return observed.same_until(wanted if isinstance(wanted, date) else None, self.today)

    def _transactions(self, loading: Loading, start: date | None, end: date | None) -> ControlResult | None:
        if end is None or start is None:
            self._settle(loading)
            return None
        if "margin" not in loading.good.columns and self.study.gross_margin is None:
            said = translate("has no margin column and no gross_margin.")
            remedy = translate("Map a margin column, or give gross_margin in the study file.")
            self.problems.append(Problem("tables.transactions", said, remedy))
            self._settle(loading)
            return None
        rows = ledger.canonical_transactions(loading.good, self.study.gross_margin)
        here = None if self.place.files is self.place.con else self.place.files
        made = ledger.net_and_merge(rows, end, here)
        lines = made.lines
        if made.unmatched is not None and made.missed is not None and made.unmatched_refunds:
            missed = made.unmatched.select(**{ROW: made.unmatched.refund, "revenue": -made.unmatched.amount})
            refused = broken_rows(missed, "revenue", translate(REFUND), translate(REFUND_REMEDY), "revenue")
            loading.broken += refused
            loading.unmatched = sum(item.amount or 0.0 for item in refused)
            lines = lines.anti_join(made.missed, ROW)
        before = rows.filter(rows.date <= ibis.literal(end))
        own_margin = "margin" in loading.good.columns
        discounts = "discount" in before.columns and not own_margin
        orders = "order_id" in lines.columns and self.study.engine is not None
        found = ask(
            parts(rows, "revenue", after=rows.date > ibis.literal(end), until=rows.date <= ibis.literal(end)),
            parts(lines, "revenue", early=lines.date < ibis.literal(start)),
            parts(lines, "margin", below=(lines.margin < 0) & (lines.revenue >= 0)),
            lines.aggregate(kept=lines.revenue.sum(), zero=lines.count(where=lines.revenue == 0)),
            made.measures,
            exact_duplicates(before),
            *([margin_of_sales(made.lines)] if own_margin else []),
            *([discount_of_sales(before)] if discounts else []),
            *([sums_to_count(before)] if loading.rows <= MOST_ROWS else []),
            *([ledger.count_orders(lines, made.table)] if orders else []),
        )
        made = made.measured(found)
        margin = implausible_margin(found) if own_margin else implausible_discount(found) if discounts else None
        self.cautions += [margin] if margin else []
        self._settle(loading)
        if self.problems:
            return None
        self._count_transactions(loading, made, found, start, end)
        told = any(one.kind == "repeated_rows" for one in loading.cautions)
        self.cautions += cautions_of(before, made, int(found["repeats"] or 0), int(found["doubled"] or 0), told)
        self.cautions += sums_caution(found, loading.rows)
        self.orders = found.get("orders")
        if caution := history_begins(made.table, end, self.study.new_from):
            self.cautions.append(caution)
        control = hold_against_totals(self.study.control_totals, [lines, loading.guests], start, end)
        self._write("transactions", *lines_to_bring(self.study, loading.contract, lines, made.table), made.rows)
        # Purchases are sorted in the memory that the rows took.
        self.place.forget("transactions")
        self._write("purchases", made.table, ["customer_id", "date"], made.table.columns, made.purchases)
        return control

    def _count_transactions(
        self,
        loading: Loading,
        made: ledger.Purchases,
        found: dict[str, Any],
        start: date,
        end: date,
    ) -> None:
        repeated = (found["until"] or 0.0) - loading.unmatched - (found["kept"] or 0.0)
        self._add("transactions", fate("after", day=end), made.cut, found["after"], "cut")
        self._add("transactions", fate("lines"), made.duplicates, repeated, "merged")
        self._add("transactions", fate("netted"), made.refunds, -made.refunded, "netted")
        self._add("transactions", fate("void"), made.void_lines, made.void_amount, "netted")
        if abs(made.void_margin) > TOLERANCE * made.void_amount:
            what = fate("void_margin")
            self._add("transactions", what, made.void_lines, made.void_margin, "note")
        self._add("transactions", fate("same_day"), made.merged_lines, None, "merged")
        self._add("transactions", fate("purchases"), made.purchases, made.revenue, "kept", always=True)
        if loading.guests is not None:
            self._count_guests(loading, end)
        self._add("transactions", fate("zero"), found["zero"], 0.0, "note")
        self._add("transactions", fate("negative"), found["n_below"], found["below"], "note")
        self._add("transactions", fate("duplicates"), int(found["repeats"] or 0), None, "note")
        self._add("transactions", fate("before", day=start), found["n_early"], found["early"], "note")

    def _count_guests(self, loading: Loading, end: date) -> None:
        """Sales without a customer count in the totals up to the last day observed, and nowhere else."""
        assert loading.guests is not None
        guests, last = loading.guests, ibis.literal(end)
        found = ask(parts(guests, "revenue", seen=guests.date <= last, cut=guests.date > last))
        self._add("transactions", fate("guest_sales"), found["n_seen"], found["seen"], "apart")
        self._add("transactions", fate("late_guests", day=end), found["n_cut"], found["cut"], "cut")

    def _settle(self, loading: Loading) -> None:
        """Count what was read and dropped, or refuse the table for its bad rows."""
        name = loading.contract.name
        self._add(name, fate("read"), loading.rows, loading.amount, "read", always=True)
        self._add(name, fate("made"), loading.raw.made, None, "made")
        for reason, what, rows in loading.raw.left_out:
            self._add(name, what, rows, None, "left_out", reason)
        self._add(name, fate("repeated"), loading.merged, None, "merged")
        if not loading.broken:
            return
        limit = self.study.bad_rows.drop_up_to if self.study.bad_rows else None
        share = loading.bad / loading.rows
        if limit is not None and share <= limit and all(item.droppable for item in loading.broken):
            for item in loading.broken:
                self._add(name, item.what, item.first, item.amount, "dropped")
            return
        self.problems += [self._problem(loading, item, share) for item in loading.broken]
        if limit is not None and share > limit:
            droppable = all(loading.may_drop(item) for item in loading.broken)
            self.problems.append(too_many_bad(f"tables.{name}", loading.bad, loading.rows, limit, droppable))

    def _problem(self, loading: Loading, item: Broken, share: float) -> Problem:
        raw = loading.raw
        droppable = loading.may_drop(item) and self.study.bad_rows is None and share <= LARGEST_SHARE_TO_DROP
        theirs = raw.theirs.get(item.column) if item.column else None
        examples = raw.shown(self.place.files.con, item.examples)
        return bad_rows_problem(raw.name, item, theirs, str(rounded_up(share)) if droppable else "", examples)

    def _to_write(self, loading: Loading, end: date | None) -> tuple[ir.Table, list[ir.Table]]:
        """A table cut at `as_of`, dates that had not come by then emptied, and what `_write_table` is to be told of it."""
        contract, table = loading.contract, loading.good
        amount, asked = AMOUNT.get(contract.name), []
        if loading.guests is not None:
            asked.append(loading.guests.aggregate(guests=loading.guests.count()))
        if end is not None and contract.event in table.columns:
            late = (table[str(contract.event)] > ibis.literal(end)).fill_null(False)
            asked.append(parts(table, amount, late=late))
            table = table.filter(~late)
        if end is not None and contract.open_ends:
            table, dates = empty_dates_to_come(contract, table, end)
            asked.append(dates)
        kept = measures(table, amount)
        if contract.name == "rollout":
            declared = [one.name for one in self.study.programmes] or [""]
            kept["foreign"] = table.count(where=~table.programme.isin(declared))
        return table, [*asked, table.aggregate(**kept)]

    def _write_table(self, loading: Loading, table: ir.Table, found: dict[str, Any], end: date | None) -> None:
        """Count what was read, and write what is left, or refuse the table for its bad rows."""
        contract = loading.contract
        self._settle(loading)
        if self.problems:
            return
        self._add(contract.name, fate("guests"), found.get("guests", 0), None, "apart")
        self._add(contract.name, fate("after", day=end), found.get("n_late", 0), found.get("late"), "cut")
        if end is not None and contract.open_ends:
            counts, cautions = dates_to_come(contract, found, end)
            for what, rows, kind in counts:
                self._add(contract.name, what, rows, None, kind)
            self.cautions += cautions
        what = fate("undeclared")
        self._add(contract.name, what, found.get("foreign", 0), None, "note")
        self._add(contract.name, fate("kept"), found["rows"], found["amount"], "kept", always=True)
        columns = [one for one in table.columns if one != ROW or contract.name in _IN_ORDER]
        self._write(contract.name, table, [ROW], columns, found["rows"])

    def _write(self, name: str, table: ir.Table, order: list[str], columns: Sequence[str], rows: int) -> None:
        self.paths[name] = self.out / f"{name}.parquet"
        self.place.bring(table, self.paths[name], order, columns, rows)

    def _add(
        self, table: str, what: str, rows: int, amount: float | None, kind: Any, reason: str = "", always: bool = False
    ) -> None:
        if rows or always:
            self.counts.append(RowCount(table, what, rows, amount, kind, reason or _REASONS.get(kind, "")))
