"""From drivers and the link to the findings ``experience.driver.*``, ``.score.*`` and ``.kpi.*``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.drivers.importance import Importance
    from cxvalue.questions.drivers.kpi_tree import Branch
    from cxvalue.questions.drivers.score_link import ScoreLink
    from cxvalue.study.experience import MetricRules

__all__ = ["NEEDS_DRIVERS", "NEEDS_LINK", "driver_findings", "kpi_findings", "link_findings"]

WRITER = FindingWriter("61_drivers", "experience.", "Score: ", case="C10", grade="D")
NEEDS_DRIVERS = "Left out: fewer than 100 occasions on which the main score was answered together with another metric."
NEEDS_LINK = (
    "the link of score and margin needs 100 answers with two observed years before them and one after, of customers who "
    "had bought for two years."
)


def driver_findings(found: Importance, *, level: float) -> list[Finding]:
    """How much of what is explained each driver explains, and how many points of the score go with one of it."""
    how = (
        f"{found.occasions:,} occasions of {found.customers:,} customers; the drivers explain "
        f"{format_value(found.r2, 'share')} of how {found.main} differs. Shares are LMG; pure noise would get "
        f"{format_value(found.noise / found.r2, 'share')}. Asked in one survey, answers go along for that reason too."
    )
    if found.left_out:
        how += f" Answered too rarely to take part: {', '.join(found.left_out)}."
    writer = replace(WRITER, level=level, method=how)
    parts, out = id_parts(found.names), []
    for k, name in enumerate(found.names):
        share, slope = found.share[k], found.slope[k]
        text = (
            f"{name} explains {format_value(share.value, 'share')} of what the drivers explain of {found.main} "
            f"({format_range(share.low, share.high, 'share')}), and they explain {format_value(found.r2, 'share')} of it."
        )
        out.append(writer.write(f"driver.{parts[name]}.share", f"importance of {name}", share, "share", text))
        text = (
            f"One point of {name} goes with {format_number(slope.value)} points of {found.main}, the other drivers alike "
            f"({format_range(slope.low, slope.high, '')})."
        )
        out.append(writer.write(f"driver.{parts[name]}.slope", f"points of {found.main} per point of {name}", slope,
                                "points", text))  # fmt: skip
    return out


def link_findings(
    found: ScoreLink | None, steady: tuple[Interval, int] | None, *, main: str, currency: str, level: float
) -> list[Finding]:
    """Margin a year that goes along with one point of the score, and how reliable the score is."""
    writer = replace(WRITER, level=level)
    label = f"margin per point of {main}"
    out: list[Finding] = []
    if found is None:
        out.append(writer.withhold("score.margin_per_point", label, NEEDS_LINK, currency))
    else:
        how = (
            f"{found.answers:,} answers of {found.customers:,} customers, one a customer and year. Margin of the year "
            "after less "
            "margin of the year before last, both given margin before, tenure, unit and month: forward "
            f"{format_value(found.forward.value, currency)}, mirror {format_value(found.mirror.value, currency)}. "
            "Traits that "
            "last are in both and go; moods of months are not."
        )
        value = found.link
        shown = value.low > 0 or value.high < 0
        start = (
            f"One point of {main} goes with {format_value(value.value, currency)} a customer and year beyond what "
            "their past "
            f"explains ({format_range(value.low, value.high, currency)})."
            if shown
            else f"No link of {main} and margin is shown beyond what the past explains: "
            f"{format_value(value.value, currency)} a "
            f"point, customer and year ({format_range(value.low, value.high, currency)})."
        )
        text = f"{start} It is a link: it shows where to test, not what a project earns."
        out.append(writer.write("score.margin_per_point", label, value, currency, text, how))
    if steady is not None:
        value, pairs = steady
        text = (
            f"Two answers of a customer within three months correlate by {format_number(value.value)} "
            f"({format_range(value.low, value.high, '')}): so much of {main} is steady. It enlarges no figure."
        )
        how = f"{pairs:,} pairs of answers 14 to 90 days apart, one a customer, no complaint between."
        out.append(writer.write("score.reliability", f"reliability of {main}", value, "", text, how))
    return out


def kpi_findings(
    branches: Sequence[Branch], metrics: Mapping[str, MetricRules], *, main: str, currency: str, level: float
) -> list[Finding]:
    """Money that goes along with one point of every driver of a department, and KPIs computed by whoever owns them."""
    writer = replace(WRITER, label="KPI: ", level=level)
    parts, out = id_parts([one.department for one in branches]), []
    for one in branches:
        value = one.margin_per_point
        reach = ", ".join(f"{name} {count:,}" for name, count in one.touched.items())
        how = (
            f"Slope × link × customers touched in 12 months ({reach}), drawn together. It adds to no programme's value."
        )
        text = (
            f"One point more at every touchpoint of {one.department} goes with {format_value(value.value, currency)} a year "
            f"({format_range(value.low, value.high, currency)}). A link."
        )
        out.append(writer.write(f"kpi.{parts[one.department]}.margin_per_point", f"margin per point of {one.department}",
                                range_of(*value), currency, text, how))  # fmt: skip
    own = {
        name: rules for name, rules in metrics.items() if rules.owner is not None and rules.owner == rules.computed_by
    }
    keys = id_parts(own)
    for name, rules in own.items():
        text = f"{rules.owner} computes its own KPI {name}: let somebody else compute it."
        warning = replace(writer, grade=None, kind="count")
        out.append(
            warning.write(f"kpi.{keys[name]}.owner_computes", f"{name} is computed by its owner", "yes", "", text)
        )
    return out
