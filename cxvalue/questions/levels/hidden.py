"""Levels and moves of so few customers that they must not be shown, with those that would give them away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cxvalue.findings.suppression import withheld_in_row
from cxvalue.questions.levels.customer_quarters import LEVELS
from cxvalue.questions.levels.worth import MOVES, LevelWorth


def hide_small(found: LevelWorth, least: int) -> tuple[LevelWorth, int]:
    """The figures without cells of fewer than `least`, and how many cells were withheld.

    Levels of the last quarter add up to those classified, and the moves from a level to its customer-quarters, so a
    small cell takes others with it. Figures of a level that fewer customers ever had are withheld too.
    """
    hidden = withheld_in_row([found.counts[name] for name in LEVELS], least)
    small = {name for name, taken in zip(LEVELS, hidden, strict=True) if taken}
    rare = {name for name, number in found.customers.items() if 0 < number < least}
    moves, cells = {}, len(small)
    for name in LEVELS:
        if (name, MOVES[0]) not in found.moves:
            continue
        counts = [round(found.moves[name, into].value * found.moved[name]) for into in MOVES]
        for into, taken in zip(MOVES, withheld_in_row(counts, least), strict=True):
            cells += bool(taken)
            if not taken:
                moves[name, into] = found.moves[name, into]
    cells += sum(name in values for name in rare for values in (found.margin, found.churn, found.cltv, found.steps))
    left = replace(
        found,
        counts=_without(found.counts, small),
        share=_without(found.share, small),
        of_all=_without(found.of_all, small),
        margin=_without(found.margin, rare),
        churn=_without(found.churn, rare),
        cltv=_without(found.cltv, rare),
        steps=_without(found.steps, rare),
        moves=moves,
    )
    return left, cells


def _without(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
