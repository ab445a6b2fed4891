"""What ``cxvalue check`` says: the study and its tables validated, and what was understood of them; nothing is kept."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate.bundled import make_missing_tables
from cxvalue.study import load_study_file
from cxvalue.tables.cautions import worst_first
from cxvalue.tables.load import load_tables
from cxvalue.tables.read.sources import connect
from cxvalue.workspace.half_lives import measured_half_lives, with_half_lives
from cxvalue.workspace.preflight import try_declared

__all__ = ["check"]


def check(study_path: Path, as_of: date | str | None = None) -> str:
    """Validate a study and its tables and say in words what was found, what to look at first before anything else.

    Raises `BadInput` with everything that is wrong.
    """
    study = load_study_file(study_path)
    make_missing_tables(study)
    with tempfile.TemporaryDirectory(prefix="cxvalue-check-") as folder:
        con = connect()
        tables = load_tables(study, as_of=as_of, today=date.today(), out=Path(folder), con=con)
        found = {name: con.read_parquet(path) for name, path in tables.paths.items()}
        halved = measured_half_lives(study, found.get, as_of=tables.as_of, observed_from=tables.observed_from)
        study = with_half_lives(study, halved)
        try_declared(StudyTables(study, found.get, tables.as_of, tables.observed_from))
    names = ", ".join(sorted(tables.paths))
    main = "transactions" if "transactions" in tables.paths else "subscriptions"
    cautions = worst_first(tables.cautions)
    said = "are sound." if not cautions else f"can be read. To look at first: {len(cautions)}."
    lines = [
        f"{study.name}: the study file and its tables {said}",
        *(f"  caution      {one.text}{f' ({one.private})' if one.private else ''}" for one in cautions),
        f"  observed     {tables.observed_from} to {tables.as_of}",
        f"  tables       {names}",
        *(f"  {one.what:<12} {one.rows:,}" for one in tables.counts if one.table == main and one.kind != "match"),
        *(f"  matched      {one.table}: {one.rows:,} {one.what}" for one in tables.counts if one.kind == "match"),
        *(f"  assumed      {assumption}" for assumption in study.assumptions),
    ]
    return "\n".join(lines)
