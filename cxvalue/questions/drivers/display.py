"""Drivers and departments as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.language.catalogue import translate, written

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.questions.drivers.importance import Importance
    from cxvalue.questions.drivers.kpi_tree import Branch
    from cxvalue.study.experience import MetricRules


def drivers_table(found: Importance) -> pd.DataFrame:
    """A row a driver, as published in ``drivers.csv``."""
    rows = [
        (name, *found.share[k], *found.slope[k], found.mean_points[k], found.r2, found.noise)
        for k, name in enumerate(found.names)
    ]
    columns = [
        "driver",
        "share",
        "share_low",
        "share_high",
        "slope",
        "slope_low",
        "slope_high",
        "mean_points",
        "r2",
        "noise",
    ]
    return pd.DataFrame(rows, columns=columns)


def drivers_display(found: Importance) -> Styler:
    """The drivers in words, the most important first."""
    order = sorted(range(len(found.names)), key=lambda k: -found.share[k].value)
    return styled(
        {
            translate("driver"): found.names[k],
            translate("share of what is explained"): f"{format_value(found.share[k].value, 'share')} "
            f"({format_range(*found.share[k][1:], 'share')})",
            translate("points of {main} per point", main=found.main): f"{format_number(found.slope[k].value)} "
            f"({format_range(*found.slope[k][1:], '')})",
            translate("current mean, out of 100"): format_number(found.mean_points[k]),
        }
        for k in order
    )


def kpi_display(branches: Sequence[Branch], metrics: Mapping[str, MetricRules], currency: str) -> Styler:
    """Departments with their KPIs, who owns and who computes them, and money per point."""
    rows = []
    for one in branches:
        value = one.margin_per_point
        for name, count in one.touched.items():
            rules = metrics.get(name.split(" + ")[0])
            rows.append(
                {
                    translate("department"): one.department,
                    translate("KPI"): name,
                    translate("owner"): (rules.owner if rules else None) or "—",
                    translate("computed by"): (rules.computed_by if rules else None) or "—",
                    translate("customers touched in 12 months"): written(count, ","),
                    translate("one point more in all of them goes with"): f"{format_value(value.value, currency)} "
                    f"({format_range(value.low, value.high, currency)})",
                }
            )
    return styled(rows)
