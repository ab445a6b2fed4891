"""From drivers and the link to the findings ``experience.driver.*``, ``.score.*`` and ``.kpi.*``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.language.words import enumerated, sentences
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.drivers.importance import Importance
    from cxvalue.questions.drivers.kpi_tree import Branch
    from cxvalue.questions.drivers.score_link import ScoreLink
    from cxvalue.study.experience import MetricRules

WRITER = FindingWriter("61_drivers", "experience.", case="C10", grade="D")
NEEDS_DRIVERS = translatable(
    "Left out: the main score was answered together with another metric on fewer than 100 occasions."
)
NEEDS_LINK = translatable(
    "the link of score and margin needs 100 answers with two observed years before them and one after, of customers who had "
    "bought for two years."
)

NEEDS_DEPARTMENT = translatable(
    "Left out: no driver has a department: metrics: {NAME: {department: …}} in the study file."
)


def left_out_link() -> str:
    """Why departments and their money are left out."""
    return translate("Left out: {reason}", reason=translate(NEEDS_LINK))


def driver_findings(found: Importance, *, level: float, a_point: str = "") -> list[Finding]:
    """How much of what is explained each driver explains, and how many points of the score go with one of it.

    `a_point` says what a point is (`point_in_words`), where that is not plain.
    """
    how = translate(
        "{occasions:,} occasions of {customers:,} customers; the drivers explain {explained} of the "
        "differences in {main}. Shares are LMG; pure noise would get {noise}. Answers given in one "
        "survey also move together for that reason alone.",
        occasions=found.occasions,
        customers=found.customers,
        explained=format_value(found.r2, "share"),
        main=found.main,
        noise=format_value(found.noise / found.r2, "share"),
    )
    if found.left_out:
        how += " " + translate("Answered too rarely to be included: {metrics}.", metrics=enumerated(found.left_out))
    writer = replace(_writer(level), method=how)
    parts, out = id_parts(found.names), []
    for k, name in enumerate(found.names):
        share, slope = found.share[k], found.slope[k]
        text = translate(
            "Of what the drivers explain of {main}, {driver} explains {share} ({range}); "
            "together they explain {explained} of it.",
            driver=name,
            share=format_value(share.value, "share"),
            main=found.main,
            range=format_range(share.low, share.high, "share"),
            explained=format_value(found.r2, "share"),
        )
        label = translate("importance of {driver}", driver=name)
        out.append(writer.write(f"driver.{parts[name]}.share", label, share, "share", text))
        text = translate(
            "One point of {driver} goes with {points} points of {main}, the other drivers being equal ({range}).",
            driver=name,
            points=format_number(slope.value),
            main=found.main,
            range=format_range(slope.low, slope.high, ""),
        )
        label = translate("points of {main} per point of {driver}", main=found.main, driver=name)
        out.append(writer.write(f"driver.{parts[name]}.slope", label, slope, "points", sentences(text, a_point)))
    return out


def _writer(level: float) -> FindingWriter:
    return replace(WRITER, label=translate("Score: "), level=level)


def link_findings(
    found: ScoreLink | None,
    steady: tuple[Interval, int] | None,
    *,
    main: str,
    currency: str,
    level: float,
    a_point: str = "",
) -> list[Finding]:
    """Margin a year that goes along with one point of the score, and how reliable the score is."""
    writer, label = _writer(level), translate("margin per point of {main}", main=main)
    if found is None:
        out = [writer.withhold("score.margin_per_point", label, translate(NEEDS_LINK), currency)]
    else:
        only = translate("It is a link: it shows where to test, not what a project earns.")
        text = sentences(_link_sentence(found.link, main, currency), a_point, only)
        out = [writer.write("score.margin_per_point", label, found.link, currency, text, _link_method(found, currency))]
    return out if steady is None else [*out, _reliability(writer, *steady, main)]


def _link_sentence(value: Interval, main: str, currency: str) -> str:
    values = {
        "main": main,
        "margin": format_value(value.value, currency),
        "range": format_range(value.low, value.high, currency),
    }
    if value.low > 0 or value.high < 0:
        return translate(
            "One point of {main} goes with {margin} per customer and year beyond what their past explains ({range}).",
            **values,
        )
    return translate(
        "No link of {main} and margin is shown beyond what the past explains: {margin} per point, "
        "customer and year ({range}).",
        **values,
    )


def _link_method(found: ScoreLink, currency: str) -> str:
    return translate(
        "{answers:,} answers of {customers:,} customers, one per customer and year. Margin of the year after less margin "
        "of the year before last, both given margin before, tenure, unit and month: forward {forward}, mirror {mirror}. "
        "Lasting traits are in both and cancel out; passing moods do not.",
        answers=found.answers,
        customers=found.customers,
        forward=format_value(found.forward.value, currency),
        mirror=format_value(found.mirror.value, currency),
    )


def _reliability(writer: FindingWriter, value: Interval, pairs: int, main: str) -> Finding:
    text = translate(
        "Two answers of the same customer within three months have a correlation of {correlation} ({range}): "
        "so much of {main} is steady. No other figure is corrected for it.",
        correlation=format_number(value.value),
        range=format_range(value.low, value.high, ""),
        main=main,
    )
    how = translate(
        "{pairs:,} pairs of answers 14 to 90 days apart, one per customer, with no complaint in between.", pairs=pairs
    )
    label = translate("reliability of {main}", main=main)
    return writer.write("score.reliability", label, value, "", text, how)


def kpi_findings(
    branches: Sequence[Branch],
    metrics: Mapping[str, MetricRules],
    *,
    currency: str,
    level: float,
    a_point: str = "",
) -> list[Finding]:
    """Money that goes along with one point of every driver of a department, and KPIs computed by whoever owns them."""
    writer = replace(WRITER, label=translate("KPI: "), level=level)
    parts, out = id_parts([one.department for one in branches]), []
    for one in branches:
        value = one.margin_per_point
        how = translate(
            "Slope × link × customers touched in 12 months ({touched}), drawn together. It is not added to "
            "any programme's value.",
            touched=enumerated(f"{name} {written(count, ',')}" for name, count in one.touched.items()),
        )
        text = translate(
            "One point more at every touchpoint of {department} goes with {margin} a year ({range}). A link.",
            department=one.department,
            margin=format_value(value.value, currency),
            range=format_range(value.low, value.high, currency),
        )
        key = f"kpi.{parts[one.department]}.margin_per_point"
        label = translate("margin per point of {department}", department=one.department)
        out.append(writer.write(key, label, range_of(*value), currency, sentences(text, a_point), how))
    own = {
        name: rules for name, rules in metrics.items() if rules.owner is not None and rules.owner == rules.computed_by
    }
    keys = id_parts(own)
    warning = replace(writer, grade=None, kind="count")
    for name, rules in own.items():
        text = translate(
            "The KPI {kpi} is computed by its own owner, {owner}: have somebody else compute it.",
            owner=rules.owner,
            kpi=name,
        )
        label = translate("{kpi} is computed by its owner", kpi=name)
        out.append(warning.write(f"kpi.{keys[name]}.owner_computes", label, "yes", "", text))
    return out
