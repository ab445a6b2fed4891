"""The score of all invited: published figures, coverage where answering is at random given what is known, and where not."""

from __future__ import annotations

from pathlib import Path

import causaldata
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.survey_truth.invited import Invited
from cxvalue.questions.survey_truth.weighting import answer_chances, bounds_without_assumption, hajek, reweight


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


def test_the_weighted_difference_is_the_published_one() -> None:
    # Hernán and Robins, What If: smokers who quit, weights 1 / P(treatment); the estimate of R and Stata is 3.4405.
    data = pd.read_stata(next(Path(causaldata.__file__).parent.rglob("nhefs_complete*.dta")))
    kinds = [pd.get_dummies(data[name].astype(int), drop_first=True).to_numpy(float)
             for name in ("sex", "race", "education", "exercise", "active")]  # fmt: skip
    numbers = data[["age", "smokeintensity", "smokeyrs", "wt71"]].to_numpy(float)
    raw = np.column_stack([*kinds, numbers, numbers**2])
    x = np.column_stack([np.ones(len(data)), (raw - raw.mean(axis=0)) / raw.std(axis=0)])
    quit_, gain = data["qsmk"].to_numpy() == 1, data["wt82_71"].to_numpy(float)
    chance = answer_chances(x, quit_)
    treated, _ = hajek(gain, quit_, chance, x)
    others, _ = hajek(gain, ~quit_, 1 - chance, x)
    assert treated - others == pytest.approx(3.440535, abs=2e-4)
    assert gain[quit_].mean() - gain[~quit_].mean() == pytest.approx(2.540581, abs=1e-5)


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
