"""The world `bank`: the same for a seed, sound as a study, its truth counted again by hand, and hard where it should be."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxvalue.cli.commands import main
from cxvalue.foundation.errors import BadInput
from cxvalue.questions.customers.audit import base_counts
from cxvalue.simulate import bank, simulate, write_world
from cxvalue.simulate.bank_draw import FIRST_MONTH, PROGRAMME, BankParameters, counts_from, draw_bank
from cxvalue.simulate.bank_fines import draw_service, service_truth
from cxvalue.simulate.bank_truth import truth_of
from cxvalue.study import load_study_file
from cxvalue.workspace.check import check
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare

NAME = f"programme.{PROGRAMME}"
DESIGNS = ("staggered", "experiment", "cluster_experiment", "matched", "single_unit")
TINY = {"branches": 8, "months": 18}
FLAGS = {"true": True, "false": False}


def first_of(number: int) -> date:
    whole = FIRST_MONTH.year * 12 + FIRST_MONTH.month - 1 + number
    return date(whole // 12, whole % 12 + 1, 1)


def test_a_seed_makes_the_same_bank_and_another_seed_another():
    one, again, other = (bank(200, seed, BankParameters(**TINY)) for seed in (3, 3, 4))
    assert one.truth == again.truth != other.truth
    assert one.tables.keys() == again.tables.keys()
    assert all(one.tables[name].equals(again.tables[name]) for name in one.tables)


@pytest.mark.parametrize("design", DESIGNS)
def test_a_bank_of_every_design_is_a_sound_study(tmp_path: Path, design):
    path = write_world(bank(500, 2, BankParameters(design=design, **TINY)), tmp_path / "mybank")
    assert "no problems were found" in check(path)
    assert load_study_file(path).programmes[0].design == design.removeprefix("cluster_")
    assert json.loads((path.parent / "truth.json").read_text())[f"{NAME}.verdict"] in ("PASS", "FAIL")


@pytest.mark.usefixtures("without_forecast")
def test_the_customer_base_is_what_the_product_counts(tmp_path: Path):
    world = bank(600, 2, BankParameters(**TINY))
    study = Study(prepare(write_world(world, tmp_path / "mybank")), None)
    counts = base_counts(study.table("transactions"), as_of=world.study["as_of"], dormancy_days=120)
    assert (counts.customers, counts.active) == (world.truth["base.customers"], world.truth["base.active"])
    assert counts.customers < 600  # some customers of earlier years had left before the first month observed


@pytest.mark.parametrize("design", ["staggered", "matched"])
def test_the_truth_counted_again_customer_by_customer(design):
    # By the text of the contract, from the tables of the world and the second life of each customer.
    world = bank(500, 5, BankParameters(design=design, one_off=900.0, monthly=40.0, horizon_months=24, **TINY))
    drawn = draw_bank(500, 5, BankParameters(design=design, **TINY))
    unit = "customer_id" if design == "matched" else "branch"
    starts = world.tables["rollout"].set_index("unit")["start"]
    paid = world.tables["transactions"]
    paid = paid.groupby(["customer_id", paid["date"].dt.to_period("M")])["margin"].sum()
    as_of, months = world.study["as_of"], TINY["months"]
    changes, by_age, treated_from = [], {}, []
    for row, person in world.tables["customers"].iterrows():
        start, came = starts[person[unit]], person["acquired_on"].date()
        if pd.isna(start) or came >= start.date():
            continue
        for month in range(months):
            if first_of(month) >= start.date() and first_of(month + 1) - timedelta(days=1) <= as_of:
                got = paid.get((person["customer_id"], pd.Period(first_of(month), "M")), 0.0)
                begin = next(number for number in range(months) if first_of(number) >= start.date())
                changes.append(got - drawn.without_it[row, month])
                by_age.setdefault(month - begin, []).append(changes[-1])
        later = [number for number in range(months) if first_of(number) >= start.date()]
        treated_from += later[:1]
    assert world.truth[f"{NAME}.treated_customer_months"] == len(changes)
    assert world.truth[f"{NAME}.effect"] == pytest.approx(np.mean(changes), abs=1e-3)
    effects = [np.mean(by_age[age]) for age in sorted(by_age)]
    assert world.truth[f"{NAME}.event_effects"] == pytest.approx(effects, abs=1e-2)
    begin = min(treated_from)
    spent = 900 + 40 * (months - begin)
    assert world.truth[f"{NAME}.contribution_to_date"] == pytest.approx(sum(changes) - spent, rel=1e-3)
    total, payback = -900.0, None
    for later in range(1, 25):
        earned = 0.0
        for start in treated_from:
            age = begin + later - 1 - start
            if age >= 0:
                earned += effects[age] if age < len(effects) else np.mean(effects[-3:])
        total += (earned - 40) / 1.12 ** (later / 12)
        if total < 0:
            payback = None
        elif payback is None:
            payback = later
    assert world.truth[f"{NAME}.npv"] == pytest.approx(total, rel=2e-3)
    assert world.truth[f"{NAME}.payback_months"] == payback
    assert world.truth[f"{NAME}.verdict"] == ("PASS" if total >= 0 else "FAIL")


def test_the_difference_between_the_arms_of_an_experiment_is_the_truth_on_average():
    errors = []
    for seed in range(150):
        drawn = draw_bank(1200, seed, BankParameters(design="experiment", **TINY))
        first = int(drawn.start.max())
        inside = drawn.acquired < drawn.start_day.max()
        margin = drawn.observed[inside, first:].mean(axis=1)
        treated = drawn.start[inside] >= 0
        errors.append(margin[treated].mean() - margin[~treated].mean() - truth_of(drawn)[f"{NAME}.effect"])
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors))
    assert np.std(errors) < 2  # so that a bias of one euro would be seen


def before_and_after(drawn, months=3):
    """Mean margin of the treated in the months after their start, minus that in as many before it."""
    rows = np.flatnonzero((drawn.start >= 0) & (counts_from(drawn) <= drawn.base - months + 1))
    pick = np.arange(months)
    after = drawn.start[rows][:, None] + pick
    known = after < drawn.observed.shape[1]
    before = drawn.observed[rows[:, None], drawn.base[rows][:, None] - pick]
    then = drawn.observed[rows[:, None], np.minimum(after, drawn.observed.shape[1] - 1)]
    return float(then[known].mean() - before[known].mean())


def test_before_and_after_flatters_a_programme_given_after_a_bad_month():
    # The programme does nothing: what looks like its success is the return to the usual.
    claims = []
    for seed in range(8):
        drawn = draw_bank(3000, seed, BankParameters(design="matched", effect_scale=0.0, months=24))
        assert truth_of(drawn)[f"{NAME}.effect"] == 0
        claims.append(before_and_after(drawn, months=1))
    assert min(claims) > 5  # of a mean margin of about 34 a month


def test_before_and_after_hides_the_good_of_a_programme_whose_customers_leave_anyway():
    true = BankParameters(leaving=0.03, season=0.0, growth=0.0, months=30, branches=30)
    claims, truths = [], []
    for seed in range(5):
        drawn = draw_bank(3000, seed, true)
        claims.append(before_and_after(drawn, months=6))
        truths.append(truth_of(drawn)[f"{NAME}.effect"])
    assert np.mean(claims) < 0 < np.mean(truths)


def test_branches_that_start_early_grow_anyway_only_where_they_should():
    def early_growth(value):
        drawn = draw_bank(6000, 1, BankParameters(early_growth=value, leaving=0.0, season=0.0, months=24))
        old = (drawn.acquired < 0) & (drawn.start_day >= 0)
        early = drawn.start_day < np.median(drawn.start_day[old])
        before = drawn.without_it[:, 4:8].sum(axis=1) / drawn.without_it[:, :4].sum(axis=1).mean()
        return before[old & early].mean() - before[old & ~early].mean()

    assert early_growth(0.05) - early_growth(0.0) > 0.05


@pytest.mark.parametrize("design", ["staggered", "matched"])
def test_without_an_effect_both_lives_are_one(design):
    drawn = draw_bank(800, 1, BankParameters(design=design, effect_scale=0.0, **TINY))
    assert np.array_equal(drawn.with_it, drawn.without_it)
    made = service_truth(drawn, draw_service(drawn, np.random.default_rng(1)))
    # Agents still waive, and spare the approvals; what customers do stays the same.
    assert made.pop(f"{NAME}.fines_waived_to_date") > 0
    assert made.pop(f"{NAME}.approvals_avoided_to_date") > 0
    assert set(made.values()) == {0}


def test_the_effect_is_larger_in_larger_branches_and_fades_where_it_is_told_to():
    def relative(drawn, rows, since):
        month = drawn.start[rows] + since
        return drawn.with_it[rows, month].sum() / drawn.without_it[rows, month].sum() - 1

    drawn = draw_bank(8000, 2, BankParameters(retention=0.0, size_power=0.5, fade=0.1, branches=20))
    size = np.bincount(drawn.branch)[drawn.branch]
    treated = np.flatnonzero(drawn.start >= 0)
    large = size[treated] > np.median(size[treated])
    assert relative(drawn, treated[large], 3) > 1.2 * relative(drawn, treated[~large], 3)
    # The same branches ten months apart, of which none can end before the data does.
    assert relative(drawn, treated, 11) == pytest.approx(relative(drawn, treated, 1) * np.exp(-1.0), rel=0.1)


def test_fines_and_calls_follow_the_policy():
    true = BankParameters(cap=60.0, waivers_a_year=2, months=24, branches=12)
    world = bank(3000, 4, true)
    fees, calls = world.tables["fees"], world.tables["interactions"]
    people = world.tables["customers"].set_index("customer_id")
    starts = world.tables["rollout"].set_index("unit")["start"]
    waived = fees[fees["waived"].map(FLAGS)]
    assert len(waived) > 100
    assert waived["amount"].max() <= 60
    assert (waived["date"] >= waived["customer_id"].map(people["branch"]).map(starts)).all()
    assert waived.groupby(["customer_id", waived["date"].dt.year]).size().max() == 2
    assert world.truth[f"{NAME}.fines_waived_to_date"] == pytest.approx(waived["amount"].sum())
    # Half of all calls are about a fine, and each takes three approvals where no agent may waive it.
    never = calls["customer_id"].map(people["branch"]).map(starts).isna()
    assert (calls[never]["reason"] == "fine").mean() == pytest.approx(0.5, abs=0.05)
    assert calls[never & (calls["reason"] == "fine")]["approvals"].unique().tolist() == [3]
    assert set(calls["approvals"]) == {0, 3}
    assert calls["date"].value_counts(normalize=True).max() < 0.02  # no day on which calls are heaped
    known = calls.dropna(subset="resolved_on")
    assert (known["resolved_on"] > known["date"]).all()
    assert known["complaint"].map(FLAGS).all()
    for table in (fees, calls):
        assert (table["date"] >= table["customer_id"].map(people["acquired_on"])).all()
        assert table["date"].max().date() <= world.study["as_of"]


def test_fewer_calls_and_more_short_payments_are_the_truth_of_a_waiver():
    truth = bank(4000, 1, BankParameters(branches=20)).truth
    assert truth[f"{NAME}.calls_avoided_to_date"] > 0
    assert truth[f"{NAME}.approvals_avoided_to_date"] > 3 * truth[f"{NAME}.calls_avoided_to_date"]
    assert truth[f"{NAME}.extra_short_payments_to_date"] > 0
    assert truth[f"{NAME}.calls_per_treated_customer_month"] < 0
    without = bank(4000, 1, BankParameters(branches=20, waivers_a_year=0, moral_hazard=0.0, retention=0.0)).truth
    assert without[f"{NAME}.fines_waived_to_date"] == without[f"{NAME}.calls_avoided_to_date"] == 0


def test_calls_per_treated_customer_and_month_counted_again():
    # The law of the world: calls about a fine fall with the share of fines that is waived.
    true = BankParameters(branches=12, months=24, moral_hazard=0.0, retention=0.0, cap=1e9, waivers_a_year=99)
    drawn = draw_bank(20_000, 3, true)
    found = service_truth(drawn, draw_service(drawn, np.random.default_rng(3)))[
        f"{NAME}.calls_per_treated_customer_month"
    ]
    rows = (drawn.start >= 0) & (drawn.acquired < drawn.start_day)
    inside = rows[:, None] & (np.arange(24) >= drawn.start[:, None])
    expected = -0.05 * 0.5 * 0.7 * drawn.alive[inside].mean()
    assert found == pytest.approx(expected, abs=4 * np.sqrt(-expected / inside.sum()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"uplifts": 0.1}, "uplift"),
        ({"design": "stagered"}, "staggered"),
        ({"leaving": 1.5}, "a share must be between 0 and 1"),
        ({"branches": 2}, "Give 5 or more"),
        ({"branches": "many"}, "Give a whole number"),
        ({"margin": float("nan")}, "Give a number"),
        ({"share_never": 1.0}, "leaves no branch with the programme"),
        ({"design": "experiment", "early_growth": 0.01}, "is not about branches"),
    ],
)
def test_parameters_that_no_bank_could_have_are_refused(given, said):
    with pytest.raises(BadInput, match=said):
        simulate("bank", customers=200, parameters=given)


def test_too_few_customers_are_refused_in_one_message(tmp_path: Path, capsys):
    assert main(["simulate", "bank", str(tmp_path / "one"), "--customers", "1", "--seed", "1"]) == 2
    assert "so few that nobody got the programme" in capsys.readouterr().err
    assert not (tmp_path / "one").exists()


def test_a_programme_for_those_who_complain_follows_a_complaint_after_a_bad_month():
    true = BankParameters(design="matched", months=24)
    world, drawn = bank(4000, 6, true), draw_bank(4000, 6, true)
    calls = world.tables["interactions"]
    complaints = calls[calls["reason"] == "complaint"]
    assert complaints["complaint"].map(FLAGS).all()
    in_month = set(zip(complaints["customer_id"], complaints["date"].dt.to_period("M"), strict=True))
    starts = world.tables["rollout"].dropna(subset="start")
    months_before = starts["start"].dt.to_period("M") - 1
    assert in_month >= set(zip(starts["unit"], months_before, strict=True))
    # As many complained and were not given it, so that there is somebody to compare with.
    never = ~complaints["customer_id"].isin(starts["unit"])
    assert never.sum() > 0.5 * len(starts)
    rows = np.flatnonzero(drawn.start >= 0)
    month, usual = drawn.base[rows], drawn.without_it[:, : true.months // 2].mean()
    assert drawn.without_it[rows, month].mean() < 0.7 * usual
