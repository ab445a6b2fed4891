"""What the programmes changed: of each of them an effect by month, with its checks, in one unit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from cxvalue.answers.programme_answers import ProgrammeAnswers
from cxvalue.questions.programmes.measure import ProgrammeFit
from cxvalue.workspace.opened import Study
from tests.money.test_money import an_effect


def test_each_programme_has_its_effect_by_month() -> None:
    effect = an_effect([2.0] * 12, 0.01 * np.eye(12), customers=1000)
    fit = cast(ProgrammeFit, SimpleNamespace(name="loyalty_card", effect=effect, chosen="Chosen."))
    file = SimpleNamespace(currency="EUR", level=0.95)
    answers = ProgrammeAnswers(cast(Study, SimpleNamespace(file=file, programmes=(fit,))))
    months = answers.months()
    assert list(months.figures) == ["programme_loyalty_card_effect"]
    assert months.figures["programme_loyalty_card_effect"][1] == "Loyalty card: what changed after the start"
    table = months.tables["programme_effects.csv"]
    assert table["effect"].tolist() == [2.0] * 12
    assert len(answers.checks().tables["programme_checks.csv"]) == len(effect.checks)
    assert answers.other_ways().tables == {}
