"""Levels of experience as tables: one to publish, one to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.language.catalogue import translate
from cxvalue.questions.levels.customer_quarters import LEVELS, level_word
from cxvalue.questions.levels.worth import MOVES

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.levels.worth import LevelWorth


def levels_table(found: LevelWorth) -> pd.DataFrame:
    """A row a level, as published in ``experience_levels.csv``."""
    rows = []
    for name in LEVELS:
        row: dict[str, object] = {"level": name, "customers": found.counts.get(name)}
        parts = {
            "share": found.share,
            "share_of_all": found.of_all,
            "margin": found.margin,
            "churn": found.churn,
            "cltv": found.cltv,
            "step": found.steps,
        }
        for key, values in parts.items():
            value = values.get(name)
            row |= {f"{key}{end}": None if value is None else value[i] for i, end in enumerate(("", "_low", "_high"))}
        rows.append(row)
    return pd.DataFrame(rows)


def levels_display(found: LevelWorth, currency: str) -> Styler:
    """The levels in words."""
    return styled(
        {
            translate("level"): level_word(name),
            translate("customers in the last quarter"): format_number(found.counts[name])
            if name in found.counts
            else "—",
            translate("share"): _written(found.share.get(name), "share"),
            translate("margin in the year after"): _written(found.margin.get(name), currency),
            translate("compared with the level below, same past"): _written(found.steps.get(name), currency),
            translate("buy nothing in the year after"): _written(found.churn.get(name), "share"),
        }
        for name in LEVELS
    )


def moves_table(found: LevelWorth) -> pd.DataFrame:
    """A row a move between quarters, as published in ``experience_transitions.csv``."""
    rows = [(a, b, *value, found.moved[a]) for (a, b), value in found.moves.items()]
    return pd.DataFrame(rows, columns=["from", "to", "share", "low", "high", "customer_quarters"])


def moves_display(found: LevelWorth) -> Styler:
    """From each level to each, in words."""
    rows = []
    for name in LEVELS:
        if any((name, into) in found.moves for into in MOVES):
            shares = {level_word(into): _share_of(found, name, into) for into in MOVES}
            moved = {translate("customer-quarters"): format_number(found.moved[name])}
            rows.append({translate("from"): level_word(name), **shares, **moved})
    return styled(rows)


def _written(value: Interval | None, unit: str) -> str:
    return "—" if value is None else f"{format_value(value.value, unit)} ({format_range(value.low, value.high, unit)})"


def _share_of(found: LevelWorth, name: str, into: str) -> str:
    value = found.moves.get((name, into))
    return "—" if value is None else format_value(value.value, "share")
