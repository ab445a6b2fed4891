"""What ``cxvalue check`` says: the study and its tables validated, and what was understood of them; nothing is kept."""

from __future__ import annotations

import json
import re
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cxvalue.engine.embedded import connect
from cxvalue.firstmile.handwritten import hold_against_layouts
from cxvalue.foundation.errors import BadInput, CxvalueError, Problem
from cxvalue.foundation.machine import free_megabytes, megabytes_needed
from cxvalue.language.catalogue import translate, using, written
from cxvalue.language.letters import padded
from cxvalue.language.words import enumerated
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate.bundled import make_missing_tables
from cxvalue.study import StudyFile, load_study_file
from cxvalue.study.reading import load_answered
from cxvalue.tables.cautions import worst_first
from cxvalue.tables.counts import TableSet
from cxvalue.tables.load import load_tables
from cxvalue.workspace.half_lives import measured_half_lives, with_half_lives
from cxvalue.workspace.preflight import try_declared
from cxvalue.workspace.understood import Understood, understand

_MOST_REASONS = 8
_PLACE = re.compile(r"tables\.(\w+)(?:\.(\w+))?")


@dataclass(frozen=True)
class Checked:
    """A sound study: its file, its tables, what was understood of each, and lines about the engine that holds them."""

    study: StudyFile
    tables: TableSet
    understood: list[Understood]
    engine: tuple[str, ...] = ()

    def __str__(self) -> str:
        study, tables = self.study, self.tables
        names = enumerated(sorted(tables.paths))
        main = "transactions" if "transactions" in tables.paths else "subscriptions"
        cautions = worst_first(tables.cautions)
        lines = [
            translate(
                "{study}: the study file and its tables can be read. To look at first: {count}.",
                study=study.name,
                count=len(cautions),
            )
            if cautions
            else translate("{study}: no problems were found in the study file and its tables.", study=study.name),
            *(
                _line(translate("caution"), f"{one.text}{f' ({one.private})' if one.private else ''}")
                for one in cautions
            ),
            _line(translate("observed"), translate("{first} to {last}", first=tables.observed_from, last=tables.as_of)),
            *(_line(translate("engine"), line) for line in self.engine),
            _line(translate("tables"), names),
            *(line for one in self.understood for line in said_of(one)),
            *(
                _line(one.what, written(one.rows, ","))
                for one in tables.counts
                if one.table == main and one.kind not in _SAID
            ),
            *(
                _line(translate("matched"), _rows(one.table, one.rows, one.what))
                for one in tables.counts
                if one.kind == "match"
            ),
            *(_line(translate("read"), note) for note in tables.done),
            *(_line(translate("assumed"), assumption) for assumption in study.assumptions),
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        notes = [one.text for one in worst_first(self.tables.cautions)]
        return {
            "study": self.study.name,
            "observed_from": self.tables.observed_from.isoformat(),
            "as_of": self.tables.as_of.isoformat(),
            "tables": {one.table: one.to_dict() for one in self.understood},
            "problems": [],
            "notes": [*notes, *self.tables.read_notes, *self.study.assumptions],
        }


_SAID = ("match", "left_out")


def check(study_path: Path, as_of: Any = None, sample: float | None = None, *, language: str | None = None) -> str:
    """Validate a study and its tables and say in words what was found, what to look at first before anything else.

    The arguments are those of `examine`. Raises `BadInput` with everything that is wrong.
    """
    checked = examine(study_path, as_of, sample, language=language)
    with using(checked.study.language):
        return str(checked)


def examine(
    study_path: Path, as_of: Any = None, sample: float | None = None, *, language: str | None = None
) -> Checked:
    """Validate a study and its tables: what was understood of them.

    `sample` is the share of customers that is looked at of a study in a warehouse (None: all), `language` the readers'
    instead of the study file's. Raises `BadInput` with everything that is wrong.
    """
    study = load_study_file(study_path, language)
    with using(study.language):
        return _examined(study, as_of, sample)


def _examined(study: StudyFile, as_of: Any, sample: float | None) -> Checked:
    if sample is not None and study.engine is None:
        raise CxvalueError("--sample is for a study with an 'engine:'; files are read whole.")
    make_missing_tables(study)
    with tempfile.TemporaryDirectory(prefix="cxvalue-check-") as folder:
        con, began = connect(), time.monotonic()
        tables = load_tables(study, as_of=as_of, today=date.today(), out=Path(folder), con=con, sample=sample)
        hold_against_layouts(study, tables.sources)
        seconds = time.monotonic() - began
        found = {name: con.read_parquet(path) for name, path in tables.paths.items()}
        halved = measured_half_lives(study, found.get, as_of=tables.as_of, observed_from=tables.observed_from)
        study = with_half_lives(study, halved)
        try_declared(StudyTables(study, found.get, tables.as_of, tables.observed_from))
        understood = understand(tables, found, study.currency)
        told = (
            () if study.engine is None else _told_of_engine(tables, understood, sample, seconds, study.work.write_back)
        )
        return Checked(study, tables, understood, told)


def _told_of_engine(
    tables: TableSet, understood: list[Understood], sample: float | None, seconds: float, written: str | None
) -> tuple[str, ...]:
    """What a run will bring over from the engine and how long it may take and in what memory, from what was just done."""
    share = sample or 1.0
    kept = sum(path.stat().st_size for path in tables.paths.values()) / share
    rows = sum(one.rows for one in understood) / share
    customers = max((one.customers or 0 for one in understood), default=0) / share
    if sample is None:
        answers = translate("it answers, its tables can be read and temporary ones created")
    else:
        answers = translate(
            "it answers, its tables can be read and temporary ones created; this is a sample of {share:.2%} "
            "of the customers",
            share=share,
        )
    goes = (
        () if written is None else (translate("the scores of each customer can be written to {table}", table=written),)
    )
    about = seconds / share + _RUN_S + customers * _RUN_S_PER_CUSTOMER
    return (
        answers,
        *goes,
        translate(
            "about {rows:,.0f} rows of about {customers:,.0f} customers; about {megabytes:,.1f} MB will be transferred",
            rows=rows,
            customers=customers,
            megabytes=kept / 1e6,
        ),
        translate(
            "a report may take about {minutes:,.0f} min, {seconds:,.0f} s of them there at most",
            minutes=about / 60,
            seconds=seconds / share,
        ),
        translate(
            "it may need about {needed:.1f} GB of memory; {free:.1f} GB are free on this machine",
            needed=megabytes_needed(round(customers)) / 1e3,
            free=free_megabytes() / 1e3,
        ),
    )


_RUN_S, _RUN_S_PER_CUSTOMER = 60.0, 0.00013
"""What the notebooks took with few customers, and for each more: a million customers took 133 s in the largest of them."""


def understood_so_far(study_path: Path, as_of: Any = None) -> list[Understood]:
    """The tables of a study that can be read although answers are missing in its file; none where that is not so."""
    study = load_answered(study_path)
    if study is None:
        return []
    try:
        with tempfile.TemporaryDirectory(prefix="cxvalue-check-") as folder:
            con = connect()
            tables = load_tables(study, as_of=as_of, today=date.today(), out=Path(folder), con=con)
            found = {name: con.read_parquet(path) for name, path in tables.paths.items()}
            return understand(tables, found, study.currency if study.currency != "XXX" else None)
    except BadInput:
        return []


def check_as_json(checked: Checked) -> str:
    """What was understood, for other programs."""
    return json.dumps(checked.to_dict(), indent=2, ensure_ascii=False)


def problems_as_json(error: BadInput, understood: list[Understood]) -> str:
    """What is wrong, in the same form, with the tables that could be read."""
    listed = [_problem(one) for one in error.problems]
    tables = {one.table: one.to_dict() for one in understood}
    return json.dumps({"tables": tables, "problems": listed, "notes": []}, indent=2, ensure_ascii=False)


def _problem(one: Problem) -> dict[str, Any]:
    place = _PLACE.search(one.where)
    table, column = (place[1], place[2]) if place else (None, None)
    remedy = " ".join([one.remedy, *one.examples]).strip()
    return {"table": table, "column": column, "rows": one.count, "text": f"{one.where}: {one.found}", "remedy": remedy}


def said_of(one: Understood) -> list[str]:
    """A table in a few lines: what counts, and what does not."""
    parts = [translate("{rows:,} rows read, {kept:,} kept", rows=one.rows, kept=one.kept)]
    parts += [translate("{customers:,} customers", customers=one.customers)] if one.customers is not None else []
    parts += [translate("{orders:,} orders", orders=one.orders)] if one.orders is not None else []
    if one.revenue is not None:
        amount = " ".join(filter(None, (one.currency, written(one.revenue, ",.2f"))))
        parts.append(translate("net revenue {amount}", amount=amount))
    parts += [translate("{first_day} to {last_day}", first_day=one.first, last_day=one.last)] if one.first else []
    left_out = [_rows(one.table, rows, what) for what, rows in one.reasons[:_MOST_REASONS]]
    rest = sum(rows for _, rows in one.reasons[_MOST_REASONS:])
    left_out += [translate("{table}: {rows:,} for other reasons", table=one.table, rows=rest)] if rest else []
    understood = _line(translate("understood"), f"{one.table}: {', '.join(parts)}")
    return [understood, *(_line(translate("left out"), line) for line in left_out)]


def _line(what: str, text: str) -> str:
    return f"  {padded(what, 12)} {text}"


def _rows(table: str, rows: int, what: str) -> str:
    return translate("{table}: {rows:,} {what}", table=table, rows=rows, what=what)
