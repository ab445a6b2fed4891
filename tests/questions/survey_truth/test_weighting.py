"""The score of all invited: published figures, coverage where answering is at random given what is known, and where not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import causaldata
import numpy as np
import pandas as pd
import pytest

from cxvalue.effects.estimators.doubly_robust import augmented
from cxvalue.questions.survey_truth.invited import Invited
from cxvalue.questions.survey_truth.weighting import answer_chances, bounds_without_assumption, hajek, kish, reweight


def drawn(seed: int, n: int = 1200, lean: float = 0.0) -> tuple[Invited, float]:
    """Content customers spend more and answer more; with `lean` the unhappy answer less whatever they spend."""
    rng = np.random.default_rng(seed)
    x, young = rng.standard_normal(n), (rng.random(n) < 0.4).astype(float)
    score = np.clip(np.round(7.2 + 0.9 * x - 0.6 * young + 1.6 * rng.standard_normal(n)), 0, 10)
    answers = rng.random(n) < 1 / (1 + np.exp(-(-1.2 + 0.7 * x - 0.4 * young + lean * (score - 7))))
    known = np.column_stack([x, rng.poisson(3, n), rng.exponential(30, n), np.zeros(n)])
    ids = np.array([f"c{k}" for k in range(n)], dtype=object)
    return Invited(ids, np.where(answers, score, np.nan), known, young[:, None], 0.0, 10.0), 6.9232


def test_the_truth_is_covered_where_answering_is_at_random_given_what_is_known() -> None:
    held = bounded = raw = 0
    values = []
    for seed in range(60):
        frame, truth = drawn(seed)
        found = reweight(frame)
        assert found is not None
        held += found.score.low <= truth <= found.score.high
        bounded += found.bounded[0] <= truth <= found.bounded[1]
        raw += found.raw.low <= truth <= found.raw.high
        values.append((found.score.value, found.doubly_robust))
    assert held >= 52  # 57 on average; fewer than 52 happens once in 100
    assert bounded == 60
    assert raw <= 12  # those who answer are more content
    assert np.mean(values, axis=0).tolist() == pytest.approx([truth, truth], abs=0.06)


def test_where_the_unhappy_answer_less_only_the_bounds_hold() -> None:
    held = 0
    for seed in range(30):
        frame, truth = drawn(seed, n=3000, lean=0.15)
        found = reweight(frame)
        assert found is not None
        held += found.score.low <= truth <= found.score.high
        assert found.bounded[0] <= truth <= found.bounded[1]
    assert held <= 15


@cache
def smokers() -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """The 1,566 smokers of NHEFS: all of them, who quit, their gain of weight, and what both may hang on."""
    data = pd.read_stata(next(Path(causaldata.__file__).parent.rglob("nhefs_complete*.dta")))
    kinds = [pd.get_dummies(data[name].astype(int), drop_first=True).to_numpy(float)
             for name in ("sex", "race", "education", "exercise", "active")]  # fmt: skip
    numbers = data[["age", "smokeintensity", "smokeyrs", "wt71"]].to_numpy(float)
    raw = np.column_stack([*kinds, numbers, numbers**2])
    x = np.column_stack([np.ones(len(data)), (raw - raw.mean(axis=0)) / raw.std(axis=0)])
    return data, data["qsmk"].to_numpy() == 1, data["wt82_71"].to_numpy(float), x


def test_the_weighted_difference_is_the_published_one() -> None:
    # Hernán and Robins, What If: smokers who quit, weights 1 / P(treatment); the estimate of R and Stata is 3.4405.
    data, quit_, gain, x = smokers()
    chance = answer_chances(x, quit_)
    treated, _ = hajek(gain, quit_, chance, x)
    others, _ = hajek(gain, ~quit_, 1 - chance, x)
    assert treated - others == pytest.approx(3.440535, abs=2e-4)
    assert gain[quit_].mean() - gain[~quit_].mean() == pytest.approx(2.540581, abs=1e-5)
    weight = np.where(quit_, 1 / chance, 1 / (1 - chance))
    # Horvitz and Thompson's divides by all 1,566, not by the sums of the weights.
    by_number = (np.where(quit_, gain, -gain) * weight).mean()
    assert by_number == pytest.approx(3.424012, abs=2e-4)
    assert kish(weight) == pytest.approx(1013.31, abs=0.1)
    # HC0 of the weighted regression, as published beside it, takes the chances as known.
    left = (gain - np.where(quit_, treated, others)) * weight
    known = np.sqrt(sum((left[side] ** 2).sum() / weight[side].sum() ** 2 for side in (quit_, ~quit_)))
    assert known == pytest.approx(0.525494, abs=1e-4)
    age = data["age"].to_numpy(float)
    spread = np.sqrt((age[quit_].var(ddof=1) + age[~quit_].var(ddof=1)) / 2)
    gap = age[quit_].mean() - age[~quit_].mean()
    assert gap / spread == pytest.approx(0.2820, abs=5e-5)
    left = np.average(age[quit_], weights=weight[quit_]) - np.average(age[~quit_], weights=weight[~quit_])
    assert left / spread == pytest.approx(0.0058, abs=2e-4)


def test_with_an_outcome_model_beside_the_weights_it_is_the_frozen_one() -> None:
    """The same smokers, the gain regressed on all of it and on cigarettes a day times quitting: standardised and AIPW."""
    data, quit_, gain, x = smokers()
    smoked = data["smokeintensity"].to_numpy(float)
    chance = answer_chances(x, quit_)
    one = np.column_stack([x, quit_, smoked * quit_])
    slopes = np.linalg.lstsq(one, gain, rcond=None)[0]
    with_it, without = (np.column_stack([x, np.full(len(x), k), smoked * k]) @ slopes for k in (1.0, 0.0))
    assert (with_it - without).mean() == pytest.approx(3.517374, abs=1e-5)
    for told, found, influence in (
        ((3.457284, 0.488651), *augmented(gain, quit_, chance, with_it, without)[:2]),
        # The effect on those who quit is less that on the others, the two swapped.
        ((-3.384830, 0.475657), *augmented(gain, ~quit_, 1 - chance, without, with_it)[2:]),
    ):
        assert (found, np.sqrt(influence @ influence)) == pytest.approx(told, abs=1e-5)


def answered_by_stratum(
    invited: tuple[int, ...], answers: tuple[int, ...], mean: tuple[float, ...], variance: tuple[float, ...]
) -> Invited:
    """Answers with exactly these means and variances in three segments."""
    score = np.full(sum(invited), np.nan)
    segment = np.repeat(np.arange(len(invited)), invited)
    for k, number in enumerate(answers):
        spread = np.linspace(-1, 1, number)
        at = np.flatnonzero(segment == k)[:number]
        score[at] = mean[k] + spread * np.sqrt(variance[k] / spread.var(ddof=1))
    ids, nothing = np.arange(score.size).astype(object), np.zeros((score.size, 4))
    return Invited(ids, score, nothing, (segment[:, None] == np.array([1, 2])).astype(float), 0.0, 2000.0)


@pytest.mark.parametrize(
    ("answers", "mean", "variance", "value", "se"),
    [
        ((142, 25, 33), (666.140845, 605.36, 654.272727), (18423.3559, 12873.3233, 16668.9545), 656.7816, 9.1565),
        ((100, 50, 50), (674.43, 625.82, 636.60), (15687.4193, 11947.0894, 13824.8571), 662.2874, 9.40894),
    ],
)
def test_with_segments_alone_the_score_is_the_poststratified_one(
    answers: tuple[int, ...], mean: tuple[float, ...], variance: tuple[float, ...], value: float, se: float
) -> None:
    """Schools of California in R's survey package (postStratify, svymean), which takes the 6,194 schools for all there are.

    Ours draws those invited too: its error is larger, by less than 2%.
    """
    found = reweight(answered_by_stratum((4421, 755, 1018), answers, mean, variance))
    assert found is not None
    assert found.score.value == pytest.approx(value, abs=1e-4)
    assert found.doubly_robust == pytest.approx(value, abs=1e-4)
    error = (found.score.high - found.score.value) / 1.959964
    assert se < error < 1.02 * se
    shares = np.array([4421, 755, 1018]) / 6194
    within = shares**2 @ (np.array(variance) * (np.array(answers) - 1) / np.array(answers) ** 2)
    between = shares @ (np.array(mean) - value) ** 2 / 6194
    assert error == pytest.approx(np.sqrt(within + between), rel=1e-4)


@pytest.mark.parametrize(("told", "nps", "se"), [((50, 30, 20), 30.0, 7.810250), ((400, 350, 250), 15.0, 2.504995)])
def test_a_net_promoter_score_has_the_error_of_its_closed_form(told: tuple[int, ...], nps: float, se: float) -> None:
    """100 sqrt((p + d - (p - d)^2) / n) of promoters p and detractors d, here with n - 1 as everywhere."""
    score = np.repeat([100.0, 0.0, -100.0], told)
    n = score.size
    frame = Invited(np.arange(n).astype(object), score, np.zeros((n, 4)), np.zeros((n, 0)), -100.0, 100.0)
    found = reweight(frame)
    assert found is not None
    assert found.raw.value == found.score.value == nps
    assert (found.raw.high - nps) / 1.959964 == pytest.approx(se * np.sqrt(n / (n - 1)), rel=1e-5)


def test_gaps_are_standardised_and_bounds_are_closed_forms() -> None:
    frame, _ = drawn(1, n=4000)
    found = reweight(frame)
    assert found is not None
    one, other = frame.known[frame.answered, 0], frame.known[~frame.answered, 0]
    spread = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    assert found.gaps["margin"].value == pytest.approx((one.mean() - other.mean()) / spread)
    assert "complaints" not in found.gaps  # nobody complained
    assert found.bounds == bounds_without_assumption(found.raw.value, found.rate.value, 0, 10)


def test_weights_are_cut_only_where_a_third_would_not_be_effective() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    x = rng.standard_normal(n)
    answers = rng.random(n) < 1 / (1 + np.exp(-(-1.0 + 3.0 * x)))
    frame = Invited(np.arange(n).astype(object), np.where(answers, 5.0 + rng.standard_normal(n), np.nan),
                    np.column_stack([x, x * 0, x * 0, x * 0]), np.zeros((n, 0)), 0.0, 10.0)  # fmt: skip
    found = reweight(frame)
    assert found is not None
    assert found.trimmed
    assert found.effective >= found.answers / 3 - 1
    plain = reweight(drawn(1)[0])
    assert plain is not None
    assert not plain.trimmed


def test_too_few_or_equal_answers_are_none_and_if_all_answer_nothing_is_weighted() -> None:
    frame, _ = drawn(1)
    few = Invited(frame.ids, np.where(np.arange(1200) < 20, 7.0, np.nan), frame.known, frame.segments, 0.0, 10.0)
    assert reweight(few) is None
    equal = Invited(frame.ids, np.full(1200, 7.0), frame.known, frame.segments, 0.0, 10.0)
    assert reweight(equal) is None
    every = Invited(frame.ids, np.arange(1200) % 11.0, frame.known, frame.segments, 0.0, 10.0)
    found = reweight(every)
    assert found is not None
    assert found.score == found.raw
    assert found.gaps == {}
