"""The graph: which notebooks a study can have, and in which words the others are left out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.language.catalogue import using
from cxvalue.run.graph import NOT_ASKED, plan, resolve
from cxvalue.workspace.notebooks import NOTEBOOKS, NotebookSpec


def study(contract: str = "noncontractual", **declared: object) -> SimpleNamespace:
    return SimpleNamespace(**{"contract": contract, "campaigns": (), "programmes": (), **declared})


CHAIN = (
    NotebookSpec("00_first", ("transactions",)),
    NotebookSpec("20_second", ("transactions",)),
    NotebookSpec("30_third", ("contacts",), after=("20_second",)),
    NotebookSpec("40_fourth", ("transactions",), after=("30_third",)),
)


def names(specs: tuple[NotebookSpec, ...]) -> list[str]:
    return [spec.name for spec in specs]


def test_a_study_with_transactions_gets_every_notebook_of_this_version() -> None:
    chosen = plan(study(), {"transactions"})
    assert names(chosen.run) == ["00_data_check", "10_customer_base", "20_cltv", "30_churn"]
    assert chosen.not_run == {
        "40_reactivation": "needs the table 'contacts'",
        "50_discounts": "needs the table 'offers'",
        "60_experience": "needs the table 'surveys' or the table 'interactions'",
        "61_drivers": "needs the table 'surveys'",
        "62_scores": "needs the table 'surveys'",
        "63_staff": "needs the table 'employees'",
        "70_programmes": "needs the table 'rollout'",
        "80_roi_case": "needs the table 'rollout'",
    }
    assert not chosen.partial


def test_campaigns_and_programmes_get_their_notebooks_when_they_are_declared() -> None:
    tables = {"transactions", "contacts", "rollout", "offers"}
    chosen = plan(study(campaigns=("wake",), programmes=("waiver",)), tables)
    assert names(chosen.run)[-4:] == ["40_reactivation", "50_discounts", "70_programmes", "80_roi_case"]
    bare = plan(study(), tables)
    assert bare.not_run["40_reactivation"] == "needs campaigns to be declared in the study file"
    assert bare.not_run["80_roi_case"] == "needs programmes to be declared in the study file"


def test_experience_needs_purchases_and_what_customers_say_or_do() -> None:
    asked = names(plan(study(), {"transactions", "surveys"}).run)
    assert asked[-3:] == ["60_experience", "61_drivers", "62_scores"]
    assert names(plan(study(), {"transactions", "interactions"}).run)[-1] == "60_experience"
    late = plan(study(), {"transactions", "surveys"}, unavailable={"20_cltv": "The history is too short."})
    assert late.not_run["60_experience"] == "needs 20_cltv, which cannot run: The history is too short"


def test_a_missing_table_is_no_failure_and_stops_what_comes_after() -> None:
    chosen = plan(study(), {"transactions"}, notebooks=CHAIN)
    assert names(chosen.run) == ["00_first", "20_second"]
    assert chosen.not_run == {
        "30_third": "needs the table 'contacts'",
        "40_fourth": "needs 30_third, which cannot run: needs the table 'contacts'",
    }


def test_a_study_with_contracts_has_its_own_cltv() -> None:
    chosen = plan(study("contractual"), {"subscriptions"})
    assert names(chosen.run) == ["00_data_check", "20_cltv_contractual", "30_churn_contractual"]
    for name in ("10_customer_base", "20_cltv", "30_churn"):
        assert chosen.not_run[name] == f"{name} is for customers without a contract"
    assert names(plan(study("contractual"), {"subscriptions"}, ["20"]).run) == ["20_cltv_contractual"]


def test_what_preparing_found_impossible_is_left_out_with_its_reason() -> None:
    chosen = plan(study(), {"transactions"}, unavailable={"20_cltv": "The history is too short."})
    assert chosen.not_run["20_cltv"] == "The history is too short"
    assert chosen.not_run["30_churn"] == "needs 20_cltv, which cannot run: The history is too short"


@pytest.mark.parametrize("word", ["20", "20_cltv", "cltv", "20_cltv.ipynb"])
def test_a_notebook_is_named_by_number_topic_or_both(word: str) -> None:
    assert resolve(word, NOTEBOOKS) == "20_cltv"


def test_only_brings_along_what_is_depended_on_and_is_partial() -> None:
    chosen = plan(study(), {"transactions", "contacts"}, ["third"], CHAIN)
    assert names(chosen.run) == ["20_second", "30_third"]
    assert chosen.not_run == {"00_first": NOT_ASKED, "40_fourth": NOT_ASKED}
    assert chosen.partial


def test_only_for_a_notebook_whose_table_is_missing_is_bad_input() -> None:
    with pytest.raises(BadInput, match="30_third: cannot run: needs the table 'contacts'"):
        plan(study(), {"transactions"}, ["30"], CHAIN)


def test_only_names_the_nearest_notebook() -> None:
    with pytest.raises(CxvalueError, match=r"--only cltw: there is no such notebook. Did you mean 'cltv'\?") as caught:
        plan(study(), {"transactions"}, ["cltw"])
    assert caught.value.exit_status == 1


def test_only_lists_the_notebooks_where_none_is_near() -> None:
    with pytest.raises(CxvalueError, match="Allowed: '00_data_check', '10_customer_base', '20_cltv', '30_churn'"):
        plan(study(), {"transactions"}, ["zzzzzz"])


def test_a_study_for_which_nothing_can_run_is_bad_input() -> None:
    with pytest.raises(BadInput, match="needs the table 'transactions' or the table 'subscriptions'"):
        plan(study("contractual"), {"contacts"})


@pytest.mark.parametrize("how", ["after", "beside"])
def test_what_a_notebook_builds_on_comes_along_or_stops_it(how: str) -> None:
    built = NotebookSpec("30_built", ("transactions",), **{how: ("20_base",)})
    specs = (NotebookSpec("20_base", ("contacts",)), built)
    chosen = plan(study(), {"transactions", "contacts"}, ("30",), notebooks=specs)
    assert names(chosen.run) == ["20_base", "30_built"]
    with pytest.raises(BadInput, match=r"30_built.*needs 20_base, which cannot run"):
        plan(study(), {"transactions"}, ("30",), notebooks=specs)


def test_titles_and_reasons_are_told_in_the_language_that_is_spoken() -> None:
    with using("ru"):
        chosen = plan(study(), {"transactions"})
        assert chosen.not_run["40_reactivation"] == "нужна таблица «contacts»"
        assert chosen.not_run["60_experience"] == "нужна таблица «surveys» или «interactions»"
        assert NOTEBOOKS[0].title == "Выдержат ли данные такие выводы?"
    assert NOTEBOOKS[0].title == NOTEBOOKS[0].question
    assert NotebookSpec("90_own", ()).title == "90_own"
