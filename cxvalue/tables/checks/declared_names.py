"""What a study declares must stand in its tables: campaigns with their control, programmes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.study import StudyFile

__all__ = ["declared_problems"]


def declared_problems(study: StudyFile, tables: Mapping[str, ir.Table]) -> list[Problem]:
    """Campaigns and programmes without a table or a row; `tables` are the sound rows of those that could be read."""
    problems: list[Problem] = []
    for key, table, column in (("campaigns", "contacts", "campaign"), ("programmes", "rollout", "programme")):
        for item in getattr(study, key):
            where = f"{key}.{item.name}"
            if table not in study.tables:
                remedy = f"Add it under 'tables: {table}:'."
                problems.append(Problem(where, f"needs a table '{table}', which the study lacks.", remedy))
            elif table in tables:
                problems += _named(where, item, tables[table], table, column)
    return problems


def _named(where: str, item: Any, rows: ir.Table, table: str, column: str) -> list[Problem]:
    """A declared campaign or programme must stand in its table, and a campaign's control among its arms."""
    names = [str(value) for value in rows.select(column).distinct().to_pyarrow().column(column).to_pylist()]
    if not names:
        return [Problem(where, f"the table '{table}' has no sound row.", "Correct its rows first.")]
    if item.name not in names:
        return [Problem(where, f"the table '{table}' has no {column} {item.name!r}.", nearest(item.name, names))]
    control = getattr(item, "control", None)
    if table != "contacts" or control is None:
        return []
    inside = rows.filter(rows.campaign == item.name).select("arm").distinct().to_pyarrow()
    arms = [str(value) for value in inside.column("arm").to_pylist()]
    if control in arms:
        return []
    return [Problem(f"{where}.control", f"no contact of the campaign has the arm {control!r}.", nearest(control, arms))]
