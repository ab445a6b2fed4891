"""Figures of programmes: the effect by month since the start, the money month by month, what moves it, the cash bridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GOOD, GREY, LIGHT, MAIN, PALE
from cxvalue.findings.numbers import format_chance, format_range, format_value
from cxvalue.foundation.calendar import month_after
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import begun
from cxvalue.money.bridge import gross_name
from cxvalue.money.finance import discount_factors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cxvalue.effects.effect import Effect
    from cxvalue.money import YearlyLoss
    from cxvalue.money.bridge import BridgeStep
    from cxvalue.money.case import Case
    from cxvalue.money.realisation import Realised
    from cxvalue.money.sensitivity import Swing

PALER = 2.2
"""How far colours of amounts reach beyond the largest one, so that its black letters can be read, on a dark screen too."""


@style.drawn
def event_study(effect: Effect, unit: str) -> Figure:
    """The effect by months since the start, and what the same comparison shows before it."""
    figure, (axes,) = style.new_figure(3.8)
    style.title(figure, _changed(effect, unit))
    z = reach_of(effect.level, effect.df)
    parts = (
        (effect.pre_time, effect.pre_effect, effect.pre_covariance, GREY, translate("before the start: should be 0")),
        (effect.event_time, effect.event_effect, effect.covariance, MAIN, translate("effect after the start")),
    )
    for time, value, covariance, colour, name in parts:
        if len(time):
            reach = z * np.sqrt(np.maximum(np.diag(covariance), 0))
            axes.errorbar(time, value, yerr=reach, fmt="o", color=colour, markersize=4, elinewidth=1.2, label=name)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.axvline(-0.5, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    base = effect.extra.get("base")
    axes.set_xlabel(
        translate("Months since the unit's first treated month;\nall points counted from {base}", base=base)
        if base
        else translate("Months since the unit's first treated month")
    )
    outcome = begun(translate(effect.outcome))
    axes.set_ylabel(translate("{outcome} per customer\nand month, {unit}", outcome=outcome, unit=unit))
    axes.xaxis.set_major_locator(style.few_ticks(10, whole=True))
    style.scale(axes.yaxis, unit)
    style.legend(figure, 2)
    return figure


def _changed(effect: Effect, unit: str) -> str:
    """What each treated customer brings more or less, or that no change is shown."""
    if effect.low <= 0 <= effect.high:
        return translate("No change of {outcome} is shown after the start", outcome=translate(effect.outcome))
    message = (
        translatable("Each customer with the programme brings {much} more {outcome} a month")
        if effect.estimate > 0
        else translatable("Each customer with the programme brings {much} less {outcome} a month")
    )
    much = format_value(abs(effect.estimate), unit)
    return translate(message, much=much, outcome=translate(effect.outcome))


@style.drawn
def case_money(case: Case, currency: str) -> Figure:
    """Money in and out month by month, and the discounted sum to date with the range of the draws and the payback."""
    figure, (upper, lower) = style.new_figure(5.2, 2, 1, height_ratios=(1, 1), sharex=True)
    style.title(figure, _back_after(case, currency))
    table = case.table()
    month = table["month"].to_numpy(float)
    upper.bar(month, case.effect_flow + case.benefit_flow, color=GOOD, width=0.8, label=translate("comes in"))
    upper.bar(month, -case.cost_flow, color=BAD, width=0.8, label=translate("goes out"))
    factors = discount_factors(case.horizon_months, case.annual_discount_rate)
    low, high = np.quantile(np.cumsum(case.flow_draws * factors, axis=1), (0.025, 0.975), axis=0)
    lower.fill_between(month, low, high, color=LIGHT, label=translate("95% range"))
    to_date = translate("running total, in today's money")
    lower.plot(month, table["net_discounted_to_date"], color=MAIN, linewidth=2, label=to_date)
    lower.axhline(0, color=GREY, linewidth=1)
    back = case.payback
    if back is not None and back.value > 0:
        place = int(back.value)
        there = table["net_discounted_to_date"].iloc[place]
        lower.plot([place], [there], "o", color=GOOD, markersize=7, label=translate("paid back"))
    seen = case.exposure.months_seen
    for axes in (upper, lower):
        if 0 < seen < case.horizon_months:
            axes.axvline(seen + 0.5, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
        style.scale(axes.yaxis, currency, ticks=5)
    if 0 < seen < case.horizon_months:
        # The words go where there is room for them, above the panel.
        for text, side, away in ((translate("measured"), "right", -4), (translate("assumed to continue"), "left", 4)):
            upper.annotate(text, (seen + 0.5, 1), (away, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
                           ha=side, va="bottom", fontsize=8.5, color=style.TEXT)  # fmt: skip
    upper.set_ylabel(translate("Per month, {currency}", currency=currency))
    lower.set_ylabel(translate("To date, {currency}", currency=currency))
    every = 3 if case.horizon_months <= 18 else 6 if case.horizon_months <= 48 else 12
    places = list(range(1, case.horizon_months + 1, every))
    first = case.exposure.first_month
    lower.set_xticks(places, [style.with_months(f"{month_after(first, place - 1):%b\n%Y}") for place in places])
    style.legend(figure, 3)
    return figure


def _back_after(case: Case, currency: str) -> str:
    """When the money is back, and what is left at the end."""
    worth, back = format_value(case.npv.value, currency), case.payback
    values = {"horizon": format_value(case.horizon_months, "months"), "worth": worth}
    if back is None:
        return translate("The money does not come back within {horizon}: {worth}", **values)
    if back.value <= 0:
        return translate("No money is needed up front; after {horizon} the gain is {worth}", **values)
    return translate("The money is back after {time}", time=format_value(back.value, "months"))


@style.drawn
def case_tornado(swings: Sequence[Swing], npv: float, currency: str) -> Figure:
    """How far each input alone moves the net present value, the farthest on top."""
    figure, (axes,) = style.new_figure(1.3 + 0.55 * max(len(swings), 1))
    style.title(figure, _moved_by(swings, currency))
    rows = np.arange(len(swings))
    for row, swing in zip(rows, swings, strict=True):
        for end in (swing.low_npv, swing.high_npv):
            axes.barh(row, end - npv, left=npv, color=GOOD if end >= npv else BAD, height=0.6)
    axes.axvline(npv, color=GREY, linewidth=1)
    axes.axvline(0, color=BAD, linewidth=1, linestyle=(0, (3, 3)))
    axes.set_yticks(rows, [style.wrapped(swing.name, 34) for swing in swings], fontsize=8)
    axes.set_ylim(len(swings) - 0.5, -0.5)
    named = translate("Net present value, {currency}; dashed: no gain", currency=currency)
    style.scale(axes.xaxis, currency, named, ticks=6)
    axes.grid(False, axis="y")
    return figure


def _moved_by(swings: Sequence[Swing], currency: str) -> str:
    """What moves the result most, and whether anything alone takes all of it."""
    if not swings:
        return translate("No assumption changes the result")
    first = swings[0]
    low, high = sorted((first.low_npv, first.high_npv))
    turned = any(min(swing.low_npv, swing.high_npv) < 0 < max(swing.low_npv, swing.high_npv) for swing in swings)
    message = (
        translatable("It depends most on “{name}”: {range}")
        if turned
        else translatable("It depends most on “{name}”: {range}; no single one reverses it")
    )
    return translate(message, name=first.name, range=format_range(low, high, currency))


@style.drawn
def case_draws(case: Case, currency: str) -> Figure:
    """How often the net present value comes out where, all inputs drawn at once, with the case itself and its 95% range.

    The outermost draws, 1 in 400 at either end, are counted into the last bars, so that they do not stretch the axis.
    """
    figure, (axes,) = style.new_figure(3.6)
    npv, draws = case.npv, np.asarray(case.npv_draws, dtype=float)
    pays = translate(
        "It pays in {chance} of the possible outcomes; 95% of them lie {range}",
        chance=format_chance(1.0 - case.probability_of_loss),
        range=format_range(npv.low, npv.high, currency),
    )
    style.title(figure, pays)
    ends = np.quantile(draws, [0.0025, 0.9975])
    # An edge at nothing gained, so that no bar is of two colours.
    step = max(float(ends[1] - ends[0]), 1e-9) / 40
    edges = np.arange(np.floor(ends[0] / step), np.ceil(ends[1] / step) + 1.5) * step
    shares, edges = np.histogram(np.clip(draws, edges[0], edges[-1]), edges)
    colours = [GOOD if middle > 0 else BAD for middle in (edges[:-1] + edges[1:]) / 2]
    axes.bar(edges[:-1], shares / draws.size, width=np.diff(edges), align="edge", color=colours, linewidth=0)
    axes.axvspan(npv.low, npv.high, color=LIGHT, linewidth=0, zorder=0, label=translate("95% range"))
    axes.axvline(npv.value, color=MAIN, linewidth=2, label=translate("as expected"))
    axes.axvline(0, color=BAD, linewidth=1, linestyle=(0, (3, 3)), label=translate("no gain"))
    style.scale(axes.xaxis, currency, translate("Net present value, {currency}", currency=currency), ticks=6)
    style.scale(axes.yaxis, "share", translate("How often"), ticks=4)
    style.from_zero(axes)
    style.legend(figure, 3)
    return figure


@style.drawn
def case_scenarios(scenarios: pd.DataFrame, currency: str) -> Figure:
    """The net present value under other assumptions, each with its range (`cxvalue.money.sensitivity.scenarios`)."""
    style.need_columns(scenarios, ("scenario", "npv", "npv_low", "npv_high", "probability_of_loss"), "case_scenarios")
    rows = np.arange(len(scenarios))
    figure, (axes,) = style.new_figure(1.3 + 0.5 * max(len(rows), 1))
    value, low, high = (scenarios[name].to_numpy(dtype=float) for name in ("npv", "npv_low", "npv_high"))
    # What is lost by doing nothing is no case of the programme and has no probability of a loss.
    going_on = scenarios["probability_of_loss"].notna().to_numpy()
    least = int(np.argmin(np.where(going_on, value, np.inf)))
    message = (
        translatable("It pays in every scenario: at worst {worth}")
        if value[least] > 0
        else translatable("It does not pay in every scenario: at worst {worth}")
    )
    style.title(figure, translate(message, worth=format_value(float(value[least]), currency)))
    axes.hlines(rows, low, high, color=MAIN, linewidth=3, alpha=0.45)
    for row in rows:
        axes.plot(value[row], row, "o", markersize=7, color=MAIN if value[row] >= 0 else BAD)
        axes.annotate(style.label(float(value[row]), currency), (value[row], row), (0, 7), textcoords="offset points",
                      ha="center", fontsize=8)  # fmt: skip
    axes.axvline(0, color=BAD, linewidth=1, linestyle=(0, (3, 3)))
    axes.set_yticks(rows, [style.wrapped(name, 30) for name in scenarios["scenario"]], fontsize=8.5)
    axes.set_ylim(len(rows) - 0.5, -0.7)
    named = translate("Net present value, {currency}; dashed: no gain", currency=currency)
    style.scale(axes.xaxis, currency, named, ticks=6)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    return figure


@style.drawn
def case_bridge(steps: Sequence[BridgeStep], currency: str) -> Figure:
    """From before and after, or the effect, to the net present value; steps that change nothing are left out."""
    steps = _from_the_effect(steps)
    largest = max((abs(step.amount) for step in steps), default=0.0)
    ends = (0, len(steps) - 1)
    steps = [step for place, step in enumerate(steps) if place in ends or abs(step.amount) > 1e-6 * largest]
    width = 15 if len(steps) <= 6 else 12
    figure, (axes,) = style.new_figure(3.8)
    style.title(figure, _left_over(steps, currency))
    total = 0.0
    for place, step in enumerate(steps):
        whole = place in (0, len(steps) - 1)
        bottom = 0.0 if whole else total
        colour = PALE if whole else GOOD if step.amount >= 0 else BAD
        axes.bar(place, step.amount, bottom=bottom, color=colour, width=0.7)
        total = step.amount if whole else total + step.amount
        below = whole and step.amount < 0
        end = bottom + step.amount if below else max(bottom, bottom + step.amount)
        axes.annotate(style.label(step.amount, currency), (place, end), (0, -2 if below else 2), textcoords="offset points",
                      ha="center", va="top" if below else "bottom", fontsize=8)  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(
        range(len(steps)), [style.wrapped(step.name, width) for step in steps], fontsize=8 if width == 15 else 7
    )
    style.scale(axes.yaxis, currency, ticks=5)
    axes.use_sticky_edges = False
    axes.margins(y=0.12)
    return figure


def _from_the_effect(steps: Sequence[BridgeStep]) -> Sequence[BridgeStep]:
    """A before/after that claims nothing, or too little, is no opening: then the bridge begins with the effect."""
    kinds = [step.kind for step in steps]
    if "missed" not in kinds:
        return steps
    upto = kinds.index("missed") + 1
    gross = replace(steps[0], name=gross_name(), amount=sum(step.amount for step in steps[:upto]), kind="effect")
    return [gross, *steps[upto:]]


def _left_over(steps: Sequence[BridgeStep], currency: str) -> str:
    """What is left at the end of what stood at the beginning."""
    if len(steps) < 2:
        return translate("Nothing was measured in money")
    # How an effect builds up and fades is part of it; what is taken off comes behind.
    grown = sum(step.amount for step in steps[1:-1] if step.kind == "course")
    first, last = (format_value(amount, currency) for amount in (steps[0].amount + grown, steps[-1].amount))
    if steps[0].kind == "claimed":
        return translate(
            "Of {first} that a before-and-after comparison would claim, {last} is left", first=first, last=last
        )
    return translate("Of an effect of {first}, {last} is left after time, risks and costs", first=first, last=last)


@style.drawn
def goodwill_rules(rules: pd.DataFrame, current: tuple[float, int], currency: str) -> Figure:
    """What every goodwill rule is worth a year, by cap and times; on the right the best for each cap with its range."""
    caps, times = sorted(rules["cap"].unique()), sorted(rules["times_per_year"].unique())
    grid = rules.pivot(index="times_per_year", columns="cap", values="value").loc[times, caps].to_numpy()
    from matplotlib.colors import LinearSegmentedColormap

    figure, (left, right) = style.new_figure(4.0, 1, 2, width_ratios=(1.15, 1))
    top = rules.loc[rules["value"].idxmax()]
    best_rule = translate(
        "Best of the rules tried: up to {currency} {cap:g}, {often}, worth {worth} a year",
        currency=currency,
        cap=float(top["cap"]),
        often=format_value(int(top["times_per_year"]), "times a year"),
        worth=format_value(float(top["value"]), currency),
    )
    none = translate("None of the rules tried is worth more than it costs")
    style.title(figure, best_rule if top["value"] > 0 else none)
    reach = max(float(np.abs(grid).max()), 1e-9)
    colours = LinearSegmentedColormap.from_list("worth", [BAD, "white", GOOD])
    # Areas, which a page can turn for a dark screen, and no photograph.
    across, upwards = (np.arange(len(names) + 1) - 0.5 for names in (caps, times))
    left.pcolormesh(across, upwards, grid, cmap=colours, vmin=-PALER * reach, vmax=PALER * reach)
    for row, column in np.ndindex(grid.shape):
        chosen = (float(caps[column]), int(times[row])) == (float(top["cap"]), int(top["times_per_year"]))
        mine = (float(caps[column]), int(times[row])) == (float(current[0]), int(current[1]))
        lines = [style.label(float(grid[row, column]), currency)]
        lines += [translate("current")] * mine + [translate("best")] * chosen
        left.annotate(
            "\n".join(lines), (column, row), ha="center", va="center", fontsize=7.5, color="black",
            fontweight="bold" if chosen else "normal",
        )  # fmt: skip
    left.set_xticks(range(len(caps)), [style.written(cap, "g") for cap in caps])
    left.set_yticks(range(len(times)), [style.written(number, "g") for number in times])
    left.set_xlabel(translate("Fees of up to, {currency}", currency=currency))
    left.set_ylabel(translate("Times per customer and year"))
    left.grid(False)
    best = rules.loc[rules.groupby("cap")["value"].idxmax().tolist()].sort_values("cap")
    place = np.arange(len(best))
    spread = np.abs(np.vstack([best["value"] - best["low"], best["high"] - best["value"]]).astype(float))
    right.errorbar(
        place, best["value"].to_numpy(float), yerr=spread, fmt="o-", color=MAIN, markersize=4, elinewidth=1.2
    )
    right.axhline(0, color=GREY, linewidth=1)
    named = [
        translate("{cap:g},\n{times:g} a year", cap=float(row.cap), times=float(row.times_per_year))
        for row in best.itertuples()
    ]
    right.set_xticks(place, named, fontsize=8)
    right.set_xlabel(style.wrapped(translate("Cap, with its best number of times"), 28))
    style.scale(right.yaxis, currency, translate("Worth per year, {currency}", currency=currency), ticks=5)
    return figure


@style.drawn
def yearly_risk(loss: YearlyLoss, benefit: float, currency: str) -> Figure:
    """How likely a year's loss is to exceed each amount, beside what the programme brings in a year."""
    figure, (axes,) = style.new_figure(3.6)
    style.title(
        figure,
        translate(
            "The relaxed rule costs {cost} in an average year and brings {benefit}",
            cost=format_value(loss.mean, currency),
            benefit=format_value(benefit, currency),
        ),
    )
    ordered = np.sort(loss.draws)
    bad = translate("a year's loss")
    keep = np.unique(np.linspace(0, ordered.size - 1, 400).astype(int))
    axes.step(ordered[keep], 1 - (keep + 1) / ordered.size, where="post", color=BAD, linewidth=2, label=bad)
    worst = float(np.quantile(ordered, 0.999))
    far = benefit > 2 * worst > 0  # it would press the curve into a corner, and the title says it
    marks = [(loss.mean, translate("average year"), GREY)]
    marks += [] if far else [(benefit, translate("benefit in a year"), GOOD)]
    for value, name, colour in marks:
        axes.axvline(value, color=colour, linewidth=1.4, linestyle=(0, (3, 3)), label=name)
    axes.set_ylim(0, 1)
    if far:
        axes.set_xlim(0, 1.1 * worst)
    style.scale(axes.xaxis, currency, translate("A year's loss, {currency}", currency=currency), ticks=6)
    style.scale(axes.yaxis, "share", translate("Probability of more than that"))
    style.legend(figure, 3)
    return figure


@style.drawn
def promise_kept(found: Realised, currency: str) -> Figure:
    """What an earlier measurement promised month by month, with its range, and what was then measured."""
    figure, (axes,) = style.new_figure(3.8)
    values = {
        "promised": format_value(found.promised, currency),
        "measured": format_value(found.delivered, currency),
    }
    style.title(
        figure,
        translate("Promised {promised}, measured {measured}", **values)
        if found.ratio is None
        else translate(
            "Promised {promised}, measured {measured}: {share} of it",
            share=format_value(found.ratio[0], "share"),
            **values,
        ),
    )
    month = pd.Series(pd.to_datetime(list(found.months)))
    promised, promised_se, delivered, delivered_se = found.by_month
    reach = found.reach * promised_se
    axes.fill_between(month, promised - reach, promised + reach, color=LIGHT,
                      label=translate("promised, 95% range"))  # fmt: skip
    axes.plot(month, promised, color=GREY, linewidth=2, label=translate("promised"))
    axes.errorbar(month, delivered, yerr=found.reach * delivered_se, fmt="o", color=MAIN, markersize=4, elinewidth=1.2,
                  label=translate("delivered, 95% range"))  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=1)
    style.scale(axes.yaxis, currency, translate("Margin per month, {currency}", currency=currency), ticks=5)
    style.month_axis(axes, month)
    room = pd.Timedelta(days=10)  # whole marks at both ends
    axes.set_xlim(month.min() - room, month.max() + room)
    style.legend(figure, 3)
    return figure
