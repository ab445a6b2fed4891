"""What an experience is worth: a shop with hardly any answers is told what is missing, question by question."""

from __future__ import annotations

from cxvalue.answers.experience_answers import ExperienceAnswers
from cxvalue.workspace.opened import Study


def test_what_the_tables_cannot_tell_is_said(little: Study) -> None:
    experience = ExperienceAnswers(little)
    assert repr(experience.habituation()).startswith("Left out: no touchpoint of the interactions and no campaign")
    assert repr(experience.complaints()).startswith("Left out: ")
    assert repr(experience.journey()).startswith("Left out: ")
    assert experience.habituation().findings == experience.complaints().findings == []
    withheld = experience.journey().findings[-1]
    assert withheld.id.startswith("experience.privacy.")
    assert (experience.main, experience.link) == ("overall", None)
