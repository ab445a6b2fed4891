"""From the case of a programme to the findings ``programme.NAME.*`` about money and verdict, and their sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.numbers import format_chance, format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.grades import WEAK_GRADES, lower_grade
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import sentences
from cxvalue.money.kept import kept_customers
from cxvalue.questions.programmes.effect_findings import NO_RANGE, UNITS, no_price, title_of, writer_of
from cxvalue.questions.programmes.verdict_sentences import (
    SAID,
    goes_on,
    least_text,
    not_yet_measured,
    switched_off,
    test_text,
    waiting_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import Bounded
    from cxvalue.money import Case, Registration, Verdict
    from cxvalue.money.kept import Kept
    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import Programme

WRITER = FindingWriter("80_roi_case", case="C6", level=0.95)
MDE = translatable(
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
    """``verdict``, ``npv``, ``roi``, ``irr``, ``payback_months``, ``peak_exposure``, ``probability_of_loss`` and ``mde``.

    A grade down where the gain rests on the months after a few measured ones. ``kept`` beside ``npv`` where a programme
    keeps customers under contract or drives them away.
    """
    writer = replace(writer_of(WRITER, fit.name), grade=fit.effect.grade)
    parts = {
        "npv": (currency, translate("Net present value")),
        "roi": ("share", translate("Return on investment")),
        "irr": ("share", translate("Internal rate of return")),
        "peak_exposure": (currency, translate("Most money out at any time")),
        "payback_months": ("months", translate("Payback")),
        "probability_of_loss": ("share", translate("Probability of a loss")),
        "mde": (UNITS[fit.effect.outcome] or currency, translate("Smallest effect that could have been proven")),
    }
    if case is None:
        return _without_money(writer, fit, programme, verdict, registration, parts)
    assert verdict is not None  # with money there is at least break-even to judge by
    ahead = not_yet_measured(case, currency)
    if ahead:
        writer = replace(writer, grade=lower_grade(fit.effect.grade, 1))
    bare = sentences(switched_off(case), ahead, _bare(case, programme))
    money = _Money(writer, case, currency, parts, bare)
    least = least_text(verdict, fit.effect, parts["mde"][0], case.break_even)
    measured = replace(writer, grade=fit.effect.grade)
    judge = measured if verdict.metric == "effect" else writer
    judged = _verdict(judge, fit, programme, verdict, registration, least, currency, money.made())
    kept = kept_customers(case)
    if kept is not None and judged.value is not None and verdict.metric == "npv":
        judged = replace(judged, text=f"{judged.text} {_sure_with(kept, verdict)}")
    if judged.value is not None and verdict.metric != "effect":
        judged = replace(judged, text=sentences(judged.text, bare))
    return [
        judged,
        money.npv(),
        *([] if kept is None else [_kept(writer, kept, case.horizon_months, currency)]),
        money.roi(),
        money.irr(),
        money.payback_months(),
        money.peak_exposure(),
        money.probability_of_loss(),
        _mde(measured, verdict, parts, least, translate(MDE)),
    ]


@dataclass(frozen=True, slots=True)
class _Money:
    """What a case says in money, a finding a method; `parts` are the unit and label of each.

    `bare` says that the programme was switched off, that a gain rests on months to come, and that costs miss.
    """

    writer: FindingWriter
    case: Case
    currency: str
    parts: Mapping[str, tuple[str, str]]
    bare: str

    def npv(self) -> Finding:
        npv = self.case.npv
        worth = translate_count(
            "Over {count:,} month the programme is worth {npv} today ({range} with 95% confidence).",
            "Over {count:,} months the programme is worth {npv} today ({range} with 95% confidence).",
            self.case.horizon_months,
            npv=format_value(npv.value, self.currency),
            range=format_range(npv.low, npv.high, self.currency),
        )
        return self._estimate("npv", npv, sentences(worth, self.bare), self.made())

    def roi(self) -> Finding:
        roi, per_cost = self.case.roi, translate("(Benefits − costs) / costs.")
        text, no_costs = _earned(self.case, roi.value, self.currency) if roi else "", translate("no costs are stated.")
        return self._estimate("roi", roi, text, f"{per_cost} {self.made()}", no_costs)

    def irr(self) -> Finding:
        rate, text = self.case.irr, ""
        if rate:
            text = translate("The money put in earns {share} a year.", share=format_value(rate.value, "share"))
        at_zero = translate(
            "The yearly rate at which the net present value is 0, for money that goes out first and then comes in."
        )
        return self._estimate("irr", rate, text, f"{at_zero} {self.made()}", _no_rate(self.case))

    def payback_months(self) -> Finding:
        payback, whole = self.case.payback, translate("Discounted, whole months.")
        if payback and payback.value > 0:
            text = translate("It pays back its costs after {time}.", time=format_value(payback.value, "months"))
        else:
            text = translate("It never needs money up front.")
        if payback and not math.isfinite(payback.high):
            text += f" {perhaps_never(self.case, self.case.payback_draws)}"
        return self._estimate("payback_months", payback, text, f"{whole} {self.made()}", not_paid_back(self.case))

    def peak_exposure(self) -> Finding:
        most, lowest = self.case.peak_exposure, translate("The lowest point of the undiscounted running total.")
        if most.value > 0:
            amount = format_value(most.value, self.currency)
            text = translate("At most {amount} is spent before money comes back.", amount=amount)
        else:
            text = translate("No money is needed up front.")
        return self._estimate("peak_exposure", most, text, f"{lowest} {self.made()}")

    def probability_of_loss(self) -> Finding:
        loss, (unit, label) = self.case.probability_of_loss, self.parts["probability_of_loss"]
        if loss >= 0.005:
            text = translate(
                "The chance that it loses money is {chance}; if it does, the loss is {loss} on average.",
                chance=format_chance(loss),
                loss=format_value(self.case.expected_loss, self.currency),
            )
        else:
            text = translate("The chance that it loses money is {chance}.", chance=format_chance(loss))
        drawn = translate("Share of the draws with a net present value below zero.")
        return self.writer.write("probability_of_loss", label, loss, unit, text, drawn, kind="chance")

    def made(self) -> str:
        """How all of them were made."""
        made = translate(
            "From the assumptions as they stand over {horizon} months, discounted at {rate} a year, nominal and before tax; "
            "ranges from {draws:,} draws of the effect and the stated ranges.",
            horizon=self.case.horizon_months,
            rate=format_level(self.case.annual_discount_rate),
            draws=self.case.npv_draws.size,
        )
        return f"{made} {goes_on(self.case)}"

    def _estimate(self, key: str, found: Bounded | None, text: str, method: str, missing: str = "") -> Finding:
        unit, label = self.parts[key]
        if found is None:
            return self.writer.withhold(key, label, missing, unit, method)
        value = range_of(found.value, found.low, found.high)
        # Whole months and stated costs may be the same in every draw; an estimate may not.
        if key in ("npv", "roi", "irr") and value[1] is None and math.isfinite(found.high - found.low):
            return self.writer.withhold(key, label, translate(NO_RANGE), unit, method, word="withheld")
        return self.writer.write(key, label, value, unit, text, method)


def _bare(case: Case, programme: Programme) -> str:
    """Without costs everything that comes in counts as gained, as readers of the verdict should know; 0 is a cost stated."""
    stated = case.cost_flow.any() or programme.costs.model_fields_set
    return "" if stated else translate("No costs are stated.")


def _sure_with(kept: Kept, verdict: Verdict) -> str:
    """How sure the verdict would be with the margin of customers kept or driven away, which is in no part of it."""
    bound = verdict.at_most if verdict.at_least is None else verdict.at_least
    above = float((kept.npv_draws >= (bound or 0.0)).mean())
    return translate(
        "The margin of customers kept or driven away is no part of this: with it, the chance of meeting the criterion would "
        "be {chance}.",
        chance=format_chance(1 - above if verdict.at_least is None else above),
    )


def _kept(writer: FindingWriter, kept: Kept, horizon: int, currency: str) -> Finding:
    """What the margin of customers kept or driven away is worth, which is in no other figure."""
    away = kept.leaving.value > 0
    points = [100 * abs(end) for end in kept.leaving]
    worth, low, high = (-kept.worth.value, -kept.worth.high, -kept.worth.low) if away else kept.worth
    told = {
        "points": points[0],
        "low": min(points[1:]),
        "high": max(points[1:]),
        "months": format_value(horizon, "months"),
        "worth": format_value(worth, currency),
        "range": format_range(low, high, currency),
        "npv": format_value(kept.npv.value, currency),
        "npv_range": format_range(kept.npv.low, kept.npv.high, currency),
    }
    if away:
        label = translate("Margin of customers driven away")
        text = translate(
            "It also drives customers away: {points:.2f} percentage points more leave in a month than without it "
            "({low:.2f} to {high:.2f}). The margin lost with them over {months} is worth {worth} today ({range} with 95% "
            "confidence). It is not taken off the net present value, which would be {npv} with it ({npv_range}).",
            **told,
        )
    else:
        label = translate("Margin of customers kept")
        text = translate(
            "It also keeps customers: {points:.2f} percentage points fewer leave in a month than without it "
            "({low:.2f} to {high:.2f}). Their margin over {months} is worth {worth} today ({range} with 95% confidence). It "
            "is not part of the net present value, which would be {npv} with it ({npv_range}).",
            **told,
        )
    made = translate(
        "The effect on leaving, compared by the same design, tells how many would be there without the programme; each one "
        "more or less brings what customers bring without it. Beyond the months measured, leaving differs by the mean of "
        "the last 12."
    )
    return writer.write("kept", label, kept.worth, currency, text, made, grade=kept.grade)


def not_paid_back(case: Case) -> str:
    """Why there is no time of payback."""
    return translate_count(
        "it does not pay back within {count:,} month.",
        "it does not pay back within {count:,} months.",
        case.horizon_months,
    )


def perhaps_never(case: Case, draws: NDArray[np.float64]) -> str:
    """How often it does not pay back within the horizon, where that is so often that the time has no upper end."""
    return translate_count(
        "The chance that it does not within {count:,} month is {chance}.",
        "The chance that it does not within {count:,} months is {chance}.",
        case.horizon_months,
        chance=format_chance(float(np.isnan(draws).mean())),
    )


def _earned(case: Case, roi: float, currency: str) -> str:
    amount = format_value(abs(roi), currency)
    if roi >= 0:
        return translate(
            "Each {currency} spent returns {amount} on top, in today's money.", currency=currency, amount=amount
        )
    if roi >= -1:
        return translate(
            "Of each {currency} spent, {amount} is lost, in today's money.", currency=currency, amount=amount
        )
    if case.effect_flow.sum() >= 0:  # then what is lost beyond the costs are the risks
        return translate(
            "For each {currency} spent, {amount} is lost, in today's money: its risks cost more than it brings.",
            currency=currency,
            amount=amount,
        )
    return translate(
        "For each {currency} spent, {amount} is lost, in today's money: customers bring less than without it.",
        currency=currency,
        amount=amount,
    )


def _no_rate(case: Case) -> str:
    """Why there is no internal rate of return."""
    moved = case.net_flow[case.net_flow != 0]
    if moved.size and moved[0] > 0:
        return translate("no money goes out before any comes in.")
    if not (case.net_flow > 0).any():
        return translate("nothing comes back.")
    if (np.diff(np.sign(moved)) != 0).sum() == 1:
        return translate("so little comes back that the rate lies below −99% a year.")
    return translate(
        "the money changes from out to in more than once, so there are several such rates and none of them is meaningful."
    )


def _without_money(
    writer: FindingWriter,
    fit: ProgrammeFit,
    programme: Programme,
    verdict: Verdict | None,
    registration: Registration | None,
    parts: Mapping[str, tuple[str, str]],
) -> list[Finding]:
    """The findings of a programme whose outcome has no price: a verdict on the effect at most, and no money."""
    reason = no_price(fit.effect)
    found = [writer.withhold(key, label, reason, unit) for key, (unit, label) in parts.items()]
    if verdict is None:
        return [replace(writer, label="").withhold("verdict", title_of(fit.name), reason), *found]
    least = least_text(verdict, fit.effect, parts["mde"][0])
    judged = _verdict(writer, fit, programme, verdict, registration, least, "", "")
    return [judged, *found[:-1], _mde(writer, verdict, parts, least, "")]


def _mde(
    writer: FindingWriter, verdict: Verdict, parts: Mapping[str, tuple[str, str]], least: str, method: str
) -> Finding:
    unit, label = parts["mde"]
    nothing = translate("there is nothing to break even on.")
    return writer.write("mde", label, verdict.mde, unit, least, method, missing=nothing)


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
        reason = translate(
            "the study has no registered criterion for this programme, so the result is described and not "
            "judged. Add a success block before the next programme starts."
        )
        return writer.withhold("verdict", title, reason, "", method)
    # What is too weak to prove anything is told as it stands beside the verdict: not proven.
    said = "NOT PROVEN" if writer.grade in WEAK_GRADES else verdict.word
    text = f"{translate(SAID[said], title=title)} {test_text(verdict, registration, currency)}"
    if verdict.word == "NOT PROVEN":
        text += f" {least}"
        if verdict.value_of_certainty > 0:
            text += f" {waiting_text(verdict, currency)}"
    elif writer.grade in WEAK_GRADES:
        weak = translate(
            "This takes the effect as measured, and evidence of grade {grade} does not prove an effect.",
            grade=writer.grade,
        )
        text += f" {weak}"
    return writer.write("verdict", title, verdict.word, "", text, sentences(registration.text, method))
