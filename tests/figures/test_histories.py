"""Figures of purchase histories and of spend: counts add up, and the law is that of the model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cxvalue import figures


def test_every_customer_is_in_a_bar_and_the_last_holds_all_beyond() -> None:
    figure = figures.repeat_purchases([0, 1, 3, 40], [5, 3, 1, 1])
    axes = figure.axes[0]
    assert [patch.get_height() for patch in axes.patches] == [5, 3, 0, 1, *[0] * 11, 1]
    assert axes.get_xticklabels()[-1].get_text() == "15+"
    assert figures.message_of(figure) == "50.0% of 10 customers bought again"
    few = figures.repeat_purchases([0, 2, 2])
    assert [patch.get_height() for patch in few.axes[0].patches] == [1, 0, 2]
    assert few.axes[0].get_xticklabels()[-1].get_text() == "2"
    assert "Nobody" in figures.message_of(figures.repeat_purchases([]))


def test_the_curve_of_spend_is_that_of_customers_drawn_from_the_model() -> None:
    """Means of customers drawn as the model says: nu from a gamma law, the mean p / nu."""
    p, q, gamma = 6.25, 3.74, 15.44
    means = p / np.random.default_rng(3).gamma(q, 1 / gamma, 400_000)
    figure = figures.spend_of_customers({"p": p, "q": q, "gamma": gamma}, p * gamma / (q - 1), "USD")
    axes = figure.axes[0]
    at, density = (np.asarray(part, dtype=float) for part in axes.lines[0].get_data())
    drawn, edges = np.histogram(means, 40, (0, at[-1]), density=False)
    expected = np.interp((edges[:-1] + edges[1:]) / 2, at, density) * np.diff(edges)
    assert drawn / means.size == pytest.approx(expected, abs=0.004)
    said = re.fullmatch(
        r"Half of the customers spend between USD ([\d.]+) and ([\d.]+) per purchase on average",
        figures.message_of(figure),
    )
    assert said is not None
    assert [float(end) for end in said.groups()] == pytest.approx(np.quantile(means, [0.25, 0.75]), rel=0.01)
    assert axes.lines[1].get_xdata()[0] == pytest.approx(means.mean(), rel=0.01)


def test_without_a_model_only_the_mean_is_said() -> None:
    assert figures.message_of(figures.spend_of_customers({}, 12.5, "EUR")) == "A purchase brings EUR 12.50 on average"
