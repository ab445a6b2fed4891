"""What a campaign changed: every question is asked of each campaign, and no customer is named in what is published."""

from __future__ import annotations

from dataclasses import replace

from cxvalue.answers.campaign_answers import CampaignAnswers
from cxvalue.workspace.opened import Study


def test_each_campaign_is_compared_with_those_held_out(little: Study) -> None:
    campaigns = CampaignAnswers(little)
    assert list(campaigns.results) == list(campaigns.data) == ["spring"]
    assert campaigns.results["spring"].randomised
    assert "could be fitted" in repr(campaigns.worth_of_the_inactive())
    given = campaigns.handed_over()
    ids = [one.id for one in given["findings"]]
    assert len(ids) == len(set(ids))
    assert {one.split(".")[1] for one in ids} == {"spring"}
    assert {"dormancy_months.csv", "dormancy_returns.csv", "campaign_spring_windows.csv"} <= set(given["tables"])
    assert not any("customer_id" in table.columns for table in given["tables"].values())
    assert set(given["private"]) <= {"contact_list_spring.csv"}


def test_every_question_says_why_it_has_no_answer(little: Study) -> None:
    campaigns = CampaignAnswers(little)
    reason = "The groups differ."
    for found, told in (
        ({"randomised": False}, "spring: not shown, as no customers were held out by lot."),
        ({"withheld": reason}, "spring: not shown: the groups differ."),
    ):
        asked = CampaignAnswers(little)
        asked.__dict__["results"] = {"spring": replace(campaigns.results["spring"], **found)}
        assert told in repr(asked.windows())
        for answer in (asked.arms(), asked.who_responds(), asked.second_lifetimes(), asked.whom_to_contact()):
            assert "spring: not shown, for the reason given at “Does it last?”" in repr(answer), (
                "the reason stands once"
            )


def test_a_campaign_that_has_not_begun_is_withheld_and_the_others_are_told(little: Study) -> None:
    asked = CampaignAnswers(little)
    declared = asked.settings.campaigns
    later = declared[0].model_copy(update={"name": "autumn"})
    asked.__dict__["declared"] = {one.name: one for one in (*declared, later)}
    assert list(asked.results) == ["spring"]
    findings = {one.id: one for one in asked.effects().findings}
    assert "before both groups of the campaign are in them" in findings["reactivation.autumn.profit"].text
    assert all(one.value is None for one in findings.values() if ".autumn." in one.id)
    assert findings["reactivation.spring.return_uplift"].value is not None
