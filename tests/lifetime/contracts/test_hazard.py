"""The hazard model against statsmodels, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.hazard import OTHER, cell_scores, fit_hazard, robust, worth_keeping


def cells_of(rng: np.random.Generator, size: int = 60) -> pd.DataFrame:
    table = pd.DataFrame({"plan": rng.choice(["a", "b", "c"], size), "region": rng.choice(["n", "s"], size)})
    rate = 0.03 * 1.6 ** (table["plan"] == "b") * 0.7 ** (table["region"] == "s")
    table["at_risk"] = rng.integers(50, 900, size)
    table["ended"] = rng.binomial(table["at_risk"], rate)
    return table


def test_coefficients_errors_and_likelihood_are_those_of_statsmodels() -> None:
    import statsmodels.api as sm

    cells = cells_of(np.random.default_rng(3))
    model = fit_hazard(cells, ["plan", "region"], order={"plan": ["a", "b", "c"], "region": ["n", "s"]})
    x = model.design(cells)
    counts = np.column_stack([cells["ended"], cells["at_risk"] - cells["ended"]])
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    other = sm.GLM(counts, x, family=family).fit(method="newton", tol=1e-12)
    assert model.coef == pytest.approx(other.params, abs=1e-6)
    fisher = sm.GLM(counts, x, family=family).fit(tol=1e-13)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(fisher.bse, rel=1e-5)
    from scipy.stats import binom

    constant = binom.logpmf(cells["ended"], cells["at_risk"], model.hazard(cells)).sum() - fisher.llf
    assert constant == pytest.approx(0.0, abs=1e-6)


def test_the_sandwich_is_that_of_statsmodels_on_single_months() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    months = pd.DataFrame({"plan": rng.choice(["a", "b"], 3000), "group": rng.integers(0, 40, 3000)})
    months["ended"] = rng.random(3000) < 0.05 * np.exp(0.6 * rng.standard_normal(40))[months["group"]]
    grouped = months.groupby("plan")["ended"].agg(["size", "sum"]).reset_index()
    cells = grouped.rename(columns={"size": "at_risk", "sum": "ended"})
    model = fit_hazard(cells, ["plan"], order={"plan": ["a", "b"]})
    x, gone, stayed = cell_scores(model, cells)
    cell = months["plan"].eq("b").to_numpy().astype(int)
    score = np.where(months["ended"], gone[cell], stayed[cell])[:, None] * x[cell]
    sums = pd.DataFrame(score).groupby(months["group"].to_numpy()).sum().to_numpy()
    found = robust(model, sums.T @ sums, 40)
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    fitted = sm.GLM(months["ended"].astype(float), x[cell], family=family).fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": months["group"].to_numpy(), "use_correction": False}
    )
    # statsmodels takes the observed information of this link, ours is the expected one: equal up to sampling.
    ours, theirs = np.sqrt(np.diag(found.covariance)), fitted.bse * np.sqrt(40 / 39)
    assert ours == pytest.approx(theirs, rel=0.02)
    assert found.clusters == 40


def test_rare_levels_are_gathered_and_a_driver_without_a_difference_in_level_drops_out() -> None:
    cells = pd.DataFrame(
        {"plan": ["a", "b", "c", "d"], "same": "x", "at_risk": [1000, 900, 60, 50], "ended": [50, 40, 3, 4]}
    )
    model = fit_hazard(cells, ["plan", "same"])
    assert model.levels == {"plan": ("a", "b", OTHER)}
    assert model.ratios().loc[2, ["at_risk", "ended"]].tolist() == [110, 7]
    new = pd.DataFrame({"plan": ["a", "never seen", "c"]})
    assert model.hazard(new)[1] == model.hazard(new)[2] == pytest.approx(7 / 110, rel=1e-6)
    alone = fit_hazard(cells.iloc[[0, 1, 2]], ["plan"])
    assert alone.levels == {"plan": ("a", "b")}  # the rare one went to the largest
    with pytest.raises(CxvalueError, match=r"Too few contracts ended: 7\. At least 20 ends are needed"):
        fit_hazard(cells.iloc[2:], ["plan"])


@pytest.mark.parametrize(("worlds", "least", "most"), [(40, 0.82, 1.0), (200, 0.9, 0.99)])
def test_the_intervals_of_known_ratios_cover(worlds: int, least: float, most: float) -> None:
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(worlds):
        cells = cells_of(rng, 30)
        table = fit_hazard(cells, ["plan", "region"], order={"plan": ["a"], "region": ["n"]}).ratios()
        row = table.set_index(["driver", "level"])
        # ln(1 - p) of a rate r is not exactly linear in it: the true ratio of -ln(1 - p).
        truth = np.log1p(-0.03 * 1.6) / np.log1p(-0.03)
        inside.append(row.loc[("plan", "b"), "low"] <= truth <= row.loc[("plan", "b"), "high"])
    assert least <= np.mean(inside) <= most


def test_draws_have_the_mean_and_the_covariance_of_the_fit() -> None:
    model = fit_hazard(cells_of(np.random.default_rng(6)), ["plan"])
    drawn = model.draw(20_000, np.random.default_rng(1))
    assert drawn.mean(axis=0) == pytest.approx(model.coef, abs=0.01)
    assert np.cov(drawn.T) == pytest.approx(model.covariance, rel=0.1, abs=2e-4)
    columns = model.hazard(pd.DataFrame({"plan": ["a", "b"]}), drawn)
    assert columns.shape == (2, 20_000)


def test_a_driver_is_kept_only_where_the_data_asks_for_it() -> None:
    cells = pd.DataFrame({"season": ["x", "y"], "noise": ["u", "u"], "at_risk": [4000, 4000], "ended": [100, 180]})
    assert worth_keeping(cells, ["season"], "season")
    assert not worth_keeping(cells, ["season", "noise"], "noise")
    close = cells.assign(ended=[100, 110])
    assert not worth_keeping(close, ["season"], "season")
