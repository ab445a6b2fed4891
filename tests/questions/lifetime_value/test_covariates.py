"""Covariates in a study: read, tried, judged on the holdout, and every figure then follows the levels."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue import figures
from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.lifetime import customer_value, dert, fit_spend, fit_with_covariates, value_levers
from cxvalue.lifetime.families.registry import COVARIATES, FAMILIES, MODEL_TITLES
from cxvalue.lifetime.fitting import sampled
from cxvalue.lifetime.fitting.robust import robust_covariance
from cxvalue.lifetime.models.by_level import CovariateModel, Newcomers, parts
from cxvalue.lifetime.prediction.whole_base import WholeBase
from cxvalue.questions.campaigns.dormancy import sleeping_value
from cxvalue.questions.churn.churn import segment_table, study_churn
from cxvalue.questions.churn.early_warning import early_warning
from cxvalue.questions.lifetime_value import cltv_fit, forecast, past_forecasts, tracking
from cxvalue.questions.lifetime_value import horizons as cltv_value
from cxvalue.questions.lifetime_value.base_forecast import forecast_base, weights_of
from cxvalue.questions.lifetime_value.covariate_findings import covariate_findings, covariates_display, levels_display
from cxvalue.questions.lifetime_value.covariates import (
    FEWEST_ALIKE,
    Covariates,
    Labels,
    covariate_problems,
    find_no_better,
    labels_of,
)
from cxvalue.questions.lifetime_value.tables import covariates_table, models_table
from cxvalue.simulate import simulate, write_world
from cxvalue.simulate.shop_world import AS_OF, HISTORY_DAYS, ShopParameters
from cxvalue.study import load_study_file
from cxvalue.study.consistency import COVARIATE_MODELS
from cxvalue.tables.states import PurchaseStates, purchase_states_from_purchases
from cxvalue.workspace.check import check
from cxvalue.workspace.opened import load_study
from tests.calibration.covariates import tables
from tests.lifetime.bases import NOTHING_PAST

START = AS_OF - timedelta(days=HISTORY_DAYS - 1)
TRUE = ShopParameters(gold_share=0.3, gold_pace=2.5, gold_leaving=0.6)


@cache
def world() -> tuple[ibis.Table, Labels, dict[str, float]]:
    """1,200 customers of a shop with a segment "gold", and their truth."""
    return tables(3, 1_200, TRUE)


@cache
def fitted() -> cltv_fit.CltvFit:
    purchases, labels, _ = world()
    fit = forecast.fit_cltv(
        purchases,
        as_of=AS_OF,
        observed_from=START,
        models=("bg_nbd", "mbg_nbd"),
        holdout_start=date(2025, 10, 1),
        labels=labels,
    )
    return cltv_fit.CltvFit.from_dict(json.loads(json.dumps(fit.to_dict()))).with_labels(labels)


@cache
def states() -> PurchaseStates:
    return purchase_states_from_purchases(world()[0], as_of=AS_OF, per_customer=True)


def by_level() -> CovariateModel:
    model = fitted().model
    assert isinstance(model, CovariateModel)
    return model


@cache
def based(months: int = 24, rate: float = 0.1) -> WholeBase:
    """What the study is told where it names its models: several of them, so that all are combined."""
    return forecast_base(fitted(), world()[0], states(), horizon_months=months, annual_discount_rate=rate, draws=100)


@cache
def named() -> tuple[cltv_fit.CltvFit, WholeBase]:
    """The same where one model is asked for by name: its value stands."""
    fit = replace(fitted(), combines=False, past=NOTHING_PAST)
    return fit, forecast_base(fit, world()[0], states(), horizon_months=24, annual_discount_rate=0.1, draws=400)


def valued(model=None, **how):
    wanted = {"horizon_months": 24, "annual_discount_rate": 0.1, "draws": 400} | how
    return customer_value(fitted().model if model is None else model, fitted().spend, states(), **wanted)


def test_the_levels_are_chosen_by_the_holdout_and_published() -> None:
    fit = fitted()
    assert fit.selected == fit.forecast == "bg_nbd_covariates"
    names = [model.name for model in fit.calibration]
    assert names == ["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_nbd_covariates", "mbg_nbd_covariates"]
    scores = {score.model: score.log_score for score in fit.scores}
    assert scores["bg_nbd_covariates"] > scores["bg_nbd"] + 2
    table = models_table(fit)
    own = table[(table["model"] == "bg_nbd_covariates") & (table["window"] == "full")].set_index("parameter")
    assert own.index.tolist() == ["r", "alpha", "a", "b", "purchases, segment gold", "leaving, segment gold"]
    assert own["aic"].iloc[0] == pytest.approx(2 * 6 - 2 * own["log_likelihood"].iloc[0])
    published = covariates_table(fit).set_index("about")
    assert published["used"].all()
    for about, truth in (("purchases", 2.5), ("leaving", 0.6)):
        row = published.loc[about]
        wide = next(one for one in by_level().coefficients_at(0.999) if one.about == about)
        assert wide.low < truth < wide.high
        assert wide.low < row["low"] < row["ratio"] < row["high"] < wide.high
        assert own.loc[f"{about}, segment gold", ["estimate", "low", "high"]].tolist() == pytest.approx(
            [row["ratio"], row["low"], row["high"]]
        )
    assert covariates_table(fit, suppress_below=500).empty


def test_values_are_those_of_the_model_of_each_level_and_cover_what_came() -> None:
    value, truth = valued(), world()[2]
    assert value.equity.low < truth["cltv.equity"] < value.equity.high
    assert value.new_customer.low < truth["cltv.new_customer"] < value.new_customer.high
    gold = world()[1].of(states().customer_id)["segment"] == "gold"
    labels = [label[0] for label in by_level().labels]
    for label, rows in (("gold", gold), ("standard", ~gold)):
        one = by_level().models[labels.index(label)]
        own = customer_value(one, fitted().spend, states().take(rows), horizon_months=24, annual_discount_rate=0.1)
        for name in ("cltv", "p_alive", "expected_transactions", "p_return_90d"):
            assert getattr(value, name)[rows] == pytest.approx(getattr(own, name), rel=1e-9)
        assert (value.rhythm_broken[rows] == own.rhythm_broken).all()
        # The bounds of a customer are simulated: the same but for chance.
        assert value.cltv_high[rows].sum() == pytest.approx(own.cltv_high.sum(), rel=0.03)
    fit, base = named()
    assert base.value.equity.value == pytest.approx(value.equity.value, rel=1e-12)
    assert base.value.cltv == pytest.approx(value.cltv, rel=1e-12)
    assert base.value.equity.low < value.equity.low < value.equity.high < base.value.equity.high
    table = cltv_value.value_by_level(fit, base, states()).set_index("level")
    assert table.loc["gold", "cltv"] == pytest.approx(value.cltv[gold].sum())
    assert table["cltv"].sum() == pytest.approx(value.equity.value)
    assert (table["low"] < table["cltv"]).all()
    assert table.loc["gold", "new_customer"] > table.loc["standard", "new_customer"]
    for one in ("gold", "standard"):
        own = table.loc[one, ["new_customer_low", "new_customer", "new_customer_high"]].tolist()
        assert own == sorted(own)
    share = (states().age_days[gold] < 365).sum() / (states().age_days < 365).sum()
    mean = share * table.loc["gold", "new_customer"] + (1 - share) * table.loc["standard", "new_customer"]
    assert mean == pytest.approx(value.new_customer.value)
    few = int(gold.sum()) + 1
    assert cltv_value.value_by_level(fit, base, states(), suppress_below=few).empty  # the others would give them away
    assert cltv_value.value_by_level(replace(fit, covariates=None), base, states()).empty


def test_combined_the_levels_still_add_up_and_the_truth_lies_inside() -> None:
    fit, base, truth = fitted(), based(), world()[2]
    assert fit.combines
    assert base.combined
    assert base.value.equity.low < truth["cltv.equity"] < base.value.equity.high
    assert base.value.new_customer.low < truth["cltv.new_customer"] < base.value.new_customer.high
    assert 0 < weights_of(base, fit)["bg_nbd_covariates"] < 1
    table = cltv_value.value_by_level(fit, base, states()).set_index("level")
    assert table["cltv"].sum() == pytest.approx(base.value.equity.value)
    assert table["expected_transactions"] @ table["customers"] == pytest.approx(base.value.expected_purchases.value)
    gold = world()[1].of(states().customer_id)["segment"] == "gold"
    assert table.loc["gold", "cltv"] == pytest.approx(base.value.cltv[gold].sum())
    assert table.loc["gold", "cltv_mean"] > table.loc["standard", "cltv_mean"]


def test_the_levels_are_drawn_jointly() -> None:
    model = by_level()
    one, other = (part.draw(4_000, np.random.default_rng(1)) for part in model.models)
    # r and b are shared, the pace and the odds of leaving differ by a ratio whose spread is that of its coefficient.
    assert one[:, [0, 3]] == pytest.approx(other[:, [0, 3]])
    errors = [c.se for c in model.coefficients]
    ratio = np.log(one[:, [1, 2]] / other[:, [1, 2]])
    assert ratio.std(axis=0) == pytest.approx(errors, rel=0.05)
    together = np.cov(np.log(np.hstack([one, other])).T)
    turn = np.vstack(model.turns)
    assert together == pytest.approx(turn @ model.covariance @ turn.T, abs=0.05 * np.diag(together).max())


def test_of_a_large_base_everybody_is_fitted_where_labels_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    # A model of a sample has not seen a rare pair of levels, and could not be asked about it.
    monkeypatch.setattr(sampled, "LARGEST_WHOLE", 300)
    monkeypatch.setattr(sampled, "SAMPLE", 200)
    purchases, labels, _ = world()
    region = np.where(np.arange(labels.customer_id.size) % 9 == 0, "north", "south").astype(object)
    region[np.flatnonzero(labels.columns["segment"] == "gold")[3:]] = "south"
    both = Labels(labels.customer_id, {**labels.columns, "region": region})
    fit = forecast.fit_cltv(
        purchases, as_of=AS_OF, observed_from=START, models="bg_nbd", holdout_start=date(2025, 10, 1), labels=both
    )
    known = {model.customers for model in fit.calibration}
    assert min(known) == max(known) > 300
    assert {one.model for one in fit.scores} == {model.name for model in fit.calibration}


def test_labels_that_say_nothing_are_not_followed_and_leave_the_interval_as_it_is() -> None:
    purchases, _, _ = world()
    ids = np.unique(states().customer_id.astype(str)).astype(object)
    half = np.random.default_rng(2).integers(0, 2, ids.size)
    labels = Labels(ids, {"half": np.where(half == 1, "x", "y").astype(object)})
    fit = forecast.fit_cltv(
        purchases, as_of=AS_OF, observed_from=START, models="bg_nbd", holdout_start=date(2025, 10, 1), labels=labels
    )
    assert fit.forecast == "bg_nbd"
    assert find_no_better(fit.calibration) == {"bg_nbd_covariates"}
    assert not covariates_table(fit)["used"].any()
    plain = valued(fit.model, draws=1_000)
    same = next(model for model in fit.full if model.name == "bg_nbd_covariates")
    split = valued(same, draws=1_000)
    assert split.equity.value == pytest.approx(plain.equity.value, rel=0.02)
    # Drawn apart, the two halves would leave an interval of the parameters about 0.7 times as wide.
    for name in ("equity", "expected_purchases_12m", "new_customer"):
        widths = [getattr(v, name).high - getattr(v, name).low for v in (split, plain)]
        assert 0.9 < widths[0] / widths[1] < 1.15
    text = covariate_findings(fit)[0].text
    assert "does not follow half" in text
    assert "about as often" in text


def test_a_covariate_that_says_nothing_beside_another_is_left_out() -> None:
    labels = world()[1]
    half = np.random.default_rng(4).choice(["x", "y", "z"], labels.customer_id.size).astype(object)
    both = Labels(labels.customer_id, {**labels.columns, "half": half, "twin": labels.columns["segment"]})
    rule = Covariates.found(both, states()).drop_needless(both, states(), fitted().full[:4])
    # "twin" says the same as the segment, so that one of the two is enough.
    assert [one.name for one in rule.used] in (["segment"], ["twin"])
    assert rule.reason.count("left out") == 2
    assert "half" in rule.reason


def test_a_few_worlds_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys.modules["cxvalue.simulate.shop_world"], "NEW_CUSTOMERS_FOR_TRUTH", 100
    )  # not asked about here
    inside = []
    for seed in range(11, 15):
        purchases, labels, truth = tables(seed, 400, TRUE)
        who = purchase_states_from_purchases(purchases, as_of=AS_OF, per_customer=True)
        one = fit_with_covariates(who, labels.of(who.customer_id))
        value = customer_value(one, fit_spend(who), who, horizon_months=24, annual_discount_rate=0.1, draws=300)
        inside.append(value.equity.low < truth["cltv.equity"] < value.equity.high)
    # Of 95% intervals, fewer than 3 of 4 inside would have a probability of 1.4%; the seeds are fixed.
    assert sum(inside) >= 3


def test_the_way_for_large_bases_agrees_with_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    simulated = valued(draws=400)
    monkeypatch.setattr("cxvalue.lifetime.prediction.value.can_interpolate", lambda *_: True)
    monkeypatch.setattr("cxvalue.lifetime.prediction.value._FEW", 0)
    summed = valued(draws=400)
    assert summed.equity.value == pytest.approx(simulated.equity.value)
    for name in ("equity", "expected_purchases", "expected_purchases_12m"):
        a, b = getattr(summed, name), getattr(simulated, name)
        assert (a.low, a.high) == pytest.approx((b.low, b.high), rel=0.04)
    assert summed.cltv_high.sum() == pytest.approx(simulated.cltv_high.sum(), rel=0.05)


def test_everything_beside_the_value_follows_the_levels() -> None:
    fit, purchases, who = fitted(), world()[0], states()
    value = valued(draws=50)
    levers = value_levers(
        fit.model, fit.spend, who, dormancy_days=120, horizon_months=24, annual_discount_rate=0.1, draws=100
    )
    assert levers.equity.value == pytest.approx(value.equity.value, rel=1e-6)
    assert all(lever.gain.low <= lever.gain.value <= lever.gain.high and not lever.withheld for lever in levers.levers)
    separate = [
        value_levers(
            part.model, fit.spend, part.states, dormancy_days=120, horizon_months=24, annual_discount_rate=0.1, draws=20
        )
        for part in parts(fit.model, who)
    ]
    assert levers.levers[0].gain.value == pytest.approx(sum(one.levers[0].gain.value for one in separate))
    assert levers.active == sum(one.active for one in separate)
    horizons = cltv_value.horizons_table(*named(), who, annual_discount_rate=0.1)
    at = horizons[(horizons["horizon_months"] == 24) & (horizons["annual_discount_rate"] == 0.1)]
    assert at["value"].iloc[0] == pytest.approx(value.equity.value, rel=1e-6)
    assert horizons["value"].notna().all()
    assert dert(fit.model, who, 0.1).sum() > value.expected_transactions.sum()
    mix = Newcomers.of(fit.model, who)
    late = who.take(who.age_days < 365)
    assert mix.customers.sum() == len(late)
    paid = cltv_value.payback(fit.model, fit.spend, who, 20.0, annual_discount_rate=0.1)
    assert paid.low is not None
    assert paid.months is not None
    assert paid.low <= paid.months
    alone, base = named()
    combined = study_churn(fit, based(), who, purchases, dormancy_days=120, observed_from=START, draws=100)
    assert combined.model == "combination"
    assert combined.losses is not None
    assert combined.losses.rate.low < world()[2]["churn.rate"] < combined.losses.rate.high
    churn = study_churn(alone, base, who, purchases, dormancy_days=120, observed_from=START, draws=100)
    assert churn.losses is not None
    assert churn.losses.rate.low < world()[2]["churn.rate"] < churn.losses.rate.high
    assert churn.probabilities == pytest.approx(
        1 - fit.model.p_return(churn.active, fit.model.time_unit.from_months(12)), abs=1e-9
    )
    gold = {"segment": world()[1].of(churn.active.customer_id)["segment"]}
    assert (segment_table(churn, gold)["rate_low"] > 0).all()
    assert early_warning(churn, fit.model, purchases)["reason"].str.contains("usual rhythm broken").any()
    asleep = sleeping_value(alone, base, who, days=120)
    assert asleep is not None
    sleeping = who.age_days - who.recency_days >= 120
    assert asleep.value[0] == pytest.approx(value.cltv[sleeping].sum(), rel=1e-6)
    rolled = past_forecasts.rolling_table(fit, purchases, START, most=2)
    assert (rolled["model"] == "bg_nbd_covariates").sum() == 2
    tested = past_forecasts.backtest_margin(alone, purchases, NOTHING_PAST, draws=200)
    assert tested is not None
    assert tested.inside
    assert tested.model == "bg_nbd_covariates"
    weeks = tracking.tracking_table(fit, purchases)
    assert weeks["bg_nbd_covariates"].sum() == pytest.approx(weeks["bg_nbd"].sum(), rel=0.05)
    means = tracking.calibration_by_frequency(fit, purchases)
    drawn = figures.holdout_calibration(means, MODEL_TITLES, chosen=fit.selected).axes[0].lines
    looks = {line.get_label(): line for line in drawn}
    assert looks["BG/NBD + covariates"].get_color() == looks["BG/NBD"].get_color()
    assert looks["BG/NBD + covariates"].get_linestyle() == "-" != looks["BG/NBD"].get_linestyle()
    assert means["bg_nbd_covariates"] @ means["customers"] == pytest.approx(fit.score.predicted)


def test_what_has_no_answer_by_level_is_refused() -> None:
    model = by_level()
    with pytest.raises(CxvalueError, match="each combination"):
        model.expected_new(12.0)
    with pytest.raises(CxvalueError, match="each combination"):
        model.draw(10, np.random.default_rng(1))
    with pytest.raises(CxvalueError, match="not worked out"):
        robust_covariance(model, states())
    with pytest.raises(CxvalueError, match="not the customers"):
        model.p_alive(replace(states(), customer_id=None))
    unseen = replace(model.members, absent=-1)
    stranger = states().take(np.array([0]))
    stranger.customer_id[0] = "nobody"
    with pytest.raises(CxvalueError, match="not the customers"):
        replace(model, members=unseen).p_alive(stranger)
    assert model.typical.params["alpha"] == pytest.approx(model.params["alpha"])


def test_rare_levels_are_counted_together_and_empty_cells_are_a_level() -> None:
    size = 8 * FEWEST_ALIKE
    label = np.array(
        ["a"] * 3 * FEWEST_ALIKE + ["b"] * 2 * FEWEST_ALIKE + [""] * FEWEST_ALIKE + ["c", "d"] * FEWEST_ALIKE,
        dtype=object,
    )
    ids = np.array([f"{n:05d}" for n in range(size)], dtype=object)
    table = ibis.memtable(pd.DataFrame({"customer_id": ids, "source": label, "plan": ["x"] * (size - 3) + ["y"] * 3}))
    labels = labels_of(table, ["source", "plan"])
    who = replace(states().take(np.zeros(size, dtype=int)), customer_id=ids)
    few = who.take(np.r_[0 : 8 * FEWEST_ALIKE - 20])  # c and d are then below the limit, together above it
    rule = Covariates.found(labels, few)
    assert [one.name for one in rule.used] == ["source"]
    assert "plan" in rule.reason
    assert rule.used[0].levels == ("a", "b", "other", "not known")
    assert rule.used[0].rest == "other"
    read = rule.read(labels, np.append(ids, "no row"))["source"]
    counted = pd.Series(read).value_counts().to_dict()
    assert counted == {
        "a": 3 * FEWEST_ALIKE,
        "b": 2 * FEWEST_ALIKE,
        "other": 2 * FEWEST_ALIKE,
        "not known": FEWEST_ALIKE + 1,
    }
    assert Covariates.from_dict(json.loads(json.dumps(rule.to_dict()))) == rule
    # Too few together: they count with the level that most have.
    fewer = Covariates.found(labels, who.take(np.r_[0 : 6 * FEWEST_ALIKE + 20]))
    assert fewer.used[0].levels == ("a", "b", "not known")
    assert fewer.used[0].rest == "a"


def test_the_study_file_names_the_models_that_can() -> None:
    # Reading a study file loads no models, so it has a list of its own.
    assert set(COVARIATE_MODELS) == set(COVARIATES.values()) == {one.name for one in FAMILIES.values() if one.moves}


def test_columns_that_are_no_covariates_are_all_named() -> None:
    customers = ibis.memtable(
        pd.DataFrame(
            {
                "customer_id": [f"{n}" for n in range(40)],
                "age": [f"{n}" for n in range(40)],
                "same": "x",
                "segment": "s",
            }
        )
    )
    found = covariate_problems(["segmant", "age", "same", "customer_id"], customers)
    said = " ".join(str(one) for one in found)
    assert len(found) == 4
    assert "'segment'" in said
    assert "40 different values; at most 12" in said
    assert "has the same value for every customer" in said
    assert covariate_problems([], None) == []
    assert "lacks" in covariate_problems(["segment"], None)[0].found


@pytest.mark.parametrize(
    ("cltv_key", "more", "said"),
    [
        ("covariates: [segment]", "", "needs the table 'customers'"),
        ("covariates: [segment, segment]", "", "is named 2 times"),
        ("covariates: [a, b, c, d]", "", "at most 3"),
        ("covariates: segment, models: nbd", "", "none of them is among cltv.models"),
        ("covariates: [segment]", "contract: contractual", "only for customers without a contract"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(cltv_key: str, more: str, said: str, tmp_path: Path) -> None:
    text = f"name: {tmp_path.name}\ncurrency: EUR\ntables: {{transactions: {{path: t.csv}}}}\ncltv: {{{cltv_key}}}\n{more}\n"
    (tmp_path / "study.yml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        load_study_file(tmp_path / "study.yml")


def test_a_study_with_covariates_is_prepared_and_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    parameters = {"gold_share": 0.3, "gold_pace": 3.0}
    path = write_world(simulate("shop", seed=2, customers=600, parameters=parameters), tmp_path / "shop")
    text = path.read_text(encoding="utf-8").replace("models: auto", "models: [bg_nbd]")
    path.write_text(text, encoding="utf-8")
    assert load_study_file(path).cltv.covariates == ("segment",)
    opened = load_study(path)
    fit = opened.cltv
    assert fit.forecast == "bg_nbd_covariates"
    assert fit.model.p_alive(opened.states()).size == 600
    finding = covariate_findings(fit)[0]
    assert finding.low is not None
    assert finding.low < 3.0 < finding.high
    assert "segment gold buy" in finding.text
    assert "may change nothing" in finding.text
    assert "times" in covariates_display(covariates_table(fit)).to_html()
    shown = cltv_value.value_by_level(fit, opened.base, opened.states())
    assert "gold" in levels_display(shown, "EUR").to_html()
    path.write_text(text.replace("- segment", "- sector"), encoding="utf-8")
    with pytest.raises(BadInput, match="'sector' is not in the table 'customers'"):
        check(path)
