"""From the case of a programme to the findings ``programme.NAME.*`` about money and verdict, and their sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_chance, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.calendar import months_apart
from cxvalue.questions.programmes.effect_findings import NO_RANGE, UNITS, title_of, writer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxvalue.effects.effect import Effect
    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import Bounded
    from cxvalue.money import Case, Registration, Verdict
    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import Programme

__all__ = ["case_findings"]

WRITER = FindingWriter("80_roi_case", case="C6", level=0.95)
MDE = (
    "Break-even effect + (z of the confidence + 0.84) × standard error: a true effect of this size passes in 80% of such "
    "data sets."
)


def case_findings(
    fit: ProgrammeFit,
    programme: Programme,
    case: Case | None,
    verdict: Verdict | None,
    registration: Registration | None,
    *,
    currency: str,
) -> list[Finding]:
    """``verdict``, ``npv``, ``roi``, ``irr``, ``payback_months``, ``peak_exposure``, ``probability_of_loss`` and ``mde``."""
    writer = replace(writer_of(WRITER, fit.name), grade=fit.effect.grade)
    parts = {
        "npv": (currency, "Net present value"),
        "roi": ("share", "Return on investment"),
        "irr": ("share", "Internal rate of return"),
        "peak_exposure": (currency, "Most money out at a time"),
        "payback_months": ("months", "Payback"),
        "probability_of_loss": ("share", "Probability of a loss"),
        "mde": (UNITS[fit.effect.outcome] or currency, "Smallest effect that could have been proven"),
    }
    if case is None:
        return _without_money(writer, fit, programme, verdict, registration, parts)
    assert verdict is not None  # with money there is at least break-even to judge by
    npv, payback = case.npv, case.payback
    made = (
        f"From the assumptions as they stand over {case.horizon_months} months, discounted at "
        f"{format_level(case.annual_discount_rate)} a year, nominal and before tax; ranges from {case.npv_draws.size:,} "
        f"draws of the effect and the stated ranges. {_goes_on(case)}"
    )

    def estimate(key: str, found: Bounded | None, text: str, method: str, missing: str = "") -> Finding:
        unit, label = parts[key]
        if found is None:
            return writer.withhold(key, label, missing, unit, method)
        value = range_of(found.value, found.low, found.high)
        # Whole months and stated costs may be the same in every draw; an estimate may not.
        if key in ("npv", "roi", "irr") and value[1] is None and math.isfinite(found.high - found.low):
            return writer.withhold(key, label, NO_RANGE, unit, method, word="withheld")
        return writer.write(key, label, value, unit, text, method)

    worth = (
        f"Over {case.horizon_months} months the programme is worth {format_value(npv.value, currency)} today "
        f"({format_range(npv.low, npv.high, currency)} with 95% confidence)."
    )
    back = (
        f"It pays back its costs after {format_value(payback.value, 'months')}."
        if payback and payback.value > 0
        else "It never needs money of its own."
    )
    roi, rate, most = case.roi, case.irr, case.peak_exposure
    earned = roi and (
        f"Each {currency} spent comes back with {format_value(roi.value, currency)} on top, in today's money."
        if roi.value >= 0
        else f"Of each {currency} spent {format_value(-roi.value, currency)} is lost, in today's money."
    )
    yearly = rate and f"The money put in earns {format_value(rate.value, 'share')} a year."
    no_rate = (
        "no money goes out before any comes in."
        if _comes_first(case)
        else "nothing comes back."
        if not (case.net_flow > 0).any()
        else "the money turns from out to in more than once, so there are several such rates and none of them means "
        "anything."
    )
    out = (
        f"At most {format_value(most.value, currency)} is spent before money comes back."
        if most.value > 0
        else "No money has to be found beforehand."
    )
    loss = case.probability_of_loss
    risk = f"The chance that it loses money is {format_chance(loss)}" + (
        f"; if it does, the loss is {format_value(case.expected_loss, currency)} on average." if loss >= 0.005 else "."
    )
    least = _least_text(verdict, fit.effect, parts["mde"][0], case.break_even)
    at_zero = "The rate a year at which the net present value is 0, where money goes out first and then comes in."
    late = f"it does not pay back within {case.horizon_months} months."
    unit, label = parts["probability_of_loss"]
    drawn = "Share of the draws with a net present value below zero."
    return [
        _verdict(writer, fit, programme, verdict, registration, least, currency, made),
        estimate("npv", npv, worth, made),
        estimate("roi", roi, earned or "", f"(Benefits − costs) / costs. {made}", "no costs are stated."),
        estimate("irr", rate, yearly or "", f"{at_zero} {made}", no_rate),
        estimate("payback_months", payback, back, f"Discounted, whole months. {made}", late),
        estimate("peak_exposure", most, out, f"The lowest point of the plain sum of the months to date. {made}"),
        writer.write("probability_of_loss", label, loss, unit, risk, drawn, kind="chance"),
        _mde(writer, verdict, parts, least, MDE),
    ]


def _comes_first(case: Case) -> bool:
    moved = case.net_flow[case.net_flow != 0]
    return bool(moved.size and moved[0] > 0)


def _without_money(
    writer: FindingWriter,
    fit: ProgrammeFit,
    programme: Programme,
    verdict: Verdict | None,
    registration: Registration | None,
    parts: Mapping[str, tuple[str, str]],
) -> list[Finding]:
    """The findings of a programme whose outcome has no price: a verdict on the effect at most, and no money."""
    reason = f"the outcome ({fit.effect.outcome}) has no price in the study."
    found = [writer.withhold(key, label, reason, unit) for key, (unit, label) in parts.items()]
    if verdict is None:
        return [replace(writer, label="").withhold("verdict", title_of(fit.name), reason), *found]
    least = _least_text(verdict, fit.effect, parts["mde"][0])
    judged = _verdict(writer, fit, programme, verdict, registration, least, "", "")
    return [judged, *found[:-1], _mde(writer, verdict, parts, least, "")]


def _mde(
    writer: FindingWriter, verdict: Verdict, parts: Mapping[str, tuple[str, str]], least: str, method: str
) -> Finding:
    unit, label = parts["mde"]
    return writer.write("mde", label, verdict.mde, unit, least, method, missing="nothing can be broken even.")


def _verdict(
    writer: FindingWriter,
    fit: ProgrammeFit,
    programme: Programme,
    verdict: Verdict,
    registration: Registration | None,
    least: str,
    currency: str,
    method: str,
) -> Finding:
    """The verdict by the registered criterion, under the programme's name alone."""
    writer, title = replace(writer, label=""), title_of(fit.name)
    if programme.success is None or registration is None:
        reason = (
            "the study registers no criterion for this programme, so the result is described and not judged. Add a success "
            "block before the next programme starts."
        )
        return writer.withhold("verdict", title, reason, "", method)
    said = {"PASS": "passes", "FAIL": "fails", "NOT PROVEN": "is not proven"}[verdict.word]
    text = f"{title} {said}. {_test_text(verdict, registration, currency)}"
    if verdict.word == "NOT PROVEN":
        text += f" {least}"
        if verdict.value_of_certainty > 0:
            text += _waiting_text(verdict, currency)
    return writer.write("verdict", title, verdict.word, "", text, f"{registration.text} {method}".strip())


def _test_text(verdict: Verdict, registration: Registration, currency: str) -> str:
    """The criterion as people would say it, how sure the data make it, and whether it was set in time."""
    bound = verdict.at_least if verdict.at_least is not None else verdict.at_most or 0.0
    side = "at least" if verdict.at_least is not None else "at most"
    amount = f"{side} {format_value(bound, currency) if currency else f'{bound:,.6g}'}"
    asked = {
        "npv": "it pays" if verdict.at_least == 0 else f"it is worth {amount}",
        "payback_months": f"it pays back within {format_value(bound, 'months')}",
        "effect": f"its effect is {side} {bound:,.6g} per customer and month",
    }[verdict.metric]
    when = registration.registered_on
    test = f"The test set in {when:%B %Y}" if when else "The test"
    text = (
        f"{test} was to be at least {format_level(verdict.confidence)} sure that {asked}. We are "
        f"{format_chance(verdict.probability)} sure."
    )
    if when is None:
        return f"{text} Nobody wrote down when it was set, so it may have been chosen after the result."
    return text if registration.before_first_outcome else f"{text} It was set after the first results could be seen."


def _waiting_text(verdict: Verdict, currency: str) -> str:
    """What it is worth to wait for more data, against what the delay costs."""
    text = f" Knowing for certain would be worth {format_value(verdict.value_of_certainty, currency)} today"
    if not verdict.waiting:
        return text + "."
    said = "; ".join(
        f"{one.months} more months of data at most {format_value(one.value, currency)}" for one in verdict.waiting
    )
    text += f", {said}."
    best = max(verdict.waiting, key=lambda one: one.value - one.delay_cost)
    if best.delay_cost <= 0:
        return f"{text} Waiting costs no margin that is expected today."
    text += f" Putting the programme off for {best.months} months costs about {format_value(best.delay_cost, currency)}"
    if best.worth_it:
        return f"{text}: waiting for them may pay."
    return f"{text}: waiting alone does not pay, so go on measuring while it runs."


def _least_text(verdict: Verdict, effect: Effect, unit: str, break_even: float | None = None) -> str:
    """What could have been proven, beside what was measured and the one break-even: the effect at which the NPV is 0."""
    if verdict.mde is None:
        return ""
    needed = verdict.break_even
    text = (
        f"The smallest effect that these data could have proven is {format_value(verdict.mde, unit)} per treated customer "
        f"and month; {format_value(effect.estimate, unit)} was measured."
    )
    if break_even is not None:
        text += f" Break-even needs {format_value(break_even, unit)}."
    if needed is not None and needed != break_even:
        text += f" The criterion needs {format_value(needed, unit)}."
    return text


def _goes_on(case: Case) -> str:
    said = _continued(case)
    beyond = months_apart(case.exposure.first_month, case.effect.last_month) + 1 - case.horizon_months
    if beyond > 0:
        said += f" The horizon ends {beyond} months before the data do: what came after it is not counted."
    if not case.cost_flow.any():
        said += " No costs are stated."
    return said


def _continued(case: Case) -> str:
    measured = int(case.effect.event_time.max()) + 1
    if case.settings.persistence == "none":
        return f"Nothing is counted beyond the {measured} months measured."
    if case.settings.persistence == "half_life":
        return (
            f"Beyond the {measured} months measured the effect halves every {case.settings.half_life_months:g} months."
        )
    held = f"Beyond the {measured} months measured the mean of the last three is held"
    if case.decay.significant:
        return f"{held}, fading by half every {case.decay.half_life_months:.0f} months as measured."
    return f"{held}."
