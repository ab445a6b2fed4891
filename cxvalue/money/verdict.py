"""The verdict on a case against the criterion that was registered before the result was known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.foundation.sensible import as_shown, is_number, plain_number
from cxvalue.foundation.shown import Shown
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import closed_up
from cxvalue.money.waiting import Waiting, value_of_waiting

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect

METRICS = ("npv", "payback_months", "effect")
POWER = 0.84
"""z of 80%: a true effect of the smallest provable size passes in 80% of data sets."""


CRITERIA = {
    ("npv", True): translatable("NPV at least {bound:,.6g} with a probability of {confidence:.0%} or more"),
    ("npv", False): translatable("NPV at most {bound:,.6g} with a probability of {confidence:.0%} or more"),
    ("payback_months", True): translatable(
        "payback in months at least {bound:,.6g} with a probability of {confidence:.0%} or more"
    ),
    ("payback_months", False): translatable(
        "payback in months at most {bound:,.6g} with a probability of {confidence:.0%} or more"
    ),
    ("effect", True): translatable("effect at least {bound:,.6g} with a probability of {confidence:.0%} or more"),
    ("effect", False): translatable("effect at most {bound:,.6g} with a probability of {confidence:.0%} or more"),
}
"""A criterion by its metric, and by whether its bound is the least."""


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Shown):
    """PASS, FAIL or NOT PROVEN, with what stands behind it.

    Attributes:
        word: PASS when P(metric meets the criterion) ≥ confidence, FAIL when ≤ 1 − confidence, else NOT PROVEN.
        metric, at_least, at_most, confidence: the criterion.
        probability: that the criterion is met.
        mde: the smallest constant effect per treated customer and month that such data could have proven.
        break_even: the constant effect at which the criterion is just met.
        value_of_certainty: what knowing the truth would be worth today: the expected loss avoided by deciding rightly.
        stop_below: the effect measured at which, with the spread of today, the verdict would turn to FAIL.
        waiting: what some more months of data are worth, against the margin put off meanwhile; empty without money.
    """

    word: str
    metric: str
    at_least: float | None
    at_most: float | None
    confidence: float
    probability: float
    mde: float | None
    break_even: float | None
    value_of_certainty: float
    waiting: tuple[Waiting, ...] = ()
    stop_below: float | None = None

    _card = "case_card"

    @property
    def criterion(self) -> str:
        """The criterion in words."""
        least = self.at_least is not None
        told = {"bound": self.at_least if least else self.at_most, "confidence": self.confidence}
        return translate(CRITERIA[self.metric, least], **told)


class Judged(Protocol):
    """What is judged, a `cxvalue.Case`: an effect, its money in many draws, and the same over a shorter horizon."""

    @property
    def effect(self) -> Effect: ...
    @property
    def horizon_months(self) -> int: ...
    @property
    def npv_draws(self) -> NDArray[np.float64]: ...
    @property
    def payback_draws(self) -> NDArray[np.float64]: ...
    @property
    def per_unit_effect(self) -> float: ...
    def effect_worth(self, threshold: float) -> float | None: ...
    def changed(self, *, horizon_months: int) -> Judged: ...


def judge(
    case: Judged,
    *,
    metric: str = "npv",
    at_least: float | None = None,
    at_most: float | None = None,
    confidence: float = 0.90,
) -> Verdict:
    """Judge a case: `metric` is npv, payback_months or effect, with one of `at_least` and `at_most`.

    The smallest provable effect is break-even + (z of the confidence + 0.84) x standard error, the error being that of
    the metric itself, expressed as a constant effect.
    """
    if metric not in METRICS:
        raise CxvalueError(closed_up(f"metric == {metric!r}. {one_of(METRICS)}"))
    if (at_least is None) == (at_most is None):
        raise CxvalueError("A criterion has exactly one of at_least and at_most.")
    for name, threshold in (("at_least", at_least), ("at_most", at_most)):
        if threshold is not None and not is_number(threshold):
            raise CxvalueError("{name} == {threshold}, must be a number.", name=name, threshold=as_shown(threshold))
    at_least = None if at_least is None else plain_number(at_least)
    at_most = None if at_most is None else plain_number(at_most)
    if metric == "payback_months" and at_most is None:
        raise CxvalueError("A payback is good when it comes soon: write at_most=24 for 24 months.")
    if not is_number(confidence) or not 0.5 < confidence < 1:
        raise CxvalueError("confidence == {confidence}, must lie between 0.5 and 1.", confidence=as_shown(confidence))
    confidence = plain_number(confidence)
    if metric == "effect":
        return judge_effect(case.effect, at_least=at_least, at_most=at_most, confidence=confidence)
    draws, error, break_even = _metric(case, metric, at_least if at_least is not None else at_most)
    met = draws >= at_least if at_least is not None else draws <= at_most
    probability = float(np.mean(met))
    word = _word(probability, confidence)
    mde = stop = None
    if break_even is not None and error is not None and np.isfinite(error):
        mde = float(break_even + (special.ndtri(confidence) + POWER) * error)
        stop = _stop_below(case, metric, at_least if at_least is not None else at_most, confidence)
    gains, losses = np.maximum(case.npv_draws, 0).mean(), np.maximum(-case.npv_draws, 0).mean()
    # No more months come of a programme that was switched off.
    waiting = (
        ()
        if case.effect.over
        else value_of_waiting(
            float(case.npv_draws.mean()),
            float(case.npv_draws.std()),
            months_measured=int(case.effect.event_time.max()) + 1,
            horizon_months=case.horizon_months,
        )
    )
    certainty = float(min(gains, losses))
    return Verdict(word, metric, at_least, at_most, confidence, probability, mde, break_even, certainty, waiting, stop)


def judge_effect(
    effect: Effect, *, at_least: float | None = None, at_most: float | None = None, confidence: float = 0.90
) -> Verdict:
    """Judge an effect by itself, without money: by the t distribution around the estimate."""
    threshold = at_least if at_least is not None else at_most
    if threshold is None or (at_least is not None and at_most is not None):
        raise CxvalueError("A criterion has exactly one of at_least and at_most.")
    above = effect.probability_at_least(threshold)
    probability = above if at_least is not None else 1 - above
    reach = (special.ndtri(confidence) + POWER) * effect.se
    mde = float(threshold + reach if at_least is not None else threshold - reach)
    word = _word(probability, confidence)
    return Verdict(word, "effect", at_least, at_most, confidence, probability, mde, float(threshold), 0.0)


def _word(probability: float, confidence: float) -> str:
    return "PASS" if probability >= confidence else "FAIL" if probability <= 1 - confidence else "NOT PROVEN"


def _metric(case: Judged, metric: str, threshold: Any) -> tuple[Any, float | None, float | None]:
    """Draws of a metric, its error as a constant effect, and the effect that just meets the threshold."""
    if case.per_unit_effect <= 0:
        draws = case.npv_draws if metric == "npv" else _never_is_late(case)
        return draws, None, None
    if metric == "npv":
        return case.npv_draws, float(case.npv_draws.std()) / case.per_unit_effect, case.effect_worth(threshold)
    months = int(min(threshold, case.horizon_months))
    short = case.changed(horizon_months=max(months, 1))
    error = float(short.npv_draws.std()) / short.per_unit_effect if short.per_unit_effect > 0 else None
    return _never_is_late(case), error, short.effect_worth(0.0)


def _stop_below(case: Judged, metric: str, threshold: Any, confidence: float) -> float | None:
    """The effect measured at which the criterion would be met with a probability of 1 − confidence only.

    All draws of the NPV move alike with the effect, so theirs is the quantile that counts, skewed risks included.
    """
    judged, least = case, threshold
    if metric == "payback_months":
        judged, least = case.changed(horizon_months=max(int(min(threshold, case.horizon_months)), 1)), 0.0
    if judged.per_unit_effect <= 0:
        return None
    short = least - float(np.quantile(judged.npv_draws, confidence))
    return float(case.effect.estimate + short / judged.per_unit_effect)


def _never_is_late(case: Judged) -> Any:
    return np.where(np.isnan(case.payback_draws), np.inf, case.payback_draws)


@dataclass(frozen=True, slots=True)
class Registration:
    """The hash of a criterion, when it was registered, whether that was before the first outcome, and since when the hash
    stands in a published run (None: in none).
    """

    sha256: str
    registered_on: date | None
    before_first_outcome: bool
    published_on: date | None

    @property
    def text(self) -> str:
        """The sentence that stands beside the verdict."""
        told: dict[str, object] = {"hash": self.sha256[:12]}
        if self.registered_on is None:
            return translate(
                "The criterion carries no date of registration (criterion {hash}): it may have been chosen after the "
                "result.",
                **told,
            )
        told["day"] = self.registered_on.isoformat()
        if not self.before_first_outcome:
            return translate(
                "Registered on {day} (criterion {hash}), AFTER the first outcome could be seen: it may have been chosen to "
                "fit the result.",
                **told,
            )
        if self.published_on is None:
            return translate("Registered on {day} (criterion {hash}), before the first outcome; self-declared.", **told)
        return translate(
            "Registered on {day} (criterion {hash}), before the first outcome; in a published run since {published}.",
            published=self.published_on.isoformat(),
            **told,
        )


def hash_of(settings: Mapping[str, Any]) -> str:
    """The hash of settings (JSON types), independent of the order of keys."""
    text = json.dumps(settings, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def register(
    settings: Mapping[str, Any] | str,
    *,
    registered_on: date | None,
    first_start: date,
    earlier: Mapping[str, date] | None = None,
) -> Registration:
    """Register a criterion with the settings that define its programme, or the hash of them.

    `earlier` are hashes published with earlier runs, with the day of the first such run.
    """
    number = settings if isinstance(settings, str) else hash_of(settings)
    before = registered_on is not None and registered_on <= first_start
    return Registration(number, registered_on, before, (earlier or {}).get(number))
