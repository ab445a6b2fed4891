"""Which slides tell a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.language.catalogue import using
from cxvalue.report.case_story import case_slides
from cxvalue.report.page_model import PageFigure
from tests.report.conftest import Published, published_in

VALUE = Finding("cltv.equity", "Worth of today's customers", 5e5, 4e5, 6e5, 0.95, "EUR", "C", "They bring EUR 500,000.")


def test_a_case_is_told_by_its_slides(published: Published) -> None:
    model = published.model
    assert [slide.title for slide in model.slides] == [one.title for one in case_slides(model, model.cases[0])]


def test_without_a_case_the_value_of_customers_is_told(published: Published, tmp_path: Path) -> None:
    model = published.rebuilt(some=[VALUE], tables=tmp_path)
    assert not model.cases
    assert model.slides
    assert any("500,000" in text for slide in model.slides for text in (slide.title, *slide.points))


def test_without_a_finding_nothing_is_told(published: Published, tmp_path: Path) -> None:
    assert published.rebuilt(some=[], tables=tmp_path).slides == ()


def test_a_campaign_that_proves_nothing_is_not_told_as_a_loss(published: Published, tmp_path: Path) -> None:
    label, text = "The spring campaign: profit", "Whether it earned or lost money is open."
    found = Finding("reactivation.spring.profit", label, -802.0, -2960.0, 1350.0, 0.95, "EUR", "B", text)
    told = [slide.title for slide in published.rebuilt(some=[VALUE, found], tables=tmp_path).slides]
    assert any(
        title.startswith("The spring campaign: it is not clear whether it earned or lost money") for title in told
    )
    assert not any("of profit" in title for title in told)


@pytest.mark.parametrize("told", [True, False])
def test_a_campaign_is_drawn_only_where_who_bought_because_of_it_is_told(
    published: Published, tmp_path: Path, told: bool
) -> None:
    columns, uplift = "arm,contacted,returned,return_uplift,margin_per_contact", "0.02" if told else ""
    (tmp_path / "campaign_spring_arms.csv").write_text(f"{columns}\nsms,900,0.2,{uplift},1.5\n", encoding="utf-8")
    profit = Finding(
        "reactivation.spring.profit", "Spring: profit", 802.0, 200.0, 1350.0, 0.95, "EUR", "B", "It earned."
    )
    back = Finding("reactivation.spring.return_uplift", "Spring", 0.02 if told else None, unit="share", text="2% more.")
    slides = published.rebuilt(some=[VALUE, profit, back], tables=tmp_path).slides
    charts = [slide.chart for slide in slides if slide.chart]
    assert [chart.categories for chart in charts] == ([("sms",)] if told else [])


def test_the_axis_of_past_forecasts_names_days_as_a_reader_does(published: Published, tmp_path: Path) -> None:
    rows = "model,origin,horizon_months,predicted_margin,actual_margin\ncombination,2017-02-05,6,476000,502000\n"
    (tmp_path / "rolling.csv").write_text(rows, encoding="utf-8")
    missed = Finding("cltv.typical_miss", "Miss", 0.029, unit="share", text="Past forecasts missed by 2.9%.")
    slides = published.rebuilt(some=[VALUE, missed], tables=tmp_path).slides
    assert [slide.chart.categories for slide in slides if slide.chart] == [("5 Feb 2017",)]
    (tmp_path / "zh").mkdir()
    with using("zh"):
        told = published_in(tmp_path / "zh", "zh").rebuilt(some=[VALUE, missed], tables=tmp_path).slides
    assert [slide.chart.categories for slide in told if slide.chart] == [("2017年2月5日",)]


def test_a_curve_of_discounts_names_every_second_depth(published: Published, tmp_path: Path) -> None:
    rows = [f"{step / 200},{10 + step},{9 + step},{11 + step}" for step in range(81)]
    (tmp_path / "discount_curve.csv").write_text(
        "depth,margin,margin_low,margin_high\n" + "\n".join(rows), encoding="utf-8"
    )
    depth = Finding("discounts.optimal_depth", "Best depth", 0.162, unit="share", text="The best is 16.2%.")
    slides = published.rebuilt(some=[VALUE, depth], tables=tmp_path).slides
    (chart,) = [slide.chart for slide in slides if slide.chart]
    assert chart.categories == tuple(f"{depth}%" for depth in range(0, 41, 2))
    assert chart.series[0].values == tuple(10.0 + step for step in range(0, 81, 4))


def test_past_forecasts_of_contracts_are_drawn_from_their_own_table(published: Published, tmp_path: Path) -> None:
    rows = "origin,horizon_months,predicted_margin,actual_margin\n2023-07-01,24,90,100\n2023-01-01,24,80,70\n"
    (tmp_path / "past_forecasts.csv").write_text(rows, encoding="utf-8")
    missed = Finding("cltv.typical_miss", "Miss", 0.12, unit="share", text="Past forecasts missed by 12%.")
    slides = published.rebuilt(some=[VALUE, missed], tables=tmp_path).slides
    (chart,) = [slide.chart for slide in slides if slide.chart]
    assert chart.categories == ("1 Jan 2023", "1 Jul 2023")
    assert [one.values for one in chart.series] == [(80.0, 90.0), (70.0, 100.0)]


def test_what_customers_are_worth_repeats_no_sentence_of_the_answer(published: Published, tmp_path: Path) -> None:
    mean = Finding("cltv.mean", "Mean", 50.0, unit="EUR", grade="C", text="That is EUR 50 for each.")
    opening, worth, *_ = published.rebuilt(some=[VALUE, mean], tables=tmp_path).slides
    assert VALUE.text in opening.title or VALUE.text in opening.points
    assert worth.points == (mean.text,)


def test_how_far_past_forecasts_missed_is_said_on_its_own_slide_only(published: Published, tmp_path: Path) -> None:
    missed = Finding("cltv.typical_miss", "Miss", 0.029, unit="share", text="Past forecasts missed by 2.9%.")
    whole = replace(VALUE, text=f"{VALUE.text} {missed.text} They stay.")
    slides = published.rebuilt(some=[whole, missed], tables=tmp_path).slides
    holds = [slide.points for slide in slides if any(missed.text in point for point in slide.points)]
    assert (f"{VALUE.text} They stay.",) in [slide.points for slide in slides]
    assert len(holds) == 1 + any(missed.text in point for point in slides[0].points)


def test_curves_and_customers_at_risk_are_told_where_the_page_draws_them(published: Published, tmp_path: Path) -> None:
    stays = [f"all,{month},{1 - month / 100},{'' if month == 9 else 0.1},0.99" for month in range(1, 10)]
    (tmp_path / "survival.csv").write_text("segment,month,survival,low,high\n" + "\n".join(stays), encoding="utf-8")
    bands = "band,members,expected\n0% to 20%,80,8\n20% to 40%,0,0\n40% to 60%,20,10\n60% to 80%,,\n"
    (tmp_path / "churn_bands.csv").write_text(bands, encoding="utf-8")
    for name in ("contract_survival", "churn_bands"):
        (tmp_path / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"/>')
    drawn = [
        PageFigure("94% stay for 6 months", "Share still there.", tmp_path / "contract_survival.svg"),
        PageFigure("About 18 of 100 will leave", "By chance of leaving.", tmp_path / "churn_bands.svg"),
    ]
    told = {slide.title: slide.chart for slide in published.rebuilt(some=[VALUE], tables=tmp_path, drawn=drawn).slides}
    stay, risk = told["94% stay for 6 months"], told["About 18 of 100 will leave"]
    assert stay is not None
    assert (stay.categories, stay.series[0].values) == (("3", "6"), (0.97, 0.94))
    assert risk is not None
    assert risk.categories == ("0%–20%", "40%–60%")
    assert [one.values for one in risk.series] == [(80.0, 20.0), (8.0, 10.0)]
    assert not {"94% stay for 6 months", "About 18 of 100 will leave"} & {
        slide.title for slide in published.rebuilt(some=[VALUE], tables=tmp_path).slides
    }


def test_a_figure_that_the_answer_tells_is_not_told_before_it(published: Published, tmp_path: Path) -> None:
    opening = published.rebuilt(some=[VALUE], tables=tmp_path).slides[0]
    assert opening.title.count("500,000") == 1


def test_scores_of_the_warning_are_no_open_question(published: Published, tmp_path: Path) -> None:
    missing = [
        Finding(key, label, None, unit="share", withheld="not_available", text=f"Not available: {reason}")
        for key, label, reason in (
            ("churn.brier", "Brier score", "nobody leaves."), ("churn.rate", "Customers who leave", "too short a history.")
        )
    ]  # fmt: skip
    told = published.rebuilt(some=[VALUE, *missing], tables=tmp_path).slides[-1].points
    assert told == ("Customers who leave: too short a history.",)
