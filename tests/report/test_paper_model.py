"""What the papers look up in a model."""

from __future__ import annotations

from tests.report.conftest import Published


def test_lines_answers_and_titles_are_found(published: Published) -> None:
    model = published.model
    line = model.line_of("programme.waiver.npv")
    assert line is not None
    assert line.value.startswith("EUR")
    assert model.line_of("programme.other.npv") is None
    assert model.title_of("waiver") == "Waiver"
    assert model.title_of("other") == "other"
    assert model.answered("programme.waiver")
    assert model.answered("cltv") == ()
