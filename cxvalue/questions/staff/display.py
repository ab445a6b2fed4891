"""Turnover and lost customers by unit and month by month, as tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.small_groups import withheld_list
from cxvalue.language.catalogue import translate
from cxvalue.language.words import spoken_words

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.questions.staff.turnover_link import TurnoverLink
    from cxvalue.questions.staff.unit_months import ShopMonths


def lags_display(link: TurnoverLink) -> Styler:
    """What goes with the turnover of the month and of each of the three before, in words."""
    months = [
        translate("the month itself"),
        translate("one before"),
        translate("two before"),
        translate("three before"),
    ]
    lags = [f"{lag:.3f}".replace(".", spoken_words()["decimal"]) for lag in link.lags]
    return styled(zip(months, lags, strict=True), [translate("turnover of"), translate("goes with lost customers")])


def staff_table(
    rows: ShopMonths,
    suppress_below: int,
    *,
    elsewhere: Collection[tuple[str, str]] = (),
    before: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """A row a unit, as published in ``staff_units.csv``.

    Units with fewer customers or people than `suppress_below` are left out, with those that would give them away and
    those that other tables withhold (`elsewhere`); `before` is what the last run showed.
    """
    largest = rows.customers.max(axis=1)
    weight = np.nansum(rows.customers, axis=1)
    lost = np.nansum(rows.lost * rows.customers, axis=1) / np.maximum(weight, 1.0)
    table = pd.DataFrame({"unit": rows.units, "people": rows.people.round(1), "turnover": rows.rate,
                          "customers": largest.astype(int), "lost_within_three_months": lost})  # fmt: skip
    too = {unit for column, unit in elsewhere if column == "unit"}
    too |= {unit for unit, people in zip(rows.units, rows.people, strict=True) if 0 < people < suppress_below}
    for counts in (largest, rows.people):
        hidden = withheld_list(rows.units, counts, suppress_below, elsewhere=too, before=before)
        too |= {unit for unit, taken in zip(rows.units, hidden, strict=True) if taken}
    return table[~hidden].reset_index(drop=True)
