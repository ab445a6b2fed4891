"""One table on its way in: laid, its signs and rows judged, repeats and guests set apart, contradicting rows taken out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import ibis.expr.types as ir

from cxvalue.engine.place import Place
from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study import StudyFile
from cxvalue.tables.ask import Asking, measures
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.ids import spoilt_ids
from cxvalue.tables.checks.left_aside import left_aside
from cxvalue.tables.checks.names_aside import names_aside
from cxvalue.tables.checks.rows_aside import rows_aside
from cxvalue.tables.checks.rules import (
    EXAMPLES,
    Broken,
    Contradiction,
    Rule,
    broken_rows,
    count_broken,
    row_rules,
    split_rows,
)
from cxvalue.tables.checks.screening import repair_ids, screen
from cxvalue.tables.checks.soundness import count_signs, judge_signs
from cxvalue.tables.checks.sums_among_rows import NOBODY
from cxvalue.tables.checks.undelivered import undelivered_left_out
from cxvalue.tables.read.laid import lay_table
from cxvalue.tables.read.parse import ParsedTable
from cxvalue.tables.read.schema import CONTRACTS, TableContract
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import LINE, ROW, SAME

AMOUNT = {"transactions": "revenue", "fees": "amount", "contacts": "cost"}
"""The column of a table whose sum is held against what came in."""


@dataclass
class Loading:
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
    cautions: list[Caution] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    held: list[ir.Table] = field(default_factory=list)  # a cached table lives as long as it is referred to

    def may_drop(self, item: Broken) -> bool:
        """Whether dropping such rows loses neither refunds, which would raise revenue, nor amounts that can be read."""
        return item.droppable and (item.amount or 0.0) >= 0 and item.column not in self.amounts

    @property
    def bad(self) -> int:
        """How many rows are bad."""
        return sum(item.first for item in self.broken)

    def take_out(self, found: Contradiction, amount: str | None) -> None:
        """Take out rows that contradict one another, or add up others, those of guests among them."""
        keys, by = found.keys.cache(), list(found.by)
        self.held.append(keys)
        rows = self.good if self.guests is None else self.good.union(self.guests)
        self.broken += broken_rows(rows.semi_join(keys, by), by[0], found.what, found.remedy, amount)
        self.good = self.good.anti_join(keys, by)
        self.guests = None if self.guests is None else self.guests.anti_join(keys, by)


def take_in(
    place: Place, name: str, study: StudyFile, today: date, scratch: Path, sample: float | None = None
) -> Asking[Loading]:
    """Read the table `name` of a study and judge its rows; no date may lie after `today`.

    `scratch` is a folder for copies of files, `sample` the share of customers that are read from a warehouse. Raises
    `BadInput` where the table cannot be read or has no rows; rows that are bad are told, and left to whoever asks.
    """
    source, contract = study.tables[name], CONTRACTS[name]
    parsed, table, cautions = lay_table(place, name, study, scratch, sample)
    raw = parsed.raw
    amount = AMOUNT.get(name) if AMOUNT.get(name) in parsed.columns else None
    table = repair_ids(table, contract, study)
    if source.rows_without_customer == "count":
        table = table.mutate(customer_id=table.customer_id.fill_null(NOBODY))
        study = study.model_copy(update={"guest_ids": (*study.guest_ids, NOBODY)})

    def rules_of(rows: ir.Table) -> list[Rule]:
        return [*spoilt_ids(raw.contract, raw.types, rows), *row_rules(parsed, rows, today)]

    rules = rules_of(table)
    counted = yield [
        table.aggregate(**measures(table, amount), **count_signs(contract, table), **count_broken(table, rules))
    ]
    meant, contradicting, of_signs = judge_signs(contract, table, counted)
    cautions += of_signs
    if meant is not table:
        table, rules = meant, rules_of(meant)
        counted |= yield [table.aggregate(**measures(table, amount), **count_broken(table, rules))]
    counts = [counted[f"broken_{i}"] for i in range(len(rules))]
    counts += [counted[f"below_{rule.column}"] for rule in contradicting]
    good, broken = split_rows(table, [*rules, *contradicting], amount, counts)
    good = good.select(ROW, *([LINE, SAME] if raw.marked else []), *parsed.columns)
    if raw.malformed:
        broken.insert(0, _malformed(raw))
    loading = Loading(contract, raw, counted["rows"], counted["amount"], good, broken, amounts=parsed.amounts)
    loading.rows += len(raw.malformed) + sum(rows for *_, rows in raw.left_out) - raw.made
    if not loading.rows:
        found, remedy = translate("has no rows."), translate("Check the file, or leave the table out.")
        raise BadInput.at(f"tables.{name}", found, remedy)
    screened = yield from screen(contract, loading.good, study, amount)
    loading.good, loading.guests, loading.merged = screened.good, screened.guests, screened.merged
    loading.held.append(screened.good)
    con = place.files.con
    loading.cautions = [
        *cautions,
        *screened.cautions,
        *left_aside(con, raw, study.currency),
        *rows_aside(con, raw, today),
        *names_aside(con, raw, study.currency),
        *undelivered_left_out(raw),
    ]
    if raw.texts:  # rows of a text are shown from the file itself
        place.forget(name, as_read=True)
    for one in screened.contradictions:
        loading.take_out(one, amount)
    loading.notes = _notes(parsed)
    return loading


def _malformed(raw: RawTable) -> Broken:
    rows = len(raw.malformed)
    examples = tuple(number for number, _ in raw.malformed[:EXAMPLES])
    reasons = sorted({reason for _, reason in raw.malformed})
    what = translate("a line that does not split into the columns ({reasons})", reasons="; ".join(reasons[:2]))
    return Broken("", what, translate("Check the delimiter and the quotes of these lines."), rows, rows, None, examples)


def _notes(parsed: ParsedTable) -> list[str]:
    """What is said of a source: columns under other names, what was done as it was read, columns that nothing asks for."""
    raw, notes = parsed.raw, list[str]()
    renamed = [f"{ours} = {theirs}" for ours, theirs in raw.theirs.items() if ours != theirs]
    if renamed:
        notes.append(f"{raw.name}: {', '.join(renamed)}.")
    notes += [*parsed.notes, *raw.notes]
    if raw.extra:
        extra = enumerated(raw.extra)
        notes.append(translate("{table}: other columns kept as text: {columns}.", table=raw.name, columns=extra))
    return notes
