"""The sentences about a verdict: the test, what could have been proven, whether to wait, how the effect goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.numbers import format_chance, format_level, format_month, format_value
from cxvalue.foundation.calendar import months_apart
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.money.finance import npv

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect
    from cxvalue.money import Case, Registration, Verdict

SAID = {
    "PASS": translatable("{title} passes."),
    "FAIL": translatable("{title} fails."),
    "NOT PROVEN": translatable("{title} is not proven."),
}
FEWEST_MONTHS = 6
"""Months since a start below which a dip after purchases that were brought forward may not be seen yet."""
TESTS = {
    ("pays", True): translatable("The test set in {month} was to be at least {confidence} sure that it pays."),
    ("pays", False): translatable("The test was to be at least {confidence} sure that it pays."),
    ("npv_at_least", True): translatable(
        "The test set in {month} was to be at least {confidence} sure that it is worth at least {amount}."
    ),
    ("npv_at_least", False): translatable(
        "The test was to be at least {confidence} sure that it is worth at least {amount}."
    ),
    ("npv_at_most", True): translatable(
        "The test set in {month} was to be at least {confidence} sure that it is worth at most {amount}."
    ),
    ("npv_at_most", False): translatable(
        "The test was to be at least {confidence} sure that it is worth at most {amount}."
    ),
    ("payback", True): translatable(
        "The test set in {month} was to be at least {confidence} sure that it pays back within {amount}."
    ),
    ("payback", False): translatable(
        "The test was to be at least {confidence} sure that it pays back within {amount}."
    ),
    ("effect_at_least", True): translatable(
        "The test set in {month} was to be at least {confidence} sure that its effect is at least {bound:,.6g} per "
        "customer and month."
    ),
    ("effect_at_least", False): translatable(
        "The test was to be at least {confidence} sure that its effect is at least {bound:,.6g} per customer and month."
    ),
    ("effect_at_most", True): translatable(
        "The test set in {month} was to be at least {confidence} sure that its effect is at most {bound:,.6g} per "
        "customer and month."
    ),
    ("effect_at_most", False): translatable(
        "The test was to be at least {confidence} sure that its effect is at most {bound:,.6g} per customer and month."
    ),
}
"""What the test asks for, by whether it is known when it was set."""


def test_text(verdict: Verdict, registration: Registration, currency: str) -> str:
    """The criterion as people would say it, how sure the data make it, and whether it was set in time."""
    when = registration.registered_on
    bound = verdict.at_least if verdict.at_least is not None else verdict.at_most or 0.0
    told: dict[str, object] = {"confidence": format_level(verdict.confidence)}
    if when is not None:
        told["month"] = format_month(when)
    side = "at_least" if verdict.at_least is not None else "at_most"
    goal = f"{verdict.metric}_{side}"
    if verdict.metric == "payback_months":
        goal, told["amount"] = "payback", format_value(bound, "months")
    elif verdict.metric == "effect":
        told["bound"] = bound
    elif verdict.at_least == 0:
        goal = "pays"
    else:
        told["amount"] = format_value(bound, currency)
    sure = translate("We are {chance} sure.", chance=format_chance(verdict.probability))
    text = f"{translate(TESTS[goal, when is not None], **told)} {sure}"
    if when is None:
        unknown = translate("Nobody wrote down when it was set, so it may have been chosen after the result.")
        return f"{text} {unknown}"
    if registration.before_first_outcome:
        return text
    late = translate("It was set after the first results could be seen.")
    return f"{text} {late}"


def waiting_text(verdict: Verdict, currency: str) -> str:
    """What it is worth to wait for more data, against what the delay costs."""
    certain = format_value(verdict.value_of_certainty, currency)
    if not verdict.waiting:
        return translate("Knowing for certain would be worth {amount} today.", amount=certain)
    offers = "; ".join(
        translate_count(
            "{count:,} more month of data at most {amount}",
            "{count:,} more months of data at most {amount}",
            one.months,
            amount=format_value(one.value, currency),
        )
        for one in verdict.waiting
    )
    text = translate("Knowing for certain would be worth {amount} today, {offers}.", amount=certain, offers=offers)
    best = max(verdict.waiting, key=lambda one: one.value - one.delay_cost)
    if best.delay_cost <= 0:
        free = translate("Waiting costs no margin that is expected today.")
        return f"{text} {free}"
    cost = format_value(best.delay_cost, currency)
    delay = (
        translate_count(
            "Postponing the programme for {count:,} month costs about {cost}: waiting for it may pay.",
            "Postponing the programme for {count:,} months costs about {cost}: waiting for them may pay.",
            best.months,
            cost=cost,
        )
        if best.worth_it
        else translate_count(
            "Postponing the programme for {count:,} month costs about {cost}: waiting alone does not pay, so"
            " keep measuring while it runs.",
            "Postponing the programme for {count:,} months costs about {cost}: waiting alone does not pay, "
            "so keep measuring while it runs.",
            best.months,
            cost=cost,
        )
    )
    return f"{text} {delay}"


def least_text(verdict: Verdict, effect: Effect, unit: str, break_even: float | None = None) -> str:
    """What could have been proven, beside what was measured and the one break-even: the effect at which the NPV is 0."""
    if verdict.mde is None:
        return ""
    needed = verdict.break_even
    texts = [
        translate(
            "The smallest effect that these data could have proven is {least} per treated customer and month; {measured} "
            "was measured.",
            least=format_value(verdict.mde, unit),
            measured=format_value(effect.estimate, unit),
        )
    ]
    if break_even is not None:
        texts.append(translate("Break-even needs {effect}.", effect=format_value(break_even, unit)))
    if needed is not None and needed != break_even:
        texts.append(translate("The criterion needs {effect}.", effect=format_value(needed, unit)))
    return " ".join(texts)


def switched_off(case: Case) -> str:
    """What a programme that was switched off leaves to be counted; nothing where it goes on."""
    if not case.effect.over:
        return ""
    month = format_month(case.effect.last_month)
    if case.settings.population == "all":
        return translate(
            "The programme was switched off ({month} was the last full month with it); these figures are for starting it "
            "again for everyone.",
            month=month,
        )
    return translate(
        "The programme was switched off for everyone counted here: costs and margin are counted up to {month}, the last "
        "full month with it. A start after that, planned or under way, is not counted.",
        month=month,
    )


def not_yet_measured(case: Case, currency: str) -> str:
    """That a gain rests on months after few measured ones, which purchases brought forward may lack; else nothing."""
    measured, brought = int(case.effect.event_time.max()) + 1, np.flatnonzero(case.measured_flow)
    if measured >= FEWEST_MONTHS or case.npv.value <= 0 or not brought.size:
        return ""
    flow = case.measured_flow + case.benefit_flow - case.cost_flow
    within = float(npv(flow[: brought[-1] + 1], case.annual_discount_rate))
    if within > 0:
        return ""
    return translate_count(
        "That rests on months not yet measured: {count:,} month is measured, and if the effect ended with it, as it does "
        "where purchases were only brought forward, the programme would be worth {worth}.",
        "That rests on months not yet measured: {count:,} months are measured, and if the effect ended with them, as it "
        "does where purchases were only brought forward, the programme would be worth {worth}.",
        measured,
        worth=format_value(within, currency),
    )


def goes_on(case: Case) -> str:
    """How the effect goes on after the months measured, what the horizon leaves out, and that no costs are stated."""
    ended = case.effect.over and case.settings.population == "treated"
    texts = [
        translate("What customers may bring more or less after its end is not counted.") if ended else _continued(case)
    ]
    beyond = months_apart(case.exposure.first_month, case.effect.last_month) + 1 - case.horizon_months
    if beyond > 0:
        texts.append(
            translate_count(
                "The horizon ends {count:,} month before the data do: nothing after it is counted.",
                "The horizon ends {count:,} months before the data do: nothing after it is counted.",
                beyond,
            )
        )
    if (stay := case.effect.stay_per_month) < 1 and not ended:
        texts.append(
            translate(
                "In the case {share:.1%} of the customers leave in a month, as over the last 12 months, and bring nothing "
                "after that.",
                share=1 - stay,
            )
        )
    if not case.cost_flow.any():
        texts.append(translate("No costs are stated."))
    return " ".join(texts)


def _continued(case: Case) -> str:
    measured, settings = int(case.effect.event_time.max()) + 1, case.settings
    if settings.persistence == "none":
        return translate_count(
            "Nothing is counted beyond the {count:,} month measured.",
            "Nothing is counted beyond the {count:,} months measured.",
            measured,
        )
    if settings.persistence == "half_life":
        return translate_count(
            "Beyond the {count:,} month measured, the effect halves every {half:g} months.",
            "Beyond the {count:,} months measured, the effect halves every {half:g} months.",
            measured,
            half=settings.half_life_months,
        )
    if case.decay.significant:
        return translate_count(
            "Beyond the {count:,} month measured, the mean of the last three is assumed, halving every "
            "{half:.0f} months as measured.",
            "Beyond the {count:,} months measured, the mean of the last three is assumed, halving every "
            "{half:.0f} months as measured.",
            measured,
            half=case.decay.half_life_months,
        )
    return translate_count(
        "Beyond the {count:,} month measured, the mean of the last three is assumed.",
        "Beyond the {count:,} months measured, the mean of the last three is assumed.",
        measured,
    )
