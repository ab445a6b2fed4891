"""All tables of a study: read, checked, made canonical and written as parquet, with counts that reconcile."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.engine.opening import open_engine
from cxvalue.engine.place import Place
from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated
from cxvalue.study import LATEST_COMPLETE_MONTH, StudyFile
from cxvalue.tables import ledger
from cxvalue.tables.ask import ask, measures, parts
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.campaign_rows import misspelt, rows_of_arms, two_arms
from cxvalue.tables.checks.declared_names import declared_problems
from cxvalue.tables.checks.doubtful_days import doubtful_days
from cxvalue.tables.checks.history_begins import history_begins
from cxvalue.tables.checks.ids import spoilt_ids
from cxvalue.tables.checks.left_aside import left_aside
from cxvalue.tables.checks.observed import Observed
from cxvalue.tables.checks.openends import dates_to_come, empty_dates_to_come
from cxvalue.tables.checks.other_spellings import other_spellings
from cxvalue.tables.checks.purchase_cautions import cautions_of
from cxvalue.tables.checks.relations import Relation, hold_against
from cxvalue.tables.checks.rules import (
    EXAMPLES,
    Broken,
    Contradiction,
    Rule,
    broken_rows,
    count_broken,
    exact_duplicates,
    row_rules,
    split_rows,
)
from cxvalue.tables.checks.screening import repair_ids, screen
from cxvalue.tables.checks.soundness import count_signs, implausible_margin, judge_signs, margin_of_sales
from cxvalue.tables.checks.sums_among_rows import MOST_ROWS, sums_caution, sums_to_count
from cxvalue.tables.counts import ControlResult, RowCount, TableSet, fate, hold_against_totals, rounded_up
from cxvalue.tables.read.laid import lay_table, lines_to_bring
from cxvalue.tables.read.parse import ParsedTable
from cxvalue.tables.read.schema import CONTRACTS, TableContract
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import LINE, ROW, SAME
from cxvalue.tables.refusals import bad_rows_problem, day_problems, too_many_bad

__all__ = ["TableSet", "load_tables"]

LARGEST_SHARE_TO_DROP = 0.05
REFUND = translatable("a refund larger than the customer's earlier purchases together")
REFUND_REMEDY = translatable(
    "It cannot be taken off them: correct its customer or order id, or add the purchases it belongs to "
    "(an export that begins earlier)."
)
_IN_ORDER = ("offers",)  # the order of its rows says which belong together, so they keep their numbers
NOBODY = "(no customer)"
_REASONS = {"dropped": "bad_row", "cut": "after_as_of", "apart": "guest"}
_AMOUNT = {"transactions": "revenue", "fees": "amount", "contacts": "cost"}


@dataclass
class _Loading:
    """One table on its way in."""

    contract: TableContract
    raw: RawTable
    rows: int
    amount: float | None
    good: ir.Table
    broken: list[Broken] = field(default_factory=list)
    guests: ir.Table | None = None
    merged: int = 0
    unmatched: float = 0.0  # revenue of refunds that no earlier purchases cover
    amounts: frozenset[str] = frozenset()  # columns with amounts that were not understood

    def may_drop(self, item: Broken) -> bool:
        """Whether dropping such rows loses neither refunds, which would raise revenue, nor amounts that can be read."""
        return item.droppable and (item.amount or 0.0) >= 0 and item.column not in self.amounts

    @property
    def bad(self) -> int:
        return sum(item.first for item in self.broken)


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
        self.tables: dict[str, _Loading] = {}
        self.held: list[ir.Table] = []
        self.relations: tuple[Relation, ...] = ()
        self.orders: int | None = None

    def run(self, as_of: date | str | None) -> TableSet:
        """Do it all, or raise `BadInput`."""
        for name in self.study.tables:
            try:
                self.tables[name] = self._read(name)
            except BadInput as error:
                self.problems += error.problems
        self._across()
        observed = self._observed()
        end = self._as_of(as_of, observed) if observed else None
        start = self.study.observed_from or (observed.first if observed else None)
        control = self._settle_all(start, end)
        if not self.problems and (end is None or start is None):
            found, remedy = translate("hold no row with a date."), translate("Check the files and bad_rows.")
            self.problems.append(Problem("tables", found, remedy))
        if self.problems or observed is None or end is None or start is None:
            raise BadInput(self.problems)
        for relation in self.relations:
            self._add(relation.table, relation.words, relation.found, None, "match", always=True)
        notes, cautions, until = tuple(self.notes), tuple(self.cautions), self._same_until(observed, as_of)
        sources = {name: one.raw.every for name, one in self.tables.items()}
        done = tuple(note for one in self.tables.values() for note in one.raw.notes)
        told = tuple(self.counts), control, notes, cautions, until
        return TableSet(end, start, self.paths, *told, self.orders, sources, done)

    def _settle_all(self, start: date | None, end: date | None) -> ControlResult | None:
        """Count and write every table; what is said of them stands in the order of the study file.

        Transactions come last: they need most memory, and by then what the other tables held is given back.
        """
        control: ControlResult | None = None
        lists: tuple[list[Any], ...] = (self.counts, self.problems, self.cautions)
        before, said = [len(one) for one in lists], {}
        for name in sorted(self.tables, key="transactions".__eq__):
            loading, had = self.tables[name], [len(one) for one in lists]
            if name == "transactions":
                control = self._transactions(loading, start, end)
            else:
                self._settle(loading)
                if not self.problems:
                    self._write_table(loading, end)
            self.place.forget(name)
            said[name] = [one[begin:] for one, begin in zip(lists, had, strict=True)]
        for place, one in enumerate(lists):
            one[before[place] :] = [item for name in self.tables for item in said[name][place]]
        named = [key for name in self.tables for key in (name, *(["purchases"] if name == "transactions" else []))]
        self.paths = {key: self.paths[key] for key in named if key in self.paths}
        return control

    def _read(self, name: str) -> _Loading:
        study, source = self.study, self.study.tables[name]
        parsed, table, cautions = lay_table(self.place, name, study, self.scratch, self.sample)
        raw = parsed.raw
        self.cautions += cautions
        amount = _AMOUNT.get(name) if _AMOUNT.get(name) in parsed.columns else None
        contract = CONTRACTS[name]
        table = repair_ids(table, contract, self.study)
        if source.rows_without_customer == "count":
            table = table.mutate(customer_id=table.customer_id.fill_null(NOBODY))
            study = study.model_copy(update={"guest_ids": (*study.guest_ids, NOBODY)})
        rules = self._rules(parsed, table)
        counted = ask(
            table.aggregate(**measures(table, amount), **count_signs(contract, table), **count_broken(table, rules))
        )
        meant, contradicting, cautions = judge_signs(contract, table, counted)
        self.cautions += cautions
        if meant is not table:
            table, rules = meant, self._rules(parsed, meant)
            counted |= ask(table.aggregate(**measures(table, amount), **count_broken(table, rules)))
        counts = [counted[f"broken_{i}"] for i in range(len(rules))]
        counts += [counted[f"below_{rule.column}"] for rule in contradicting]
        good, broken = split_rows(table, [*rules, *contradicting], amount, counts)
        good = good.select(ROW, *([LINE, SAME] if raw.marked else []), *parsed.columns)
        if raw.malformed:
            rows = len(raw.malformed)
            examples = tuple(number for number, _ in raw.malformed[:EXAMPLES])
            reasons = sorted({reason for _, reason in raw.malformed})
            what = translate("a line that does not split into the columns ({reasons})", reasons="; ".join(reasons[:2]))
            remedy = translate("Check the delimiter and the quotes of these lines.")
            broken.insert(0, Broken("", what, remedy, rows, rows, None, examples))
        loading = _Loading(contract, raw, counted["rows"], counted["amount"], good, broken, amounts=parsed.amounts)
        loading.rows += len(raw.malformed) + sum(rows for *_, rows in raw.left_out) - raw.made
        if not loading.rows:
            found, remedy = translate("has no rows."), translate("Check the file, or leave the table out.")
            raise BadInput.at(f"tables.{name}", found, remedy)
        screened = screen(contract, loading.good, study, amount)
        loading.good, loading.guests, loading.merged = screened.good, screened.guests, screened.merged
        self._held(screened.good)
        self.cautions += [*screened.cautions, *left_aside(self.place.files.con, raw, study.currency)]
        if raw.texts:  # rows of a text are shown from the file itself
            self.place.forget(name, as_read=True)
        for one in screened.contradictions:
            self._take_out(loading, one, amount)
        self._describe_source(parsed)
        return loading

    def _rules(self, parsed: ParsedTable, table: ir.Table) -> list[Rule]:
        raw = parsed.raw
        return [*spoilt_ids(raw.contract, raw.types, table), *row_rules(parsed, table, self.today)]

    def _take_out(self, loading: _Loading, found: Contradiction, amount: str | None) -> None:
        """Take out rows that contradict one another."""
        keys, by = found.keys.cache(), list(found.by)
        self._held(keys)
        rows = loading.good.semi_join(keys, by)
        loading.broken += broken_rows(rows, by[0], found.what, found.remedy, amount)
        loading.good = loading.good.anti_join(keys, by)

    def _held(self, *tables: ir.Table) -> None:
        self.held.extend(tables)  # a cached table lives as long as it is referred to

    def _describe_source(self, parsed: ParsedTable) -> None:
        raw = parsed.raw
        renamed = [f"{ours} = {theirs}" for ours, theirs in raw.theirs.items() if ours != theirs]
        if renamed:
            self.notes.append(f"{raw.name}: {', '.join(renamed)}.")
        self.notes += [*parsed.notes, *raw.notes]
        if raw.extra:
            extra = enumerated(raw.extra)
            self.notes.append(
                translate("{table}: other columns kept as text: {columns}.", table=raw.name, columns=extra)
            )

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

    def _transactions(self, loading: _Loading, start: date | None, end: date | None) -> ControlResult | None:
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
        made = ledger.purchases(rows, end)
        lines = made.lines
        if made.unmatched is not None and made.unmatched_refunds:
            missed = made.unmatched.select(**{ROW: made.unmatched.refund, "revenue": -made.unmatched.amount})
            refused = broken_rows(missed, "revenue", translate(REFUND), translate(REFUND_REMEDY), "revenue")
            loading.broken += refused
            loading.unmatched = sum(item.amount or 0.0 for item in refused)
            lines = lines.anti_join(missed, ROW)
        before = rows.filter(rows.date <= ibis.literal(end))
        own_margin = "margin" in loading.good.columns
        found = ask(
            parts(rows, "revenue", after=rows.date > ibis.literal(end), until=rows.date <= ibis.literal(end)),
            parts(lines, "revenue", early=lines.date < ibis.literal(start)),
            parts(lines, "margin", below=(lines.margin < 0) & (lines.revenue >= 0)),
            lines.aggregate(kept=lines.revenue.sum(), zero=lines.count(where=lines.revenue == 0)),
            exact_duplicates(before),
            *([margin_of_sales(made.lines)] if own_margin else []),
            *([sums_to_count(before)] if loading.rows <= MOST_ROWS else []),
        )
        margin = implausible_margin(found) if own_margin else None
        self.cautions += [margin] if margin else []
        self._settle(loading)
        if self.problems:
            return None
        self._count_transactions(loading, made, found, start, end)
        self.cautions += cautions_of(before, made, int(found["repeats"] or 0), int(found["doubled"] or 0))
        self.cautions += sums_caution(found, loading.rows)
        if caution := history_begins(made.table, end, self.study.new_from):
            self.cautions.append(caution)
        self._write("transactions", *lines_to_bring(self.study, loading.contract, lines, made.table))
        if "order_id" in lines.columns and self.study.engine is not None:
            self.orders = ask(ledger.count_orders(lines, made.table))["orders"]
        self._write("purchases", made.table, ["customer_id", "date"], made.table.columns)
        return hold_against_totals(self.study.control_totals, [lines, loading.guests], start, end)

    def _count_transactions(
        self,
        loading: _Loading,
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
        if abs(made.void_margin) > ledger.TOLERANCE * made.void_amount:
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

    def _count_guests(self, loading: _Loading, end: date) -> None:
        """Sales without a customer count in the totals up to the last day observed, and nowhere else."""
        assert loading.guests is not None
        guests, last = loading.guests, ibis.literal(end)
        found = ask(parts(guests, "revenue", seen=guests.date <= last, cut=guests.date > last))
        self._add("transactions", fate("guest_sales"), found["n_seen"], found["seen"], "apart")
        self._add("transactions", fate("late_guests", day=end), found["n_cut"], found["cut"], "cut")

    def _settle(self, loading: _Loading) -> None:
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

    def _problem(self, loading: _Loading, item: Broken, share: float) -> Problem:
        raw = loading.raw
        droppable = loading.may_drop(item) and self.study.bad_rows is None and share <= LARGEST_SHARE_TO_DROP
        theirs = raw.theirs.get(item.column) if item.column else None
        examples = raw.shown(self.place.files.con, item.examples)
        return bad_rows_problem(raw.name, item, theirs, str(rounded_up(share)) if droppable else "", examples)

    def _write_table(self, loading: _Loading, end: date | None) -> None:
        """Cut a table at `as_of` and write it; dates that had not come by then are emptied."""
        contract, table = loading.contract, loading.good
        if loading.guests is not None:
            self._add(contract.name, fate("guests"), ledger.count_rows(loading.guests), None, "apart")
        amount, opens, asked = _AMOUNT.get(contract.name), False, []
        if end is not None and contract.event in table.columns:
            late = (table[str(contract.event)] > ibis.literal(end)).fill_null(False)
            asked.append(parts(table, amount, late=late))
            table = table.filter(~late)
        if end is not None and contract.open_ends:
            opens = True
            table, dates = empty_dates_to_come(contract, table, end)
            asked.append(dates)
        kept = measures(table, amount)
        if contract.name == "rollout":
            declared = [one.name for one in self.study.programmes] or [""]
            kept["foreign"] = table.count(where=~table.programme.isin(declared))
        found = ask(*asked, table.aggregate(**kept))
        self._add(contract.name, fate("after", day=end), found.get("n_late", 0), found.get("late"), "cut")
        if end is not None and opens:
            counts, cautions = dates_to_come(contract, found, end)
            for what, rows, kind in counts:
                self._add(contract.name, what, rows, None, kind)
            self.cautions += cautions
        what = fate("undeclared")
        self._add(contract.name, what, found.get("foreign", 0), None, "note")
        self._add(contract.name, fate("kept"), found["rows"], found["amount"], "kept", always=True)
        self._write(
            contract.name, table, [ROW], [one for one in table.columns if one != ROW or contract.name in _IN_ORDER]
        )

    def _write(self, name: str, table: ir.Table, order: list[str], columns: Sequence[str]) -> None:
        self.paths[name] = self.out / f"{name}.parquet"
        self.place.bring(table, self.paths[name], order, columns)

    def _add(
        self, table: str, what: str, rows: int, amount: float | None, kind: Any, reason: str = "", always: bool = False
    ) -> None:
        if rows or always:
            self.counts.append(RowCount(table, what, rows, amount, kind, reason or _REASONS.get(kind, "")))
