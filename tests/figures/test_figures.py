from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cxvalue import figures
from cxvalue.figures import style
from cxvalue.figures.behaviour import change_parts
from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using
from cxvalue.lifetime import fit
from cxvalue.money.sensitivity import Swing
from cxvalue.questions.customers.audit import Waterfall
from cxvalue.questions.lifetime_value.seasonality import MONTH_NAMES
from cxvalue.report.pictures import on_a_page
from cxvalue.tables.states import PurchaseStates

TITLES = {"bg_nbd": "BG/NBD", "nbd": "NBD"}
DAY = pd.Timestamp("2026-01-01")
BRIDGE = Waterfall(
    date(2025, 6, 30), date(2026, 6, 30), 100, 20, 5, 30, 95, 3, 1e3, 200.0, 50.0, 300.0, -20.0, 930.0
)  # fmt: skip


def counts(*rows: int) -> pd.DataFrame:
    kinds = ["read", "dropped", "merged", "note", "kept"][: len(rows)]
    return pd.DataFrame({"kind": kinds, "what": [f"rows {kind}" for kind in kinds], "rows": rows})


def months(*values: float) -> pd.DataFrame:
    when = pd.date_range(DAY, periods=len(values), freq="MS")
    return pd.DataFrame({"month": when, "purchases": values, "active_customers": values, "revenue": values})


def periods(*values: float) -> pd.DataFrame:
    names = [f"{what}_{when}" for what in ("customers", "purchases", "margin") for when in ("before", "after")]
    return pd.DataFrame({"group": [f"group {n}" for n in range(len(values))], **dict.fromkeys(names, values)})


def cohorts(*values: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cohort": [f"2026 Q{n + 1}" for n in range(len(values))],
            "quarter": range(len(values)),
            "active_share": values,
            "margin_per_customer": values,
            "customers": 12,
        }
    )


def layers(*values: float) -> pd.DataFrame:
    names = [f"2026 Q{n + 1}" for n in range(len(values))]
    return pd.DataFrame({"period": names, "cohort": names, "margin": values})


def weeks(*values: float) -> pd.DataFrame:
    when = pd.date_range(DAY, periods=len(values), freq="7D")
    return pd.DataFrame({"week_end": when, "actual": values, "nbd": values, "bg_nbd": values})


def bins(*values: float) -> pd.DataFrame:
    names = [str(n) for n in range(len(values))]
    return pd.DataFrame({"frequency": names, "customers": 5, "actual": values, "bg_nbd": values, "mine": values})


def histories(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"frequency": range(len(values)), "recency": range(len(values)), "expected": values})


def levers(*values: float) -> pd.DataFrame:
    names = ["retention", "purchase", "margin", "erosion"][: len(values)]
    half = [abs(value) / 9 for value in values]
    return pd.DataFrame(
        {
            "lever": names,
            "change": [0.01, 1.0, 1.0, 0.05][: len(values)],
            "gain": values,
            "low": np.subtract(values, half),
            "high": np.add(values, half),
            "horizon_months": 36,
        }
    )


def test_the_market_takes_no_longer_than_the_horizon() -> None:
    table = levers(1.0, 1.0, 1.0, -1.0)
    for months, said in ((12, "for 12 months"), (24, "for 2 years")):
        figure = figures.value_levers(table.assign(horizon_months=months), "EUR")
        assert figure.axes[0].get_yticklabels()[-1].get_text() == f"Market takes 5% per year {said}"


def test_a_season_that_was_not_found_is_no_picture() -> None:
    flat = np.full(12, 1.0) - 1e-17
    columns = {"month": range(1, 13), "name": MONTH_NAMES, "index": flat, "low": flat, "high": flat, "used": False}
    figure = figures.seasonal_index(pd.DataFrame(columns))
    assert [text.get_text() for text in figure.axes[0].texts] == ["No season was found"]


def test_a_bar_that_raises_the_result_is_green_on_either_side() -> None:
    costs = Swing("Costs", "EUR", 10.0, 8.0, 12.0, 120.0, 80.0, None, "other_costs")  # low costs are good
    figure = figures.case_tornado([costs], 100.0, "EUR")
    colours = {bar.get_width() > 0: matplotlib.colors.to_hex(bar.get_facecolor()) for bar in figure.axes[0].patches}
    assert colours == {True: style.GOOD.lower(), False: style.BAD.lower()}


def origins(*values: float) -> pd.DataFrame:
    when = [date(2026, 1, 1 + place) for place in range(len(values))]
    both = [pd.DataFrame({"origin": when, "model": name, "relative_bias": values}) for name in ("bg_nbd", "mine")]
    return pd.concat(both)


def losses_by_band(*values: float) -> pd.DataFrame:
    names = [f"{n}% to {n + 1}%" for n in range(len(values))]
    return pd.DataFrame(
        {"band": names, "members": 7, "expected": 3.5, "value": values, "value_at_risk": [v / 2 for v in values]}
    )


def tenths(*values: float) -> pd.DataFrame:
    share = np.clip(values, 0, 1)
    high = np.minimum(share * 1.2, 1)
    return pd.DataFrame({"customers": 9, "predicted": share, "actual": share, "low": share * 0.8, "high": high})


def segments(*values: float) -> pd.DataFrame:
    share = np.clip(values, 0, 1)
    groups = [f"group {n}" for n in range(len(values))]
    kinds = ["region" if n % 2 else "plan" for n in range(len(values))]
    return pd.DataFrame({"segment": kinds, "group": groups, "rate": share, "rate_low": share * 0.9, "rate_high": share})


# Each figure for a list of numbers; the numbers are chosen to be awkward below.
DRAW: dict[str, Callable[..., Figure]] = {
    "rows_bridge": lambda *v: figures.rows_bridge(counts(*(int(abs(x)) for x in v))),
    "monthly_purchases": lambda *v: figures.monthly_purchases(months(*v), "USD"),
    "value_concentration": lambda *v: figures.value_concentration(v),
    "value_distribution": lambda *v: figures.value_distribution(v, "USD"),
    "waterfall": lambda *v: figures.waterfall(
        [f"step {n}" for n in v], v, [n == 0 for n in range(len(v))], "USD", title="W"
    ),
    "period_change": lambda *v: figures.period_change(periods(*v), "USD"),
    "cohort_ageing": lambda *v: figures.cohort_ageing(cohorts(*v), "USD"),
    "cohort_comparison": lambda *v: figures.cohort_comparison(cohorts(*v)),
    "margin_by_cohort": lambda *v: figures.margin_by_cohort(layers(*v), "USD"),
    "holdout_tracking": lambda *v: figures.holdout_tracking(weeks(*v), date(2026, 1, 10), TITLES, chosen="bg_nbd"),
    "holdout_calibration": lambda *v: figures.holdout_calibration(bins(*v), TITLES),
    "p_alive_distribution": lambda *v: figures.p_alive_distribution(np.clip(v, 0, 1)),
    "equity_by_decile": lambda *v: figures.equity_by_decile(v, "USD"),
    "equity_interval": lambda *v: figures.equity_interval(float(np.mean(v)), min(v), max(v), "USD", draws=v),
    "churn_bands": lambda *v: figures.churn_bands(losses_by_band(*v), "USD"),
    "churn_calibration": lambda *v: figures.churn_calibration(tenths(*v), "the holdout"),
    "churn_segments": lambda *v: figures.churn_segments(segments(*v)),
    "expected_by_history": lambda *v: figures.expected_by_history(histories(*v)),
    "value_levers": lambda *v: figures.value_levers(levers(*v), "USD"),
    "rolling_bias": lambda *v: figures.rolling_bias(origins(*v), TITLES, chosen="bg_nbd"),
}
ORDINARY = (5.0, 3.0, 8.0, 1.0)
AWKWARD = [(7.0,), (0.0, 0.0, 0.0), (1e9, 3e9, 1e10), (-5.0, 2.0, -1e6)]


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("values", AWKWARD, ids=["one", "zeros", "huge", "negative"])
@pytest.mark.filterwarnings("error")
def test_figures_bear_awkward_numbers(name: str, values: tuple[float, ...]) -> None:
    assert DRAW[name](*values).get_suptitle()


@pytest.mark.parametrize("name", [name for name in DRAW if name not in ("equity_interval", "waterfall")])
@pytest.mark.filterwarnings("error")
def test_figures_say_when_there_is_nothing_to_show(name: str) -> None:
    assert DRAW[name]().get_suptitle()


@pytest.fixture(scope="module")
def ordinary() -> tuple[list[Figure], list[dict[str, Any]]]:
    """Every figure of ordinary numbers, and matplotlib's settings before and after all were drawn."""
    before = dict(matplotlib.rcParams)
    return [draw(*ORDINARY) for draw in DRAW.values()], [before, dict(matplotlib.rcParams)]


def test_names_with_dollars_are_drawn_as_they_are(ordinary: tuple[list[Figure], list[dict[str, Any]]]) -> None:
    names = ["$x$", r"$\frac$", "$5 off", "{{a}}", r"\input{b}"]
    figure = figures.waterfall(names, [5.0, 3.0, 2.0, 1.0, 4.0], [False] * 5, "USD", title="$y$ of $z$")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == names
    for one in (figure, *ordinary[0]):
        texts = [text for text in one.findobj(matplotlib.text.Text) if text.get_text()]
        assert not [text.get_text() for text in texts if text.get_parse_math() or "mathdefault" in text.get_text()]


def test_no_figure_touches_pyplot_or_the_settings(ordinary: tuple[list[Figure], list[dict[str, Any]]]) -> None:
    import matplotlib.pyplot as pyplot

    drawn, (before, after) = ordinary
    assert all(isinstance(one, Figure) for one in drawn)
    assert pyplot.get_fignums() == []
    assert after == before


@pytest.mark.parametrize("name", ["waterfall", "cohort_comparison", "expected_by_history"])
def test_equal_figures_are_equal_files(name: str, tmp_path: Path) -> None:
    first = figures.save(DRAW[name](*ORDINARY), tmp_path / "one", name)
    second = figures.save(DRAW[name](*ORDINARY), tmp_path / "two", name)
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    svg = first[0].read_text(encoding="utf-8")
    assert "<text" not in svg
    assert "date" not in svg
    assert "matplotlib.org" not in svg


def test_files_are_equal_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from cxvalue import figures;"
        "f = figures.waterfall(['a', 'b'], [1.0, 2.0], [True, False], 'USD', title='W');"
        "figures.save(f, sys.argv[1], 'w')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True)
    figures.save(figures.waterfall(["a", "b"], [1.0, 2.0], [True, False], "USD", title="W"), tmp_path / "here", "w")
    for kind in ("svg", "png"):
        assert (tmp_path / "here" / f"w.{kind}").read_bytes() == (tmp_path / "there" / f"w.{kind}").read_bytes()


def overlapping(figure: Figure) -> list[str]:
    """Pairs of tick labels of one axis, or of texts of one panel, that cover each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    found = []
    for axes in figure.axes:
        for labels in (axes.get_xticklabels(), axes.get_yticklabels(), axes.texts):
            shown = [text for text in labels if text.get_text().strip() and text.get_visible()]
            boxes = [text.get_window_extent(renderer) for text in shown]
            found += [
                f"{one.get_text()!r} and {two.get_text()!r}"
                for place, one in enumerate(shown)
                for other, two in enumerate(shown[:place])
                if boxes[place].overlaps(boxes[other])
            ]
    return found


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.customer_bridge(BRIDGE),
        lambda: figures.margin_bridge(BRIDGE, "USD"),
        lambda: figures.rows_bridge(counts(1_234_567, 12, 34, 5, 1_234_521)),
        lambda: figures.monthly_purchases(months(*np.linspace(1e6, 9e6, 48)), "RUB"),
        lambda: figures.value_concentration(np.geomspace(1, 1e6, 5000)),
        lambda: figures.holdout_tracking(weeks(*np.arange(1.0, 79.0)), date(2026, 10, 1), TITLES),
        lambda: figures.margin_by_cohort(layers(*np.arange(1e6, 9e6, 2e5)), "RUB"),
        lambda: figures.equity_interval(1.24e9, 1.1e9, 1.4e9, "RUB"),
        lambda: figures.cohort_comparison(cohorts(*np.linspace(0.9, 0.1, 30))),
        lambda: figures.value_levers(levers(1e6, 2e6, 3e6, -1e6), "RUB"),
        lambda: figures.rolling_bias(origins(0.1, -0.2, 0.05)),
        lambda: figures.churn_bands(losses_by_band(1.2e6, 3e6, 2e6, 1e6, 5e5), "RUB"),
        lambda: figures.churn_segments(segments(*np.linspace(0.1, 0.9, 12))),
    ],
)
def test_no_labels_cover_each_other(draw: Callable[[], Figure]) -> None:
    assert overlapping(draw()) == []


def test_a_number_beside_a_bar_leaves_room_for_the_names_of_the_bars() -> None:
    with using("uk"):
        figure = figures.value_levers(levers(20_800.0, 106_000.0, 99_900.0, -334_000.0), "EUR")
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    for beside in axes.texts:
        box = beside.get_window_extent()
        assert axes.bbox.x0 <= box.x0, beside.get_text()
        assert box.x1 <= axes.bbox.x1, beside.get_text()


def test_notebooks_show_a_figure_that_pyplot_does_not_know() -> None:
    figure = figures.waterfall(["a"], [1.0], [True], "USD", title="W")
    png, metadata = figure._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")
    assert metadata == {"width": 700, "alt": "W"}


def test_what_was_shown_is_saved_without_drawing_it_again_unless_it_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = figures.waterfall(["a", "b"], [1.0, 2.0], [True, False], "USD", title="W")
    drawn: list[str] = []
    draw = type(figure).savefig

    def counted(self: Figure, *given: Any, **options: Any) -> None:
        drawn.append(options["format"])
        draw(self, *given, **options)

    monkeypatch.setattr(type(figure), "savefig", counted)
    shown, _ = figure._repr_png_()  # type: ignore[attr-defined]
    svg, png = figures.save(figure, tmp_path, "w")
    assert drawn == ["png", "svg"]
    assert png.read_bytes() == shown
    before = svg.read_bytes()
    figure.axes[0].set_ylabel("Something else")
    figures.save(figure, tmp_path, "w")
    assert drawn == ["png", "svg", "png", "svg"]
    assert png.read_bytes() != shown
    assert svg.read_bytes() != before


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.expected_by_history(histories(1.0, 2.0, 3.0), horizon_months=12),
        lambda: figures.cohort_comparison(cohorts(0.9, 0.5, 0.1)),
        lambda: figures.goodwill_rules(
            pd.DataFrame({"cap": [25.0, 100.0], "times_per_year": 1, "value": [3.0, -4.0], "low": -5.0, "high": 5.0}),
            (25.0, 1),
            "EUR",
        ),
    ],
)
def test_colours_of_an_area_follow_a_dark_screen(draw: Callable[[], Figure], tmp_path: Path) -> None:
    svg, _ = figures.save(draw(), tmp_path, "areas")
    assert "prefers-color-scheme:dark" in on_a_page(svg.read_text(encoding="utf-8"))


def test_a_legend_that_is_too_wide_gets_fewer_columns() -> None:
    name = "an expectation that takes many words to be said"
    figure = figures.policy_value(
        {
            f"{name} {n}": pd.DataFrame({"share": [0.0, 1.0], "value": [0.0, 1.0], "low": 0.0, "high": 1.0})
            for n in "abc"
        },
        "EUR",
    )
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"{name} {n}" for n in "abc"]
    assert legend.get_window_extent().width <= figure.bbox.width


def test_titles_say_what_is_seen() -> None:
    assert figures.value_concentration([90.0] + [10 / 9] * 9).get_suptitle() == (
        "The best tenth of customers brings 90% of the margin"
    )
    assert figures.customer_bridge(BRIDGE).get_suptitle() == (
        "Active customers fell from 100 to 95 in the year to 30 June 2026"
    )
    assert figures.margin_bridge(BRIDGE, "USD").axes[0].get_ylabel() == "USD"


def test_withheld_probabilities_are_said_to_be_withheld() -> None:
    figure = figures.p_alive_distribution([np.nan, np.nan])
    assert "Withheld" in figure.axes[0].texts[0].get_text()


def test_rows_of_several_tables_get_a_panel_each() -> None:
    both = pd.concat([counts(10, 1, 2, 0, 7).assign(table=name) for name in ("transactions", "contacts")])
    assert [axes.get_title(loc="left") for axes in figures.rows_bridge(both).axes] == ["transactions", "contacts"]


def test_a_table_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(CxvalueError, match="rows_bridge needs the column 'what'; the table has kind, rows"):
        figures.rows_bridge(counts(1, 2).drop(columns="what"))
    with pytest.raises(CxvalueError, match="cohort_ageing needs the column 'quarter'"):
        figures.cohort_ageing(cohorts(1.0).drop(columns="quarter"), "USD")


def test_change_is_split_without_a_rest() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.uniform(1, 100, (50, 6)), columns=[c for c in periods(1.0).columns if c != "group"])
    parts = change_parts(table)
    total = parts[["by_customers", "by_frequency", "by_margin"]].sum(axis=1)
    assert total.to_numpy() == pytest.approx((table["margin_after"] - table["margin_before"]).to_numpy())


def test_change_is_the_mean_over_all_orders() -> None:
    # An independent count: walk all six orders in which three factors can change and average each one's step.
    from itertools import permutations

    before, after = (10.0, 2.0, 5.0), (12.0, 3.0, 4.0)
    steps = np.zeros(3)
    for order in permutations(range(3)):
        state = list(before)
        for factor in order:
            start = np.prod(state)
            state[factor] = after[factor]
            steps[factor] += (np.prod(state) - start) / 6
    table = pd.DataFrame(
        {
            "customers_before": [10.0], "customers_after": [12.0],
            "purchases_before": [20.0], "purchases_after": [36.0],
            "margin_before": [100.0], "margin_after": [144.0],
        }
    )  # fmt: skip
    parts = change_parts(table).iloc[0]
    assert [parts["by_customers"], parts["by_frequency"], parts["by_margin"]] == pytest.approx(list(steps))


def test_a_group_that_came_or_went_changes_by_its_customers() -> None:
    table = pd.DataFrame(
        {
            "customers_before": [0, 10], "customers_after": [4, 0],
            "purchases_before": [0, 30], "purchases_after": [8, 0],
            "margin_before": [0.0, 90.0], "margin_after": [40.0, 0.0],
        }
    )  # fmt: skip
    parts = change_parts(table)
    assert parts["by_customers"].tolist() == [40.0, -90.0]
    assert parts[["by_frequency", "by_margin"]].to_numpy().tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_frequency_and_recency_of_a_fitted_model() -> None:
    rng = np.random.default_rng(5)
    age = rng.integers(200, 400, 400)
    frequency = rng.poisson(rng.gamma(0.6, 4, 400))
    recency = np.where(frequency > 0, np.maximum((age * rng.uniform(0.2, 1, 400)).astype(int), 1), 0)
    states = PurchaseStates(frequency, recency, age, np.ones(400, dtype=np.int64), TimeUnit.WEEK, date(2026, 1, 1))
    figure = figures.frequency_recency(
        fit(states, model="bg_nbd"), pd.DataFrame({"frequency": frequency, "age_days": age}), 12
    )
    assert figure.axes[0].get_xlabel() == "Age at the last purchase, weeks"
    assert figure.axes[1].get_ylabel() == "Expected purchases, next 12 months"


def test_importing_the_package_does_not_import_matplotlib() -> None:
    code = "import cxvalue, sys; assert not {'matplotlib', 'seaborn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_campaign_figure_says_whether_what_was_added_lasts() -> None:
    def said(*margin: float, half: float = 0.1) -> str:
        days = [30 * (place + 1) for place in range(len(margin))]
        table = pd.DataFrame({"days": days, "margin": margin, "return_uplift": 0.05})
        for name in ("margin", "return_uplift"):
            table[f"{name}_low"], table[f"{name}_high"] = table[name] - half, table[name] + half
        return figures.message_of(figures.campaign_uplift(table, "EUR"))

    assert said(1.0, 2.0, 1.99) == "The margin that a contact added had not fallen back after 90 days"
    assert said(1.0, 2.0, 1.0) == "After 90 days part of the margin that a contact added was gone again"
    assert said(-1.0, -2.0) == "After 60 days a contact had cost more margin than it added"
    assert said(1.0, 0.05) == "After 60 days it is not clear whether a contact added margin or cost some"


def test_all_bars_of_a_months_flow_are_whole() -> None:
    months = pd.DataFrame(
        {"month": pd.date_range("2025-01-01", periods=14, freq="MS"), "fell_asleep": 5, "came_back": 2, "asleep": 30}
    )
    figure = figures.dormancy_flow(months)
    left, right = figure.axes[1].get_xlim()
    bars = list(figure.axes[1].patches)
    assert left <= min(bar.get_x() for bar in bars)
    assert right >= max(bar.get_x() + bar.get_width() for bar in bars)
    assert (
        figure.get_suptitle().replace("\n", " ")
        == "30 customers are inactive: in 12 months 60 went silent, 24 came back"
    )


def test_a_forecast_is_drawn_beside_what_came_and_no_other_model() -> None:
    figure = figures.holdout_tracking(weeks(*np.arange(1.0, 20.0)), date(2026, 1, 10), TITLES, chosen="bg_nbd")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == 2
    assert labels[0].startswith("forecast, ")
    assert labels[1] == "actual"


def test_titles_of_cohorts_and_forecasts_are_statements() -> None:
    aged = pd.DataFrame(
        {"cohort": "2025", "quarter": [0, 1, 2], "active_share": [1.0, 0.5, np.nan], "margin_per_customer": 1.0}
    )
    assert figures.message_of(figures.cohort_ageing(aged, "EUR")) == (
        "Of the customers first seen in 2025, 50.0% bought in quarter 1"
    )
    months = aged.drop(columns="cohort").rename(columns={"quarter": "months_since_first"})
    assert figures.message_of(figures.cohort_ageing(months, "EUR")) == "50.0% of the cohort bought in month 1"
    beside = pd.DataFrame(
        {
            "cohort": ["A", "A", "A", "B", "B", "C"],
            "quarter": [0, 1, 2, 0, 1, 0],
            "active_share": [1.0, 0.4, 0.3, 1.0, 0.2, 1.0],
        }
    )
    assert figures.message_of(figures.cohort_comparison(beside)) == (
        "Share that bought in quarter 1: 40.0% of the cohort A, 20.0% of B"
    )
    assert figures.message_of(figures.cohort_comparison(beside[:3])) == "Share that bought by cohort and age"
    parts = pd.DataFrame({"period": ["1", "2", "2"], "cohort": ["1", "1", "2"], "margin": [9.0, 3.0, 1.0]})
    assert figures.message_of(figures.margin_by_cohort(parts, "EUR")) == (
        "In 2 the customers who first bought in 1 brought most: 75.0% of the margin"
    )
    parts.loc[2, "margin"] = -1.0
    assert figures.message_of(figures.margin_by_cohort(parts, "EUR")) == "Margin by when customers first bought"
    held = pd.DataFrame(
        {"frequency": ["0", "1", "2+"], "actual": [0.1, 1.0, 3.0], "nbd": [0.1, 2.5, 3.1], "bg_nbd": [0.1, 1.1, 2.0]}
    )
    assert figures.message_of(figures.holdout_calibration(held)) == (
        "Furthest off after 1 repeat purchases: 2.50 per customer forecast, 1.00 actual"
    )
    assert figures.message_of(figures.holdout_calibration(held, chosen="bg_nbd", things="orders")) == (
        "Furthest off after 2+ further orders: 2.00 per customer forecast, 3.00 actual"
    )
    assert (
        figures.message_of(figures.p_alive_distribution([0.5, 1.0, 0.5, np.nan]))
        == "About 2 of 3 customers are still with us"
    )
    many = figures.message_of(figures.p_alive_distribution(np.full(19_718, 0.6771)))
    assert many == "About 13,400 of 19,718 customers are still with us"
    past = pd.DataFrame(
        {"origin": [date(2025, 1, 1), date(2025, 7, 1)] * 2, "model": ["nbd"] * 2 + ["bg_nbd"] * 2,
         "relative_bias": [0.1, -0.3, 0.2, np.nan]}
    )  # fmt: skip
    assert figures.message_of(figures.rolling_bias(past, TITLES, chosen="nbd")) == (
        f"{TITLES['nbd']} was off by at most 30.0% in forecasts from 2 earlier dates"
    )
    assert figures.message_of(figures.rolling_bias(past, TITLES)) == (
        f"{TITLES['bg_nbd']} was off by 20.0% in a forecast from 1 earlier date"
    )
    spread = figures.value_distribution([0.0, 10.0, 200.0], "EUR")
    assert figures.message_of(spread) == "Half of the customers brought less than EUR 10.00; the mean is EUR 70.00"
    table = pd.DataFrame(
        {"group": ["a", "b"], "customers_before": [10, 10], "customers_after": [5, 11], "purchases_before": [20, 20],
         "purchases_after": [10, 22], "margin_before": [100.0, 100.0], "margin_after": [50.0, 110.0]}
    )  # fmt: skip
    assert figures.message_of(figures.period_change(table, "EUR")) == (
        "Margin fell by EUR 40.00; the largest part: more or fewer customers"
    )
    assert figures.message_of(figures.period_change(table[1:], "EUR")).startswith("Margin rose by EUR 10.00; ")
    whole = pd.concat([table, table.sum(numeric_only=True).to_frame().T.assign(group="all")])
    together = figures.period_change(whole, "EUR")
    assert figures.message_of(together) == figures.message_of(figures.period_change(table, "EUR"))
    with using("uk"):
        told = figures.period_change(whole, "EUR")
        named = figures.period_change(table.assign(group=["all", "only in the later"]), "EUR")
    assert [tick.get_text() for tick in told.axes[0].get_yticklabels()] == ["a", "b", "усі"]
    names = [tick.get_text() for tick in named.axes[0].get_yticklabels()]
    assert names == ["all", "only in the later"], "names of somebody's groups stay as they are"
    assert "40" in figures.message_of(named), "a group named all that is not the sum of the others is one of them"
    same = table.assign(margin_after=table["margin_before"])
    assert figures.message_of(figures.period_change(same, "EUR")).startswith("What changed the margin")


def test_months_and_quarters_are_written_as_the_language_does() -> None:
    layers = pd.DataFrame(
        {
            "period": ["2025 Q4", "2026 Q1", "2026 Q1"],
            "cohort": ["2025 Q4", "2026 Q1", "others"],
            "margin": [3.0, 9.0, 1.0],
        }
    )
    ages = pd.DataFrame(
        {"cohort": "2026-02", "quarter": [0, 1], "active_share": [0.5, 0.4], "margin_per_customer": [1.0, 2.0]}
    )
    wanted = {
        "en": ("Q1 2026", "first bought at other times", "February 2026", "Feb 2026"),
        "ru": ("1 кв. 2026 г.", "первая покупка в другое время", "февраль 2026 г.", "фев 2026 г."),
        "uk": ("1 кв. 2026 р.", "перша покупка в інший час", "лютий 2026 р.", "лют 2026 р."),
        "zh": ("2026年第1季度", "首次购买：其他时间", "2026年2月", "2026年2月"),
    }
    for language, (quarter, others, month, tick) in wanted.items():
        with using(language):
            drawn = figures.margin_by_cohort(layers, "EUR")
            aged, beside = figures.cohort_ageing(ages, "EUR"), figures.cohort_comparison(ages)
        (axes,) = drawn.axes
        assert quarter in figures.message_of(drawn)
        assert [label.get_text() for label in axes.get_xticklabels()][-1] == quarter
        legend = [text.get_text() for text in drawn.findobj(match=type(axes.title))]
        assert others in legend
        assert month in figures.message_of(aged)
        assert [label.get_text() for label in beside.axes[0].get_yticklabels()] == [tick]


def test_lines_of_a_chinese_label_do_not_touch() -> None:
    wide = {}
    for language in ("en", "zh"):
        with using(language):
            figure = figures.churn_calibration(tenths(0.2, 0.3), "2017")
        label = figure.axes[0].yaxis.label
        parted = label.get_window_extent().width
        label.set_linespacing(1.2)
        wide[language] = parted / label.get_window_extent().width
    assert wide["zh"] > 1.15
    assert wide["en"] < 1.1
