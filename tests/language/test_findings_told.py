"""Findings in every language: the same figures, every number of the English sentence in it, and no English left over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import using
from cxvalue.language.english import ENGLISH
from cxvalue.questions.campaigns import arms_compared, arms_table, campaign_result
from cxvalue.questions.campaigns.arm_findings import arm_findings
from cxvalue.questions.campaigns.claims import claim_finding
from cxvalue.questions.campaigns.dormancy import Recovery
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.choice.budget import choose_items
from cxvalue.questions.choice.findings import choice_findings
from cxvalue.questions.discounts import analyse
from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.drivers.findings import driver_findings, link_findings
from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.questions.market.findings import do_nothing_finding, gap_findings
from cxvalue.questions.survey_truth.asked_late import expectation_of, lateness_of
from cxvalue.questions.survey_truth.findings import minimum_finding, response_findings_of, timing_findings
from cxvalue.questions.survey_truth.weighting import reweight
from cxvalue.questions.wallet.findings import wallet_findings
from cxvalue.questions.wallet.wallet_share import fit_wallet
from tests.calibration.campaigns import campaign_in_memory
from tests.language.test_catalogues import PLAIN
from tests.messages import TRANSLATED
from tests.questions.campaigns.test_reactivation import TRUE, campaign
from tests.questions.choice.test_budget import made
from tests.questions.discounts.test_discounts import CosmeticsParameters, draw_visits, occasions_in_memory
from tests.questions.drivers.test_importance import drawn as occasions_drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn
from tests.questions.market.test_findings import MOVING, STILL
from tests.questions.survey_truth.test_asked_late import answers
from tests.questions.survey_truth.test_weighting import drawn as invited_drawn
from tests.questions.wallet.test_wallet_share import asked

MONEY = {"currency": "EUR", "level": 0.95}
RECOVERY = Recovery((date(2024, 12, 2), date(2025, 3, 2)), 900, 0.15, 6.26)


def of_campaigns() -> list[Finding]:
    data = campaign_in_memory(campaign(1), TRUE)
    found = campaign_result(data, expected_share=0.3)
    awake = replace(found, dormant=False, randomised=False, priced=False)
    arms, compared = arms_table(data), arms_compared(data)
    return [
        *reactivation_findings(found, (12, 40), product="box", **MONEY),
        *reactivation_findings(awake, None, **MONEY),
        *arm_findings(found, arms, compared, **MONEY),
        claim_finding(found, RECOVERY, currency="EUR"),
    ]


def of_discounts() -> list[Finding]:
    data = occasions_in_memory(draw_visits(600, 2), CosmeticsParameters())
    bare = replace(data, priced=False)
    return [
        *discount_findings(analyse(data, draws=20), data, **MONEY),
        *discount_findings(analyse(bare, draws=20), bare, **MONEY),
    ]


def of_drivers() -> list[Finding]:
    importance = fit_importance(occasions_drawn(1))
    assert importance is not None
    steady = Interval(0.5, 0.4, 0.6), 300
    links = [fit_link(link_drawn(2, effect=effect)) for effect in (0.0, 20.0)]
    found = [one for link in (*links, None) for one in link_findings(link, steady, main="overall", **MONEY)]
    return [*driver_findings(importance, level=0.95), *found]


def of_choice() -> list[Finding]:
    found = []
    for worth in ([10.0, 6.0, 1.0], [0.5, 0.2, 0.1]):
        items = made(worth, [1.0, 1.0, 2.0], spread=0.01)
        found += choice_findings(choose_items(items, 2.0), items, budget=2.0, **MONEY)
    return found


def of_surveys() -> list[Finding]:
    frame, _ = invited_drawn(1)
    scores = reweight(frame)
    assert scores is not None
    rows = answers(1, pull=0.02)
    late, expected = lateness_of(rows, main="main"), expectation_of(rows, main="main", scale=(0, 10))
    return [
        *response_findings_of(scores, frame, main="overall", level=0.95),
        *timing_findings(late, expected, main="main", level=0.95),
        minimum_finding(3831, 5.0, main="main"),
    ]


def of_market() -> list[Finding]:
    link = Interval(0.5, 0.3, 0.7)
    nothing = do_nothing_finding([MOVING, STILL], link, main="overall", metrics={}, active=1000, **MONEY)
    assert nothing is not None
    return [*gap_findings([MOVING, STILL], level=0.95), nothing]


def of_wallet() -> list[Finding]:
    return wallet_findings(fit_wallet(asked(1), 0.3), **MONEY)


def numbers_in(text: str) -> list[str]:
    """The digits of every number, whatever the signs between them."""
    joined = re.sub(r"(?<=\d)[.,\u00a0\u202f](?=\d)", "", text)
    return sorted(re.findall(r"\d+", joined))


@pytest.mark.parametrize(
    "made_of", [of_campaigns, of_discounts, of_drivers, of_choice, of_surveys, of_market, of_wallet]
)
def test_a_finding_says_the_same_in_every_language(made_of: Callable[[], list[Finding]]) -> None:
    english = made_of()
    assert english
    assert all(one.unit in ("", "share", *MONEY.values()) or f"unit_{one.unit}" in ENGLISH for one in english)
    for language in TRANSLATED:
        with using(language):
            told = made_of()
        assert [(one.id, one.value, one.low, one.high) for one in told] == [
            (one.id, one.value, one.low, one.high) for one in english
        ]
        for one, other in zip(english, told, strict=True):
            for said, again in ((one.label, other.label), (one.text, other.text), (one.method, other.method)):
                assert not PLAIN.search(again), f"{language}: {again}"
                if language != "zh":  # Chinese counts money in ten thousands
                    assert numbers_in(again) == numbers_in(said), f"{language}: {said} {again}"


def test_numbers_are_compared_whatever_their_signs() -> None:
    assert numbers_in("1\u00a0234,5 EUR, 12%") == numbers_in("EUR 1,234.5, 12%") != numbers_in("EUR 1,234.6, 12%")
