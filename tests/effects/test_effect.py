"""The frozen effect: its round trip, its probabilities, Holm's judgement and the grade that follows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cxvalue.effects import Alternative, Check, Effect, grade_of, holm
from cxvalue.effects.effect import Cohort
from cxvalue.foundation.errors import CxvalueError


def an_effect(design: str = "staggered", estimate: float = 2.0, se: float = 1.0, df: float = np.inf) -> Effect:
    return Effect(
        design=design, outcome="margin", unit="branch", estimate=estimate, se=se, df=df, low=0.04, high=3.96, level=0.95,
        event_time=np.arange(3), event_effect=np.array([1.0, 2.0, 3.0]), covariance=np.diag([1.0, 2.0, 3.0]),
        event_weight=np.array([30.0, 20.0, 10.0]), pre_time=np.array([-2]), pre_effect=np.array([0.1]),
        pre_covariance=np.array([[0.5]]), cohorts=(Cohort(date(2025, 3, 1), 4, 100),), treated_units=4, control_units=6,
        treated_customers=100, control_customers=200, treated_customer_months=60, unidentified_customer_months=5,
        naive=4.0, naive_se=None, checks=(Check("pre_trend", "?", None, True, "flat", 0.4),), grade="B",
        last_month=date(2025, 5, 1), alternatives=(Alternative("imputation", 1.9, 0.8),), notes=("5 are left out",),
        extra={"groups": [1, 2]},
    )  # fmt: skip


@pytest.mark.parametrize("df", [np.inf, 12.0])
def test_an_effect_survives_json(df: float) -> None:
    effect = an_effect(df=df)
    again = Effect.from_dict(json.loads(json.dumps(effect.to_dict(), allow_nan=False)))
    for name in ("event_effect", "covariance", "event_time", "pre_effect", "pre_covariance", "event_weight"):
        assert np.array_equal(getattr(again, name), getattr(effect, name)), name
        assert getattr(again, name).dtype == getattr(effect, name).dtype, name
    assert (again.cohorts, again.checks, again.alternatives) == (effect.cohorts, effect.checks, effect.alternatives)
    assert (again.df, again.last_month, again.notes, again.extra) == (df, effect.last_month, effect.notes, effect.extra)


def test_an_effect_refuses_what_is_no_estimate() -> None:
    with pytest.raises(CxvalueError, match="not a finite estimate"):
        an_effect(estimate=float("nan"))
    with pytest.raises(CxvalueError, match="design 'guess'"):
        an_effect(design="guess")
    with pytest.raises(CxvalueError, match="differ in length"):
        replace(an_effect(), event_time=np.arange(2))


def test_the_probability_is_that_of_the_t_distribution() -> None:
    assert an_effect().probability_at_least(2.0) == pytest.approx(0.5)
    # The upper 2.5% points: 1.959964 of the normal, 2.178813 of t with 12 degrees of freedom (any table of t).
    assert an_effect().probability_at_least(2 - 1.959964) == pytest.approx(0.975, abs=1e-6)
    assert an_effect(df=12.0).probability_at_least(2 - 2.178813) == pytest.approx(0.975, abs=1e-6)
    assert an_effect(se=0.0).probability_at_least(2.0) == 1.0
    assert an_effect(se=0.0).probability_at_least(2.1) == 0.0


def test_holm_judges_gating_checks_together_and_leaves_the_others() -> None:
    # Holm (1979), steps at 0.05: 4 x 0.01, 3 x 0.015 and 2 x 0.03 — the third stops it.
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.015}
    checks = [Check(name, "?", None, True, "", p) for name, p in p_values.items()]
    note = Check("note", "?", None, False, "", 0.0001)
    rule = Check("rule", "?", False, True, "")
    unmade = Check("unmade", "?", None, True, "")
    judged = {check.name: check.passed for check in holm([*checks, note, rule, unmade])}
    assert judged == {"a": False, "b": True, "c": True, "d": False, "note": None, "rule": False, "unmade": None}


def test_the_grade_falls_one_step_for_each_failed_gate() -> None:
    failed = Check("x", "?", False, True, "")
    assert [grade_of("A", [failed] * times) for times in range(6)] == ["A", "B", "C", "D", "E", "E"]
    checked = an_effect("matched").with_checks([Check("pre", "?", None, True, "", 0.001)])
    assert (checked.grade, checked.checks[0].passed) == ("D", False)
