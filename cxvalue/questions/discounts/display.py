"""The tables of the discount notebook: as published and as shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_range, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.discounts import DiscountResult, Occasions
    from cxvalue.questions.discounts.policies import Figure
    from cxvalue.questions.discounts.walkaways import Afterwards, PolicyOutcome

__all__ = [
    "curve_table",
    "depths_display",
    "families_display",
    "families_table",
    "learning_sentence",
    "lost_sentence",
    "outcomes_display",
    "outcomes_table",
    "segments_display",
    "segments_table",
]


def curve_table(found: DiscountResult) -> pd.DataFrame:
    """Share that buys and margin an occasion at each flat depth, with their bounds, in steps of half a point."""
    import pandas as pd

    from cxvalue.questions.discounts import DEPTHS

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
    return styled(
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
    return styled(
        {
            "segment": name,
            "share of the visits": format_value(share, "share"),
            "best flat discount": format_value(depth, "share"),
            "margin per visit then": format_value(margin, currency),
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
            cost = f" One rung more for those who learnt it costs about {format_value(lost, currency)} a visit."
        return f"{said} Customers learn to wait: each visit adds {format_value(slope, 'share')} of refusals.{cost}"
    del first
    return f"{said} There is no sign that customers learn to wait."


def lost_sentence(
    counts: Afterwards, lost: Figure | None, worth: tuple[float, float, float] | None, months: int, currency: str
) -> str:
    """How many of those who walk away do not come back because of it, and what one of them is worth."""
    if lost is None and not counts.few:
        return (
            f"Of {counts.walked.sum():,.0f} who left without buying {counts.walked_back.sum():,.0f} were seen again within "
            f"{counts.days} days, of {counts.bought.sum():,.0f} who bought {counts.bought_back.sum():,.0f}. Shares of none "
            "or all have no range, so nothing is said of customers lost. Look whether offers and purchases name customers "
            "alike."
        )
    if lost is None:
        return (
            f"Too few customers left without buying, or bought at the last discount, at least {counts.days} days before "
            "the end of the data to say whether leaving once means leaving for good."
        )
    whom = "those who bought" if counts.all_rungs else "those who bought at the deepest discount"
    back = [
        format_value(float(n.sum() / d.sum()), "share")
        for n, d in ((counts.walked_back, counts.walked), (counts.bought_back, counts.bought))
    ]
    text = (
        f"Of those who walked away {back[0]} were seen again within {counts.days} days, of {whom} {back[1]}. "
        f"So about {format_value(lost.value, 'share')} of the walk-aways seem to be lost for good "
        f"({format_range(lost.low, lost.high, 'share')})"
    )
    if lost.low <= 0:
        text += ", which is no more than chance can make"
    if worth is None:
        return text + ". What a customer is worth is not known here, so the loss has no price."
    return (
        f"{text}; a customer who buys will still bring {format_value(worth[0], currency)} over {months} months. Who walks "
        "away may differ in other ways as well, so this is shown apart from the margins above."
    )


def outcomes_table(outcomes: Iterable[PolicyOutcome]) -> pd.DataFrame:
    """An occasion under each policy: margin now, share that walks away, future margin lost with them."""
    import pandas as pd

    rows = [
        (one.policy, one.margin, one.walked_away)
        + ((one.future_lost.value, one.future_lost.low, one.future_lost.high) if one.future_lost else (None,) * 3)
        for one in outcomes
    ]
    columns = ["policy", "margin", "walked_away", "future_lost", "future_lost_low", "future_lost_high"]
    return pd.DataFrame(rows, columns=columns)


def outcomes_display(outcomes: Iterable[PolicyOutcome], currency: str) -> Styler:
    """The policies in words: margin lost against customers lost."""
    rows = []
    for one in outcomes:
        row = {
            "policy": one.policy,
            "margin per visit": format_value(one.margin, currency),
            "walk away": format_value(one.walked_away, "share"),
        }
        if one.future_lost is not None:
            lost = one.future_lost
            row["future margin that leaves with them"] = (
                f"{format_value(lost.value, currency)} ({format_range(lost.low, lost.high, currency)})"
            )
            row["both together"] = format_value(one.margin - lost.value, currency)
        rows.append(row)
    return styled(rows)


def depths_display(depths: pd.DataFrame, currency: str) -> Styler:
    """What was given away by product, in words."""
    return styled(
        {
            "product": row.product,
            "sales before discount": format_value(float(row.full_price), currency),
            "given away": format_value(float(row.discount), currency),
            "mean depth": format_value(float(row.depth), "share"),
            "sold with a discount": format_value(float(row.with_discount), "share"),
            "depth when given": format_value(float(row.depth_when_given), "share"),
        }
        for row in depths.itertuples()
    )
