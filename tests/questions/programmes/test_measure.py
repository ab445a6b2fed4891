"""Programmes of a study: the design chosen, the case by the study's rules, and one clear message for what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.programmes.case_findings import case_findings
from cxvalue.questions.programmes.declared_case import case_of, contribution_to_date, registration_of, verdict_of
from cxvalue.questions.programmes.display import sensitivity_table
from cxvalue.questions.programmes.effect_findings import effect_findings
from cxvalue.questions.programmes.measure import ProgrammeFit
from cxvalue.simulate import bank, write_world
from cxvalue.simulate.bank_draw import BankParameters
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare
from tests.conftest import no_forecast

NAME = "programme.penalty_waiver"


def prepared(
    folder: Path, parameters: BankParameters, customers: int = 1500, seed: int = 1, ended_on: str = "", **programme
):
    world = bank(customers, seed, parameters)
    if ended_on:
        world.tables["rollout"]["ended_on"] = ended_on
    world.study["programmes"][0].update(programme)
    for key in [key for key, value in programme.items() if value is None]:
        del world.study["programmes"][0][key]
    path = write_world(world, folder / "mybank")
    with no_forecast(folder / "cache"):
        return Study(prepare(path), None), world.truth


@pytest.fixture(scope="module")
def waiver(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("bank"), BankParameters(branches=16, months=24))


def test_the_case_follows_the_rules_of_the_study(waiver):
    study, truth = waiver
    fit, programme = study.programmes[0], study.file.programmes[0]
    case = case_of(fit, programme, study.file)
    assert case is not None
    assert (case.horizon_months, case.annual_discount_rate, case.settings.costs.one_off) == (36, 0.12, 60_000)
    assert [one.name for one in case.settings.capacity] == ["approval time"]
    assert case.settings.benefits == ()
    effect = fit.effect
    assert (
        effect.treated_customer_months + effect.unidentified_customer_months == truth[f"{NAME}.treated_customer_months"]
    )
    value, low, high = contribution_to_date(case)
    months = (effect.last_month.year - 2024) * 12 + effect.last_month.month
    first = min(cohort.start for cohort in effect.cohorts)
    months -= (first.year - 2024) * 12 + first.month - 1
    treated = truth[f"{NAME}.treated_customer_months"]
    assert value == pytest.approx(effect.estimate * treated - 60_000 - 2_000 * months)
    assert low < value < high


def test_a_programme_for_all_of_a_study_without_customers_is_refused_where_it_is_declared():
    programme = SimpleNamespace(name="fees", case=SimpleNamespace(population="all"))
    fit = ProgrammeFit("fees", None, 1.0, 0, "")
    with pytest.raises(BadInput, match=r"programmes\.fees\.case\.population: 'all' counts the customers"):
        case_of(fit, programme, None)


def test_the_effect_survives_the_cache_and_covers_the_truth(waiver):
    study, truth = waiver
    effect = study.programmes[0].effect
    assert effect.low <= truth[f"{NAME}.effect"] <= effect.high
    assert effect.design == "staggered"
    assert effect.grade == "B"


def test_a_programme_that_was_switched_off_is_judged_by_what_it_brought(tmp_path):
    """Neither costs nor margin go on after its end, and a case of what is to come of it is refused."""
    study, truth = prepared(tmp_path, BankParameters(branches=16, months=24), ended_on="2025-04-14")
    fit, programme = study.programmes[0], study.file.programmes[0]
    assert str(fit.effect.last_month) == "2025-03-01"
    assert fit.effect.low <= truth[f"{NAME}.effect"] <= fit.effect.high
    case = case_of(fit, programme, study.file)
    first = fit.effect.first_start
    months = (2025 - first.year) * 12 + 3 - first.month + 1
    assert case.horizon_months == months
    assert case.cost_flow.sum() == pytest.approx(60_000 + 2_000 * months)
    assert contribution_to_date(case)[0] == pytest.approx(
        case.settings.margin_per_unit * fit.effect.estimate * fit.effect.every_treated_month - 60_000 - 2_000 * months
    )
    verdict, registered = verdict_of(fit, case, programme), registration_of(programme, fit.effect)
    told = {one.id: one for one in case_findings(fit, programme, case, verdict, registered, currency="EUR")}
    ended = (
        "The programme was switched off for everyone counted here: costs and margin are counted up to March 2025, the last "
        "full month with it. A start after that, planned or under way, is not counted."
    )
    assert all(ended in told[f"{NAME}.{key}"].text for key in ("npv", "verdict"))
    assert "more month" not in told[f"{NAME}.verdict"].text, "no more months come of it"
    assert "after its end is not counted" in told[f"{NAME}.npv"].method
    ahead = programme.model_copy(update={"case": programme.case.model_copy(update={"start": "as_of"})})
    with pytest.raises(BadInput, match=r"case\.from: as_of counts what is to come, and the programme was switched off"):
        case_of(fit, ahead, study.file)
    again = programme.model_copy(update={"case": ahead.case.model_copy(update={"population": "all"})})
    anew = case_of(fit, again, study.file)
    assert anew.horizon_months == 36
    assert (
        "for starting it again for everyone"
        in case_findings(fit, again, anew, verdict_of(fit, anew, again), registered, currency="EUR")[1].text
    )


def test_a_case_without_costs_says_so_beside_the_worth_and_the_verdict(waiver):
    study, _ = waiver
    fit, priced = study.programmes[0], study.file.programmes[0]
    costs = type(priced.costs)
    missing, free = (priced.model_copy(update={"costs": one}) for one in (costs(), costs(monthly=0)))
    for programme, bare in ((priced, False), (missing, True), (free, False)):
        case = case_of(fit, programme, study.file)
        verdict, registered = verdict_of(fit, case, programme), registration_of(programme, fit.effect)
        told = {
            one.id.split(".")[-1]: one.text
            for one in case_findings(fit, programme, case, verdict, registered, currency="EUR")
        }
        assert [told[key].endswith("No costs are stated.") for key in ("verdict", "npv")] == [bare, bare]


def test_the_findings_are_complete_and_say_the_same(waiver):
    study, _ = waiver
    fit, programme = study.programmes[0], study.file.programmes[0]
    case = case_of(fit, programme, study.file)
    verdict, registered = verdict_of(fit, case, programme), registration_of(programme, fit.effect)
    found = {one.id: one for one in effect_findings(fit, case, currency="EUR")}
    found |= {one.id: one for one in case_findings(fit, programme, case, verdict, registered, currency="EUR")}
    keys = (
        "effect",
        "naive",
        "drift_limit",
        "contribution_to_date",
        "verdict",
        "npv",
        "roi",
        "irr",
        "payback_months",
        "peak_exposure",
        "probability_of_loss",
        "mde",
    )
    assert set(found) == {f"{NAME}.{key}" for key in keys}
    assert found[f"{NAME}.verdict"].value == verdict.word
    assert "before the first outcome" in found[f"{NAME}.verdict"].method
    assert "was to be at least 90% sure that it pays. We are" in found[f"{NAME}.verdict"].text
    weak = replace(fit, effect=replace(fit.effect, grade="E"))
    doubted = case_findings(weak, programme, case, verdict, registered, currency="EUR")[0]
    assert doubted.value == verdict.word
    assert doubted.text.startswith(f"{doubted.label} is not proven."), "as it is told beside this sentence"
    assert found[f"{NAME}.naive"].grade == "E"
    limit, rows = found[f"{NAME}.drift_limit"], sensitivity_table(fit.effect, "penalty_waiver")
    proven = rows[(rows["kind"] == "steady") & rows["proven"]]
    assert limit.value == fit.effect.extra["drift_limit"]["still_proven"]
    if limit.value is None:
        assert not rows["proven"].any()
        assert "not proven" in limit.text
    else:
        assert limit.value == proven["per_month"].max()
        assert "stay above zero" in limit.text
    assert (rows["low"] <= rows["high"]).all()
    assert rows.loc[0, ["low", "high"]].tolist() == pytest.approx([fit.effect.low, fit.effect.high])
    assert "nominal and before tax" in found[f"{NAME}.npv"].method


@pytest.mark.parametrize(
    ("design", "chosen"),
    [("staggered", "staggered"), ("experiment", "experiment"), ("cluster_experiment", "experiment"), ("matched", "matched"),
     ("single_unit", "single_unit")],
)  # fmt: skip
def test_the_design_is_chosen_from_the_tables(tmp_path, design, chosen):
    study, _ = prepared(tmp_path, BankParameters(design=design, branches=14, months=20), design="auto")
    fit = study.programmes[0]
    assert fit.effect.design == chosen
    assert len(fit.chosen) > 40


def test_without_a_criterion_it_describes_and_does_not_judge(tmp_path):
    study, _ = prepared(tmp_path, BankParameters(branches=14, months=20), success=None)
    fit, programme = study.programmes[0], study.file.programmes[0]
    case = case_of(fit, programme, study.file)
    found = case_findings(fit, programme, case, verdict_of(fit, case, programme), None, currency="EUR")
    assert found[0].value is None
    assert "has no registered criterion" in found[0].text
    assert found[-1].value is not None


def test_an_outcome_without_a_price_gives_an_effect_and_no_money(tmp_path):
    success = {"metric": "effect", "at_most": 0.0, "confidence": 0.9}
    study, _ = prepared(tmp_path, BankParameters(branches=14, months=20), outcome="interactions", success=success)
    fit, programme = study.programmes[0], study.file.programmes[0]
    assert case_of(fit, programme, study.file) is None
    verdict, registered = verdict_of(fit, None, programme), registration_of(programme, fit.effect)
    found = case_findings(fit, programme, None, verdict, registered, currency="EUR")
    assert [one.id.rpartition(".")[2] for one in found if one.value is not None] == ["verdict", "mde"]
    assert found[0].value == verdict.word
    assert verdict.mde < 0  # fewer contacts are better, so what can be proven lies below
    by_id = {one.id: one.value for one in effect_findings(fit, None, currency="EUR")}
    assert by_id[f"{NAME}.contribution_to_date"] is None


def test_what_is_wrong_with_a_programme_is_said_once(tmp_path):
    with pytest.raises(BadInput, match="has no price in the study"):
        prepared(tmp_path / "a", BankParameters(branches=14, months=20), outcome="interactions")
    with pytest.raises(BadInput, match=r"not (in|a column of) the table 'customers'.*branch"):
        prepared(tmp_path / "b", BankParameters(branches=14, months=20), unit="brunch")
    with pytest.raises(BadInput, match="design: single_unit"):
        prepared(tmp_path / "c", BankParameters(design="single_unit", branches=14, months=20), design="staggered")
    folder = tmp_path / "d"
    world = bank(600, 1, BankParameters(branches=10, months=20))
    world.study["programmes"].append({**world.study["programmes"][0], "unit": "street"})
    world.study["programmes"][0]["unit"] = "town"
    world.study["programmes"][1]["name"] = "other"
    starts = world.tables["rollout"]
    world.tables["rollout"] = pd.concat([starts, starts.assign(programme="other")], ignore_index=True)
    path = write_world(world, folder)
    with pytest.raises(BadInput) as caught:
        prepare(path, cache=tmp_path / "cache")
    assert len(caught.value.problems) == 2
    assert yaml.safe_load(path.read_text())["programmes"][0]["unit"] == "town"
