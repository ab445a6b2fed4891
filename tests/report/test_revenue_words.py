"""A study without a margin says revenue wherever others say margin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

from cxvalue.figures.base import value_distribution
from cxvalue.figures.style import tell
from cxvalue.findings.finding import Finding
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.lazy import import_nbformat
from cxvalue.language.catalogue import using
from cxvalue.report.assumptions import study_assumptions
from cxvalue.report.revenue_words import (
    figure_in_revenue,
    findings_in_revenue,
    notebook_in_revenue,
    told_in_revenue,
)
from cxvalue.study import load_study_file

nbformat = import_nbformat()


def test_sentences() -> None:
    assert told_in_revenue("The margins of marginal customers, gross margin included") == (
        "The revenue of marginal customers, revenue included"
    )


def test_findings_keep_their_ids_and_values() -> None:
    finding = Finding(
        "churn.margin", "Margin at risk", 5.0, unit="EUR", text="EUR 5 of margin.", method="Sum of margin."
    )
    (told,) = findings_in_revenue([finding])
    assert (told.id, told.value, told.label, told.text, told.method) == (
        "churn.margin",
        5.0,
        "Revenue at risk",
        "EUR 5 of revenue.",
        "Sum of revenue.",
    )


def test_figures() -> None:
    figure = value_distribution(np.array([1.0, 2.0, 30.0]), "EUR")
    before = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "margin" in before.lower()
    figure_in_revenue(figure)
    assert "margin" not in " ".join(text.get_text() for text in figure.findobj(Text)).lower()


def test_figures_are_told_before_they_are_shown() -> None:
    tell(figure_in_revenue)
    try:
        figure = value_distribution(np.array([1.0, 2.0, 30.0]), "EUR")
    finally:
        tell(None)
    assert "margin" not in " ".join(text.get_text() for text in figure.findobj(Text)).lower()


def test_notebooks_explain_and_show_revenue_and_keep_their_code() -> None:
    shown = {"text/html": '<style>.margin {}</style><td class="margin">Margin</td>', "text/plain": "margin 5"}
    output = nbformat.v4.new_output("display_data", data={**shown, "image/png": "margin"})
    stream = nbformat.v4.new_output("stream", text="the margin")
    code = nbformat.v4.new_code_cell("margins = 1", outputs=[output, stream])
    words = "The margin of `margin`; gross_margin. No margin is known."
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(words), code])
    notebook_in_revenue(notebook)
    assert notebook.cells[0].source == "The revenue of `margin`; gross_margin. No margin is known."
    assert notebook.cells[1].source == "margins = 1"
    first, second = notebook.cells[1].outputs
    assert first.data == {
        "text/html": '<style>.margin {}</style><td class="margin">Revenue</td>',
        "text/plain": "revenue 5",
        "image/png": "margin",
    }
    assert second.text == "the revenue"


STUDY = "name: s\ncurrency: EUR\nmoney: revenue\ngross_margin: {}\ntables: {{transactions: {{path: o.csv}}}}\n"


def test_the_assumption_and_what_contradicts_it(tmp_path: Path) -> None:
    (tmp_path / "study.yml").write_text(STUDY.format(1), encoding="utf-8")
    study = load_study_file(tmp_path / "study.yml")
    assert any(row.value.startswith("not known: every amount is revenue") for row in study_assumptions(study))
    assert any("every amount is revenue" in line for line in study.assumptions)
    (tmp_path / "study.yml").write_text(STUDY.format(0.4), encoding="utf-8")
    with pytest.raises(BadInput, match="gross_margin is not 1"):
        load_study_file(tmp_path / "study.yml")


@pytest.mark.parametrize(
    ("language", "margin", "revenue"),
    [
        ("ru", "Маржа под угрозой: из валовой маржи клиентов.", "Выручка под угрозой: из выручки клиентов."),
        ("uk", "Маржа під загрозою: разом із маржею клієнтів.", "Виручка під загрозою: разом із виручкою клієнтів."),
        ("zh", "每位客户的毛利为USD 5。", "每位客户的收入为USD 5。"),
    ],
)
def test_every_language_says_revenue(language: str, margin: str, revenue: str) -> None:
    assert told_in_revenue(margin) == margin
    with using(language):
        assert told_in_revenue(margin) == revenue
        assert told_in_revenue("маржинальный `margin`") == "маржинальный `margin`"
