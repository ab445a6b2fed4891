"""Answers of the surveys as points, which metric the others explain, and the quarters that were wholly observed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules

WALLET = ("category_spend", "brands_used", "rank", "main_store")
"""Metrics that ask what is bought elsewhere: no experience."""
FEWEST_TO_FIT = 100
"""Answers to a score below which nothing is fitted to them."""
PROMOTER, DETRACTOR = 9.0, 6.0
_NPS = re.compile(r"(?i)(?<![a-z])[ert]?nps(?![a-z])|\bнпс\b|net.?promoter")
CODE, STEP = 99, 5
"""A score that many surveys write for no answer, and what all others are multiples of where it stands out."""
FILLED = 0.1
"""Share of a scale that no metric with many answers keeps within, unless it was asked on another one."""
SHORT_SCALE, FEWEST_TO_TELL = 7.0, 100
"""So many answers to a metric without rules, none above this: asked on a scale up to 5 or 7, not on one up to 10."""


@dataclass(frozen=True, slots=True)
class Quarters:
    """Calendar quarters that were wholly observed: number 0 begins on `first`, there are `count` of them.

    >>> Quarters.between(date(2024, 2, 15), date(2025, 6, 30))
    Quarters(first=datetime.date(2024, 4, 1), count=5)
    """

    first: date
    count: int

    @classmethod
    def between(cls, observed_from: date, as_of: date) -> Quarters:
        """The whole quarters from the first to the last day observed, both inclusive."""
        number = observed_from.year * 4 + (observed_from.month - 1) // 3
        start = date(number // 4, number % 4 * 3 + 1, 1)
        number += start < observed_from
        after = as_of + timedelta(days=1)
        beyond = after.year * 4 + (after.month - 1) // 3
        return cls(date(number // 4, number % 4 * 3 + 1, 1), max(beyond - number, 0))

    @property
    def number(self) -> int:
        """The first quarter as a whole number: year × 4 + quarter of the year, from 0."""
        return self.first.year * 4 + (self.first.month - 1) // 3

    def last_day(self, quarter: int) -> date:
        """The last day of a quarter, by its number from 0."""
        number = self.number + quarter + 1
        return date(number // 4, number % 4 * 3 + 1, 1) - timedelta(days=1)

    def index(self, day: ir.DateValue) -> ir.IntegerValue:
        """The quarter of a day as an expression of the engine; below 0 or from `count` on outside."""
        number: ir.IntegerValue = day.year() * 4 + ((day.month() - 1) / 3).floor().cast("int64") - self.number
        return number


def rules_of(metric: str, metrics: Mapping[str, MetricRules]) -> MetricRules:
    """The rules of a metric; one that the study file does not name runs from 0 to 10 and is averaged.

    A metric called nps is one, on that scale, unless its rules say another kind: elsewhere that is no mean.
    """
    from cxvalue.study.experience import NPS_SCALE, MetricRules

    rules = metrics.get(metric, MetricRules())
    if _NPS.search(metric) and "kind" not in rules.model_fields_set and rules.scale == NPS_SCALE:
        return rules.model_copy(update={"kind": "nps"})
    return rules


def answered(surveys: ir.Table, metrics: Mapping[str, MetricRules]) -> ir.Table:
    """The answers with a score, their `day` (event_date, else date) and `points`; wallet questions are left out.

    Raises `CxvalueError` where scores lie outside the scale of their metric: points would be wrong in silence.
    """
    rows = surveys.filter(surveys.score.notnull() & surveys.metric.notin(WALLET))
    reason, names = off_scale(surveys, metrics)
    if reason:
        raise CxvalueError(reason)
    day = rows.event_date.fill_null(rows.date) if "event_date" in rows.columns else rows.date
    value = points(rows.score, rows.metric, metrics, names)
    return rows.mutate(day=day, points=value)


def off_scale(surveys: ir.Table, metrics: Mapping[str, MetricRules]) -> tuple[str, list[str]]:
    """Which metrics hold scores outside their scale, in words (empty where none does), and all metrics that hold scores.

    A metric without rules that nobody scored above 7 is one of them: read from 0 to 10, its points would be wrong. So are
    one all of whose scores lie in the lowest tenth of its scale, and one with scores of 99 among multiples of five.
    """
    rows = surveys.filter(surveys.score.notnull() & surveys.metric.notin(WALLET))
    coded, apart = rows.score == CODE, rows.score % STEP != 0
    sums = {"low": rows.score.min(), "high": rows.score.max(), "n": rows.count()}
    sums |= {"coded": rows.count(where=coded), "odd": rows.count(where=apart & ~coded)}
    found = rows.group_by("metric").agg(**sums).order_by("metric").to_pyarrow()
    outside, short, narrow, no_answer = list[str](), list[str](), list[str](), list[str]()
    for one in found.to_pylist():
        held = {"metric": repr(one["metric"]), "least": one["low"], "most": one["high"]}
        if (
            one["metric"] not in metrics
            and one["n"] >= FEWEST_TO_TELL
            and 0 <= one["low"] <= one["high"] <= SHORT_SCALE
        ):
            short.append(translate("{metric} ranges from {least:g} to {most:g}", **held))
        low, high = rules_of(one["metric"], metrics).scale
        on_scale = translate(
            "{metric} ranges from {least:g} to {most:g} on a scale of [{low:g}, {high:g}]", **held, low=low, high=high
        )
        if one["low"] < low or one["high"] > high:
            outside.append(on_scale)
        elif one["metric"] in metrics and one["n"] >= FEWEST_TO_TELL and one["high"] <= low + FILLED * (high - low):
            narrow.append(on_scale)
        elif one["n"] >= FEWEST_TO_TELL and one["coded"] and not one["odd"]:
            no_answer.append(str(held["metric"]))
    names = [str(one) for one in found["metric"].to_pylist()]
    if not outside and short:
        told = translate(
            "the scale of the question is not stated: {found}, and would be read as scores from 0 to 10; "
            "write {line} in the study file, with [0, 10] where that is right",
            found="; ".join(short),
            line="metrics: {NAME: {scale: [low, high]}}",
        )
        return told, names
    if not outside and narrow:
        told = translate(
            "all scores lie in the lowest tenth of their scale: {found}; write the scale on which they were asked: {line}",
            found="; ".join(narrow),
            line="metrics: {NAME: {scale: [low, high]}}",
        )
        return told, names
    if not outside and no_answer:
        told = translate(
            "some scores of {metric} are {code} and all others are multiples of {step}: {code} looks like a number for no "
            "answer; write {line} in the table of surveys, or correct these scores",
            metric=no_answer[0],
            code=CODE,
            step=STEP,
            line=f'read: {{missing: ["{CODE}"]}}',
        )
        return told, names
    if not outside:
        return "", names
    told = translate(
        "scores lie outside their scale: {found}; write {line} in the study file",
        found="; ".join(outside),
        line="metrics: {NAME: {scale: [low, high]}}",
    )
    return told, names


def off_wallet(surveys: ir.Table) -> str:
    """Which answers about the wallet cannot be what their question asks, in words; empty where all can."""
    import ibis

    rows = surveys.filter(surveys.score.notnull() & surveys.metric.isin(WALLET))
    score = rows.score
    wrong = ibis.cases(
        (rows.metric == "main_store", score.notin([0, 1])),
        (rows.metric == "category_spend", score < 0),
        else_=score < 1,
    )
    bad = rows.filter(wrong)
    found = bad.group_by("metric").agg(low=bad.score.min(), high=bad.score.max()).order_by("metric")
    said = [
        translate(
            "{metric} ranges from {least:g} to {most:g}", metric=repr(one["metric"]), least=one["low"], most=one["high"]
        )
        for one in found.to_pyarrow().to_pylist()
    ]
    if not said:
        return ""
    return translate(
        "some answers about the wallet are not possible: {found}; main_store is 1 or 0, category_spend "
        "is money per month, brands_used and rank are numbers from 1",
        found="; ".join(said),
    )


def points(
    score: ir.NumericValue, metric: ir.StringValue, metrics: Mapping[str, MetricRules], names: list[str]
) -> ir.Value:
    """Scores as points: 100 (score − low) / (high − low), or +100, 0 and −100 for a metric of kind nps."""
    import ibis

    branches = []
    for name in names:
        rules = rules_of(name, metrics)
        low, high = rules.scale
        if rules.kind == "nps":
            given = ibis.cases((score >= PROMOTER, 100.0), (score <= DETRACTOR, -100.0), else_=0.0)
            value = score.isnull().ifelse(ibis.null("float64"), given)  # no answer is no passive one
        else:
            value = (score.cast("float64") - low) * (100.0 / (high - low))
        branches.append((metric == name, value))
    return ibis.cases(*branches, else_=ibis.null("float64")) if branches else ibis.null("float64")


def point_in_words(names: Iterable[str], metrics: Mapping[str, MetricRules]) -> str:
    """What a point is, for readers who would take it for one of the scale; empty for NPS and scales that are 100 wide.

    >>> point_in_words(["overall"], {})
    'A point is a hundredth of the scale.'
    """
    rules = [rules_of(name, metrics) for name in names]
    if all(one.kind == "nps" or one.scale[1] - one.scale[0] == 100 for one in rules):
        return ""
    return translate("A point is a hundredth of the scale.")


def main_metric(surveys: ir.Table, metrics: Mapping[str, MetricRules]) -> str | None:
    """The metric that the others explain: the one that is `main`, else "overall", else the one answered most."""
    declared = [name for name, rules in metrics.items() if rules.main]
    if declared:
        return declared[0]
    rows = surveys.filter(surveys.score.notnull() & surveys.metric.notin(WALLET))
    counted = rows.group_by("metric").agg(n=rows.count()).to_pyarrow().to_pylist()
    most = sorted(counted, key=lambda one: (one["metric"] != "overall", -one["n"], one["metric"]))
    return str(most[0]["metric"]) if most else None


def in_home_units(rows: ir.Table, customers: ir.Table | None) -> ir.Table:
    """The rows with the unit that the table of customers names in place of their own; as they are where it names none."""
    if customers is None or "unit" not in customers.columns:
        return rows
    homes = customers.group_by("customer_id").agg(unit=customers.unit.cast("string").max())
    return rows.drop("unit").left_join(homes, "customer_id").drop("customer_id_right")
