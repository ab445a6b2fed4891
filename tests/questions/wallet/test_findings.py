"""The sentences of the wallet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.survey_truth.weighting import answer_weights
from cxvalue.questions.wallet.findings import wallet_findings
from cxvalue.questions.wallet.wallet_share import fit_wallet
from tests.questions.wallet.test_wallet_share import asked, silent


def test_the_till_is_said_beside_the_share() -> None:
    found = {one.id.removeprefix("experience.wallet."): one for one in
             wallet_findings(fit_wallet(asked(1), None), currency="EUR", level=0.95)}  # fmt: skip
    assert set(found) == {"main_store", "main_margin"}
    assert "asked at the till alone, it would seem to be" in found["main_store"].text
    assert "A link" in found["main_margin"].text
    assert found["main_margin"].case == "C8"


def test_who_did_not_answer_is_said_in_the_method() -> None:
    told, frame = silent(1)
    both, margin = wallet_findings(fit_wallet(told, None, answering=answer_weights(frame)), currency="EUR", level=0.95)
    till, _ = wallet_findings(fit_wallet(told, None), currency="EUR", level=0.95)
    assert margin.value is None  # nobody was followed for a year
    assert "a year observed before the answer and one after" in margin.text
    assert f"{told.ids.size:,} of them also by 1 / P(answer" in both.method
    assert "P(answer" not in till.method


def test_what_the_till_says_is_that_of_those_asked_at_the_till() -> None:
    rows = asked(1)
    half = np.arange(rows.main_store.size) % 2 == 0
    found = fit_wallet(replace(rows, at_till=half, main_store=half.astype(float)), None)
    assert (found.as_asked, found.at_till) == (1.0, half.sum())
    said = wallet_findings(found, currency="EUR", level=0.95)[0].text
    assert "asked at the till alone, it would seem to be 100%" in said


def test_less_margin_has_a_range_of_how_much_less() -> None:
    found = replace(fit_wallet(asked(1), None), main_margin=Interval(-20.0, -50.0, 10.0))
    assert "EUR 20.00 less margin" in (text := wallet_findings(found, currency="EUR", level=0.95)[-1].text)
    assert "(between EUR −10.00 and 50.00)" in text
