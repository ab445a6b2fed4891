"""The slides of a business case: six, in the order in which a board asks, in revenue where no margin is known."""

from __future__ import annotations

from tests.report.conftest import Published


def test_six_slides_in_order(published: Published) -> None:
    assert [slide.topic for slide in published.model.slides] == [
        "Decision", "Cash curve", "From gross to net", "Evidence", "What could undo it", "What we ask"
    ]  # fmt: skip


def test_a_study_without_a_margin_says_revenue(published: Published) -> None:
    net = published.rebuilt(in_revenue=True).slides[2]
    assert "of revenue" in net.title
    assert net.chart is not None
    assert net.chart.categories[0] == "Revenue from the effect"
