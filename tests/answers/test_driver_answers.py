"""What drives a score: with one score there is nothing to explain it by, and no budget without drivers."""

from __future__ import annotations

from cxvalue.answers.driver_answers import DriverAnswers
from cxvalue.workspace.opened import Study


def test_one_score_alone_has_no_drivers(little: Study) -> None:
    drivers = DriverAnswers(little)
    assert drivers.importance is None
    assert drivers.items is None
    for answer in (drivers.drivers(), drivers.kpi_tree(), drivers.best_choice()):
        assert repr(answer).startswith("Left out: ")
    assert drivers.handed_over()["tables"] == {}
