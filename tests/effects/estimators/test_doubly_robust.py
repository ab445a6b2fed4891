"""Doubly robust estimates: published treatment effects, and right when one of the two models is wrong."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit
from statsmodels.discrete.discrete_model import Probit

from cxvalue.effects.designs.customer_level import Accumulator
from cxvalue.effects.estimators.abtest import difference_in_means
from cxvalue.effects.estimators.doubly_robust import (
    augmented,
    cross_fitted_att,
    cross_fitted_effects,
    cross_fitted_odds,
    doubly_robust_att,
    fit_logit,
    robustness_value,
)


def test_the_published_effect_of_smoking_on_birth_weight_is_reproduced():
    # Stata teffects aipw on cattaneo2 (in statsmodels' test results): −230.98920, robust standard error 26.21056.
    spec = importlib.util.find_spec("statsmodels")
    path = Path(spec.submodule_search_locations[0], "treatment", "tests", "results", "cataneo2.csv")
    data = pd.read_csv(path)
    treated = data["mbsmoke_"].to_numpy(bool)
    one = np.ones(len(data))
    outcome = np.column_stack([one, *(data[name] for name in ("prenatal1_", "mmarried_", "mage", "fbaby_"))])
    choice = np.column_stack([one, data["mmarried_"], data["mage"], data["mage"] ** 2, data["fbaby_"], data["medu"]])
    probit = Probit(treated.astype(float), choice).fit(disp=0)
    weight = data["bweight"].to_numpy(float)
    slopes = (np.linalg.lstsq(outcome[group], weight[group], rcond=None)[0] for group in (treated, ~treated))
    fitted = [outcome @ slope for slope in slopes]
    effect, influence, *_ = augmented(weight, treated, stats.norm.cdf(choice @ probit.params), *fitted)
    assert effect == pytest.approx(-230.98920, abs=1e-4)
    # With one chance for everybody the residuals cancel, and what is left is regression adjustment: RA −239.63921.
    plain, *_ = augmented(weight, treated, np.full(len(data), 0.5), *fitted)
    assert plain == pytest.approx(-239.63921, abs=1e-4)
    # Theirs also carries the error of the fitted models (stacked moments); here it enters at second order only.
    assert np.sqrt((influence**2).sum()) == pytest.approx(26.21056, rel=0.04)


def test_the_experiment_of_lalonde_is_reproduced():
    # Mixtape-Sessions Causal-Inference-2: 1794.342, HC2 standard error 670.997 (which is Welch's); controls 4554.80.
    import causaldata

    data = causaldata.nsw_mixtape.load_pandas().data
    treated = data["treat"] == 1
    found = difference_in_means(data["re78"][treated], data["re78"][~treated])
    assert found.value == pytest.approx(1794.342, abs=1e-3)
    assert found.se == pytest.approx(670.997, abs=1e-3)
    assert data["re78"][~treated].mean() == pytest.approx(4554.80, abs=0.01)
    change = data["re78"] - data["re75"]
    assert difference_in_means(change[treated], change[~treated]).value == pytest.approx(1529.196, abs=1e-3)
    # Their errors are HC1 of a regression on the treatment: 670.824, and 714.956 of the change.
    for values, published in ((data["re78"], 670.824), (change, 714.956)):
        groups = [values[treated], values[~treated]]
        squares = sum(((own - own.mean()) ** 2).sum() / len(own) ** 2 for own in groups)
        assert np.sqrt(squares * len(data) / (len(data) - 2)) == pytest.approx(published, abs=1e-3)
        ours = difference_in_means(*groups).se
        assert ours == pytest.approx(published, rel=5e-4)


def test_the_bias_of_a_comparison_with_the_census_is_reproduced():
    # Sant'Anna and Zhao (2020), evaluation bias of NSW controls against CPS: moderndid 0.2.0 drdid −901.2703 (393.6092).
    import moderndid

    data = moderndid.load_nsw().to_pandas()
    data = data[(data["treated"] == 0) | (data["sample"] == 2)]
    wide = data.pivot(index="id", columns="year", values="re")
    about = data.groupby("id").first().reindex(wide.index)
    group = (about["experimental"] == 1).to_numpy()
    names = ["age", "educ", "black", "married", "nodegree", "hisp", "re74"]
    x = np.column_stack([np.ones(len(about)), about[names].to_numpy(float)])
    change = (wide[1978] - wide[1975]).to_numpy(float)
    effect, influence, _ = doubly_robust_att(x, change, group, _tilted_odds(x, group))
    assert effect == pytest.approx(-901.2703, abs=0.01)
    assert np.sqrt((influence**2).sum()) == pytest.approx(393.6092, rel=0.01)


def _tilted_odds(x, treated):
    """Odds exp(x b) whose weights balance every covariate exactly (Graham, Pinto and Egel 2012), by Newton's method."""
    scale = np.abs(x).max(axis=0)
    z = x / scale
    b = fit_logit(z, treated, ridge=1e-9)
    target = z[treated].sum(axis=0)
    for _ in range(200):
        odds = np.exp(z[~treated] @ b)
        step = np.linalg.solve(z[~treated].T @ (odds[:, None] * z[~treated]), target - odds @ z[~treated])
        b = b + step * min(1.0, 1.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-12:
            break
    return np.exp(z @ b)


@pytest.mark.parametrize("wrong", ["outcome", "treatment"])
def test_one_of_the_two_models_may_be_wrong(wrong):
    errors = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal(1500)
        if wrong == "outcome":  # the outcome is curved, the choice is not
            y, chance = np.exp(z) + rng.standard_normal(z.size), expit(0.8 * z - 0.5)
        else:  # the choice is curved, the outcome is not
            y, chance = 2 * z + rng.standard_normal(z.size), expit(z**2 - 1)
        treated = rng.random(z.size) < chance
        x = np.column_stack([np.ones(z.size), z])
        odds = np.exp(x @ fit_logit(x, treated))
        effect, influence, _ = doubly_robust_att(x, y + 1.5 * treated, treated, odds)
        errors.append((effect - 1.5) / np.sqrt((influence**2).sum()))
    assert abs(np.mean(errors)) < 4 / np.sqrt(60)
    assert 0.75 < np.std(errors) < 1.3


def test_separated_groups_do_not_break_the_logit():
    x = np.column_stack([np.ones(40), np.r_[np.zeros(20), np.ones(20)]])
    found = fit_logit(x, np.arange(40) >= 20)
    assert np.isfinite(found).all()


def test_a_regression_of_many_rows_ends_where_its_likelihood_is_flat():
    # The search begins at that of a tenth of the rows, in which a rare column has one outcome alone.
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(60_000), rng.normal(size=(60_000, 2)), np.arange(60_000) % 997 == 0])
    y = rng.random(60_000) < expit(x @ [-1.0, 0.8, -0.3, 0.5])
    y[(x[:, 3] > 0) & (np.arange(60_000) % 10 == 0)] = True
    beta = fit_logit(x, y)
    slope = x.T @ (y - expit(x @ beta)) - 1e-3 * beta
    assert np.abs(slope).max() < 1e-6
    assert beta[1] == pytest.approx(0.8, abs=0.05)


def test_the_odds_of_many_rows_are_those_of_each_fold_by_itself():
    # A column that one fold alone has, and a fold in which nearly everybody is treated: far from what all rows say.
    rng = np.random.default_rng(9)
    folds = rng.integers(0, 4, 60_000)
    x = np.column_stack([np.ones(60_000), rng.normal(size=(60_000, 2)), (folds == 0) & (rng.random(60_000) < 0.1)])
    treated = (rng.random(60_000) < expit(x @ [-1.0, 0.8, -0.3, 0.5])) | ((folds == 1) & (rng.random(60_000) < 0.9))
    odds = cross_fitted_odds(x, treated, folds)
    for k in range(4):
        alone = fit_logit(x[folds != k], treated[folds != k])
        assert np.log(odds[folds == k]) == pytest.approx(x[folds == k] @ alone, abs=1e-8)


def test_the_robustness_value_grows_with_the_evidence():
    values = [robustness_value(t, 500) for t in (0.0, 1.0, 3.0, 10.0)]
    assert values[0] == 0
    assert values == sorted(values)


def test_cross_fitting_covers_where_contacting_followed_the_customer():
    """Whoever was worth more was contacted more often: the plain difference is wrong, the range holds the truth."""
    rng = np.random.default_rng(8)
    inside, plain = 0, []
    for _ in range(60):
        x = np.column_stack([np.ones(800), rng.standard_normal((800, 3))])
        treated = rng.random(800) < expit(0.8 * x[:, 1] - 0.3 * x[:, 2] - 0.5)
        effect = 1.0 + 0.5 * x[:, 1]
        y = 2 * x[:, 1] + x[:, 3] + effect * treated + rng.standard_normal(800)
        folds = rng.permutation(800) % 5
        odds = cross_fitted_odds(x, treated, folds)
        found, influence = cross_fitted_att(x, y, treated, odds, folds)
        inside += abs(found - effect[treated].mean()) <= 1.96 * np.sqrt((influence**2).sum())
        plain.append(y[treated].mean() - y[~treated].mean() - effect[treated].mean())
    assert np.mean(plain) > 1
    assert inside >= 52  # 60 of 95%: fewer would have a probability below 1%


def test_cross_fitting_does_not_believe_its_own_noise():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(120), rng.standard_normal((120, 30))])
    treated, folds = rng.random(120) < 0.5, np.arange(120) % 5
    y = rng.standard_normal(120)
    within = np.exp(x @ fit_logit(x, treated))
    fitted = doubly_robust_att(x, y, treated, within)[1]
    crossed = cross_fitted_att(x, y, treated, cross_fitted_odds(x, treated, folds), folds)[1]
    assert (crossed**2).sum() > (fitted**2).sum()


def test_what_comparisons_take_off_is_linear_in_their_outcomes():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(200), rng.standard_normal((200, 3))])
    treated, odds, y = rng.random(200) < 0.3, rng.gamma(2.0, 0.5, 200), rng.standard_normal(200)
    effect, _, weight = doubly_robust_att(x, y, treated, odds)
    assert effect == pytest.approx(y[treated].mean() - weight @ y, abs=1e-12)
    assert weight[treated].tolist() == [0.0] * treated.sum()
    assert weight @ x == pytest.approx(x[treated].mean(axis=0))  # so a linear outcome is balanced exactly


def test_an_effect_that_comparisons_carry_is_paid_back_and_so_is_its_error():
    # A quarter of the comparison has the programme since as long: effect = compared + effect / 4, and so is its error.
    influence = np.array([0.1, -0.2, 0.3])
    gathered = Accumulator(3, 3)
    gathered.add(0, 6.0, 10.0, np.arange(3), influence, np.array([0.25, 0.0, 0.0]))
    alone = gathered.result()
    assert alone.overall == pytest.approx(8.0)
    assert np.sqrt(alone.covariance[0, 0]) == pytest.approx(np.sqrt((influence**2).sum()) / 0.75, rel=1e-6)
    # A month later half of it has the programme since a month less; a tenth since three months, for which the mean stands.
    gathered.add(1, 3.0, 30.0, np.arange(3), influence, np.array([0.5, 0.0, 0.1]))
    both = gathered.result()
    first, second = both.event_effect
    assert first == pytest.approx(8.0)
    assert second == pytest.approx(3.0 + 0.5 * first + 0.1 * both.overall)
    assert both.overall == pytest.approx((10 * first + 30 * second) / 40)


def test_cross_fitted_effects_are_found_where_who_is_treated_decides_the_outcome() -> None:
    held = held_untreated = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((800, 2))
        treated = rng.random(800) < 1 / (1 + np.exp(-z[:, 0]))
        gain = 1 + 0.5 * z[:, 0]
        y = 2 * z[:, 0] + z[:, 1] + gain * treated + rng.standard_normal(800)
        x = np.column_stack([np.ones(800), z])
        found = cross_fitted_effects(x, y, treated, rng.permutation(np.arange(800) % 5))
        held += abs(found.everybody - 1.0) <= 1.96 * np.sqrt(found.influence @ found.influence)
        truth = gain[~treated].mean()
        error = np.sqrt(found.influence_untreated @ found.influence_untreated)
        held_untreated += abs(found.untreated - truth) <= 1.96 * error
    assert held >= 51  # 57 on average; fewer than 51 happens once in 250
    assert held_untreated >= 51


def test_cross_fitted_effects_with_chance_by_lot_are_the_difference_of_means() -> None:
    rng = np.random.default_rng(4)
    treated = np.arange(4000) % 2 == 0
    y = rng.standard_normal(4000) + 3 * treated
    x, folds = np.ones((4000, 1)), rng.permutation(np.arange(4000) % 5)
    found = cross_fitted_effects(x, y, treated, folds)
    again = cross_fitted_effects(x, y, treated, folds, odds=cross_fitted_odds(x, treated, folds))
    assert again.everybody == found.everybody
    assert (again.influence == found.influence).all()
    doubled = cross_fitted_effects(x, y, treated, folds, odds=2 * cross_fitted_odds(x, treated, folds))
    assert (doubled.chance > found.chance).all()
    assert found.everybody == pytest.approx(y[treated].mean() - y[~treated].mean(), abs=0.005)
    assert found.untreated == pytest.approx(found.everybody, abs=0.005)
