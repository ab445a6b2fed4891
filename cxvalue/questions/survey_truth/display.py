"""The score in four ways, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.questions.survey_truth.weighting import Reweighted


def scores_table(found: Reweighted) -> pd.DataFrame:
    """A row a way of making the score, as published in ``survey_scores.csv``."""
    rows = [
        (translatable("as published"), *found.raw),
        (translatable("of all invited, reweighted"), *found.score),
        (translatable("of all invited, doubly robust"), found.doubly_robust, None, None),
        (translatable("of all invited, without assumptions"), None, *found.bounded),
    ]
    return pd.DataFrame(rows, columns=["score", "value", "low", "high"])


def scores_display(found: Reweighted) -> Styler:
    """The same in words."""
    rows = scores_table(found).astype(object)
    return styled(
        {
            translate("score"): translate(row.score),
            translate("value"): "—" if row.value != row.value or row.value is None else format_number(float(row.value)),
            translate("range"): "—"
            if row.low != row.low or row.low is None
            else format_range(float(row.low), float(row.high), ""),
        }
        for row in rows.itertuples()
    )
