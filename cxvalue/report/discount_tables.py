"""The tables of the discount notebook: as published and as shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cxvalue.report.numbers import format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.discounts import DiscountResult, Occasions

__all__ = [
    "curve_table",
    "families_display",
    "families_table",
    "learning_sentence",
    "segments_display",
    "segments_table",
]


def _styled(rows: Iterable[Mapping[str, Any]]) -> Styler:
    import pandas as pd

    return pd.DataFrame(list(rows)).style.hide(axis="index")


def curve_table(found: DiscountResult) -> pd.DataFrame:
    """Share that buys and margin an occasion at each flat depth, with their bounds, in steps of half a point."""
    import pandas as pd

    from cxvalue.discounts import DEPTHS

    rows = slice(None, None, 10)
    names = ("", "_low", "_high")
    columns = {f"buys{name}": found.acceptance[i][rows] for i, name in enumerate(names)}
    columns |= {f"margin{name}": found.curve[i][rows] for i, name in enumerate(names)}
    return pd.DataFrame({"depth": DEPTHS[rows], **columns})


def families_table(found: DiscountResult) -> pd.DataFrame:
    """The families that were fitted: how likely each makes the data, and how much it counts."""
    import pandas as pd

    rows = [
        (fit.family, fit.parameters, fit.log_likelihood, fit.aic, float(weight))
        for fit, weight in zip(found.fits, found.weights, strict=True)
    ]
    return pd.DataFrame(rows, columns=["family", "parameters", "log_likelihood", "aic", "weight"])


def families_display(found: DiscountResult) -> Styler:
    """The families in words."""
    best = min(fit.aic for fit in found.fits)
    return _styled(
        {
            "shape": fit.family,
            "worse than the best by (AIC)": f"{fit.aic - best:,.1f}",
            "counts for": format_value(float(weight), "share"),
        }
        for fit, weight in sorted(zip(found.fits, found.weights, strict=True), key=lambda pair: -pair[1])
    )


def segments_table(found: DiscountResult) -> pd.DataFrame:
    """The best flat depth of each segment and the margin an occasion at it."""
    import pandas as pd

    return pd.DataFrame(found.by_segment, columns=["segment", "share_of_occasions", "best_depth", "margin"])


def segments_display(found: DiscountResult, currency: str) -> Styler:
    """The segments in words."""
    return _styled(
        {
            "segment": name,
            "share of the occasions": format_value(share, "share"),
            "best flat discount": format_value(depth, "share"),
            "margin an occasion then": format_value(margin, currency),
        }
        for name, share, depth, margin in found.by_segment
    )


def learning_sentence(data: Occasions, currency: str, margin: float | None) -> str:
    """Do customers refuse the first rung more often the more often they have come?"""
    rows = [(visit, number, refused) for visit, number, refused in data.first_refusals if number >= 30]
    if len(rows) < 3:
        return "Too few customers came three times or more to say whether they learn to wait."
    first, last = rows[0], rows[-1]
    shares = [refused / number for _, number, refused in rows]
    weight = [number for _, number, _ in rows]
    visits = [visit for visit, _, _ in rows]
    total = sum(weight)
    mean_v = sum(v * w for v, w in zip(visits, weight, strict=True)) / total
    mean_s = sum(s * w for s, w in zip(shares, weight, strict=True)) / total
    spread = sum(w * (v - mean_v) ** 2 for v, w in zip(visits, weight, strict=True))
    slope = sum(w * (v - mean_v) * (s - mean_s) for v, s, w in zip(visits, shares, weight, strict=True)) / spread
    error = (mean_s * (1 - mean_s) / spread) ** 0.5
    said = (
        f"On the first visit {format_value(shares[0], 'share')} refuse the first discount, on visit {last[0]} "
        f"{format_value(shares[-1], 'share')}."
    )
    if slope > 2 * error:
        cost = ""
        if margin is not None:
            step = float(data.ladder[1] - data.ladder[0]) if data.ladder.size > 1 else float(data.ladder[0])
            value = float(data.value.sum() / data.total)
            lost = (shares[-1] - shares[0]) * step * value
            cost = f" One rung more for those who learnt it costs about {format_value(lost, currency)} an occasion."
        return f"{said} Customers learn to wait: each visit adds {format_value(slope, 'share')} of refusals.{cost}"
    del first
    return f"{said} There is no sign that customers learn to wait."
