"""The studies there are, and the sentence for a study that cannot have a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

import cxvalue
from cxvalue.foundation.errors import CxvalueError
from cxvalue.study import load_study_file
from cxvalue.workspace.listing import check_fits


def test_the_studies_are_listed_with_what_they_can_have() -> None:
    table = cxvalue.studies()
    assert {"bank", "cdnow", "insurer", "mealkit"} <= set(table.index)
    assert table.loc["mealkit", "tables"] == "contacts, transactions"
    assert table.loc["mealkit", "notebooks"].split(", ") == [
        "00_data_check", "10_customer_base", "20_cltv", "30_churn", "40_reactivation",
    ]  # fmt: skip
    assert (bool(table.loc["mealkit", "simulated"]), bool(table.loc["cdnow", "simulated"])) == (True, False)


def test_a_broken_study_file_is_listed_with_the_command_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXVALUE_ROOT", str(tmp_path))
    (tmp_path / "data" / "mine").mkdir(parents=True)
    (tmp_path / "data" / "mine" / "study.yml").write_text("name: [", encoding="utf-8")
    assert cxvalue.studies().loc["mine", "title"] == "cannot be read; see: cxvalue check mine"
    with pytest.raises(
        CxvalueError, match=r"no table 'contacts', which this notebook needs\. No study under data/ has"
    ):
        check_fits("40_reactivation", load_study_file(Path(__file__).parents[2] / "data" / "cdnow" / "study.yml"))


@pytest.mark.parametrize(
    ("notebook", "study", "said"),
    [
        (
            "40_reactivation",
            "cdnow",
            "no table 'contacts', which this notebook needs. Try study = \"complete_journey\" or ",
        ),
        (
            "60_experience",
            "cdnow",
            "no table 'surveys' and no table 'interactions', which this notebook needs. Try study",
        ),
        ("20_cltv", "insurer", "without a contract; those of the study 'insurer' are with a contract. Try study = "),
        ("30_churn_contractual", "cdnow", 'are without a contract. Try study = "insurer".'),
        ("70_programmes", "mealkit", "no table 'rollout', which this notebook needs. Try study = \"bank\"."),
    ],
)
def test_a_study_that_cannot_have_a_notebook_is_told_which_can(notebook: str, study: str, said: str) -> None:
    with pytest.raises(CxvalueError) as caught:
        cxvalue.load_study(study, notebook=notebook)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
