"""Scores of customers into the company's database, once the report they belong to is published."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import BadInput, OutOfTime
from cxvalue.language.catalogue import translate
from cxvalue.run.folders import write_in_one_step

if TYPE_CHECKING:
    from cxvalue.run.record import RunRecord

NOTE = "written_back.json"


def write_back(record: RunRecord, folder: Path) -> tuple[int, str]:
    """Write the customers of a published run to the table that its study names; returns how many, and why it failed.

    `folder` is that of the report. Whatever fails, the report stays, the table keeps what it had, and the next run of the
    study writes again. A run without values of customers leaves the table alone.
    """
    from cxvalue.engine.failures import EngineFailed
    from cxvalue.engine.opening import open_warehouse
    from cxvalue.workspace.opened import CUSTOMERS, ROWS

    named, engine = record.study.work.write_back, record.study.engine
    assert named is not None
    assert engine is not None
    parts = (record.work / run.name / part / CUSTOMERS for run in record.runs for part in ("tables", ROWS))
    customers = next((path for path in parts if path.is_file()), None)
    rows = 0
    try:
        if customers is not None:
            with closing(open_warehouse(engine)) as warehouse, warehouse.guarded():
                rows = warehouse.write_scores(
                    named, record.study.name, customers, run_id=record.run_id, as_of=record.as_of
                )
        note = {"run": folder.name, "table": named, "customers": rows}
        write_in_one_step(folder.parent / NOTE, json.dumps(note, ensure_ascii=False) + "\n")
    except (BadInput, EngineFailed) as error:
        return 0, _failed(named, " ".join(str(error).split()))
    except OutOfTime:  # what it says is said of a run that publishes nothing
        return 0, _failed(named, translate("the time limit of the command was reached."))
    except KeyboardInterrupt:
        return 0, _failed(named, translate("it was interrupted."))
    except Exception as error:
        return 0, _failed(named, type(error).__name__)
    return rows, ""


def _failed(table: str, reason: str) -> str:
    return translate(
        "the report is published, but its scores were not written to {table}, which is unchanged: {reason}",
        table=table,
        reason=reason,
    )


def is_written(folder: Path, table: str) -> bool:
    """Whether what a published run says of customers was written to a table."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((folder.parent / NOTE).read_text(encoding="utf-8"))
        return bool((note["run"], note["table"]) == (folder.name, table))
    return False
