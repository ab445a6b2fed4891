"""From levels of experience to the findings ``experience.level.*``, ``.transition.*``, ``.step.*``, ``.habituation.*``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_number, format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.language.catalogue import translatable, translate
from cxvalue.questions.experience.names import id_parts
from cxvalue.questions.levels.customer_quarters import LEVELS, level_word

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.levels.customer_quarters import CustomerQuarters
    from cxvalue.questions.levels.habituation import Habituation
    from cxvalue.questions.levels.worth import LevelWorth

WRITER = FindingWriter("60_experience", "experience.", case="C11", grade="D")
NEEDS = translatable(
    "Left out: no full quarter has a score in the surveys, or a complaint with resolved_on in the interactions."
)
FEW = translatable("fewer than ten customers were at this level.")
LINK = translatable("A link: customers with a better experience may differ in other ways.")
SHARES = {
    "negative": translatable(
        "Of {customers:,} customers who answered in the last quarter, {share} had a negative experience ({range})."
    ),
    "high": translatable(
        "Of {customers:,} customers who answered in the last quarter, {share} had a “high” experience: a "
        "strong one, in which they took an active part ({range})."
    ),
}
OF_ALL = translatable("Of all who were invited, reweighted by who answers, the share is {share} ({range}).")
AT_A_LEVEL = translatable(
    "Of {customers:,} customers who answered in the last quarter, {share} had a “{level}” experience ({range})."
)
MOVED = {
    "unknown": translatable(
        "A quarter after a “{level}” experience ({moved:,} cases), {share} of the customers were not asked "
        "or did not answer ({range})."
    ),
    "gone": translatable(
        "A quarter after a “{level}” experience ({moved:,} cases), {share} of the customers had bought "
        "nothing for so long that they count as gone ({range})."
    ),
}
TO_A_LEVEL = translatable(
    "A quarter after a “{level}” experience ({moved:,} cases), {share} of the customers had a “{next}” one ({range})."
)
WORTH = {
    "margin": (
        translatable("margin in the year after a “{level}” experience"),
        translatable("Customers with a “{level}” experience bring {value} of margin in the year after ({range})."),
    ),
    "churn": (
        translatable("no purchase in the year after a “{level}” experience"),
        translatable("{value} of customers with a “{level}” experience buy nothing in the year after ({range})."),
    ),
    "cltv": (
        translatable("value still to come after a “{level}” experience"),
        translatable("Customers with a “{level}” experience are still worth {value} each ({range})."),
    ),
}


def level_findings(found: LevelWorth, rows: CustomerQuarters, *, currency: str, level: float) -> list[Finding]:
    """Shares, margin, churn and value by level; moves between quarters; steps among customers with an equal past."""
    how = translate(
        "{rows:,} customer-quarters with a level in {quarters} full quarters; what counts as strong and as "
        "active (days a quarter: {days:g}) is fixed in the first four.",
        rows=rows.level.size,
        quarters=rows.quarters.count,
        days=rows.active_from,
    )
    counted = (
        translate("Active days count purchases and contacts that the customer began.")
        if rows.contacts_count
        else translate("Active days count purchases: the interactions do not say who began them.")
    )
    writer = replace(WRITER, label=translate("Experience: "), level=level, method=f"{how} {counted}")
    out: list[Finding] = []
    for name in LEVELS:
        if not rows.surveyed and name != "negative":
            continue
        out += [_share_finding(writer, found, rows, name), *_worth_findings(writer, found, name, currency)]
    for (name, into), value in found.moves.items():
        told, next_one = level_word(name), level_word(into)
        text = translate(
            MOVED.get(into, TO_A_LEVEL),
            moved=found.moved[name],
            level=told,
            next=next_one,
            share=format_value(value.value, "share"),
            range=format_range(value.low, value.high, "share"),
        )
        label = translate("from “{level}” to “{next}” within a quarter", level=told, next=next_one)
        out.append(writer.write(f"transition.{name}.{into}", label, value, "share", text))
    below = dict(zip(LEVELS[1:], LEVELS, strict=False))
    return out + [_step_finding(writer, name, below[name], value, currency) for name, value in found.steps.items()]


def _step_finding(writer: FindingWriter, name: str, below: str, value: Interval, currency: str) -> Finding:
    message = (
        translatable(
            "Among customers with the same past, in the same unit and quarter, a “{level}” experience goes with "
            "{margin} more margin in the year after than a “{below}” one ({range})."
        )
        if value.value >= 0
        else translatable(
            "Among customers with the same past, in the same unit and quarter, a “{level}” experience goes with "
            "{margin} less margin in the year after than a “{below}” one ({range})."
        )
    )
    told, lower = level_word(name), level_word(below)
    text = translate(
        message,
        level=told,
        below=lower,
        margin=format_value(abs(value.value), currency),
        range=format_range_of_size(*value, currency),
    )
    label = translate(
        "difference in the next year's margin, “{level}” and “{below}” experience", level=told, below=lower
    )
    return writer.write(f"step.{name}.margin", label, value, currency, f"{text} {translate(LINK)}")


def _share_finding(writer: FindingWriter, found: LevelWorth, rows: CustomerQuarters, name: str) -> Finding:
    key, told = f"level.{name}.share", level_word(name)
    label = translate("customers with a “{level}” experience", level=told)
    if name not in found.share:
        reason = (
            translate("without surveys only customers with an unresolved complaint have a level.")
            if not rows.surveyed
            else translate("too few customers are behind it, or it would reveal another level that has too few.")
        )
        return writer.withhold(key, label, reason, "share")
    value = found.share[name]
    text = translate(
        SHARES.get(name, AT_A_LEVEL),
        customers=found.classified,
        share=format_value(value.value, "share"),
        level=told,
        range=format_range(value.low, value.high, "share"),
    )
    if (all_of_them := found.of_all.get(name)) is not None:
        beside = translate(
            OF_ALL,
            share=format_value(all_of_them.value, "share"),
            range=format_range(all_of_them.low, all_of_them.high, "share"),
        )
        text = f"{text} {beside}"
    return writer.write(key, label, value, "share", text)


def _worth_findings(writer: FindingWriter, found: LevelWorth, name: str, currency: str) -> list[Finding]:
    parts: tuple[tuple[str, Mapping[str, Interval], str], ...] = (
        ("margin", found.margin, currency),
        ("churn", found.churn, "share"),
        ("cltv", found.cltv, currency),
    )
    out = []
    for key, values, unit in parts:
        name_of_it, message = WORTH[key]
        full, value = translate(name_of_it, level=level_word(name)), values.get(name)
        if value is not None:
            written, spread = format_value(value.value, unit), format_range(value.low, value.high, unit)
            text = f"{translate(message, level=level_word(name), value=written, range=spread)} {translate(LINK)}"
            out.append(writer.write(f"level.{name}.{key}", full, value, unit, text))
        elif key != "cltv":
            few = found.customers[name] < 10
            reason = translate(FEW) if few else translate("too few customers were followed for a year after it.")
            out.append(writer.withhold(f"level.{name}.{key}", full, reason, unit))
    return out


def habituation_findings(fits: Mapping[str, Habituation | None], *, currency: str, level: float) -> list[Finding]:
    """How fast each experience wears off: its half-life in repeats and in months."""
    writer = replace(WRITER, label=translate("Experience: "), grade="C", level=level)
    parts, out = id_parts(fits), []
    for name, fit in fits.items():
        key, label = f"habituation.{parts[name]}", translate("{name} loses half of its effect", name=name)
        if fit is None:
            reason = translate(
                "no curve can be fitted: too few customers had it more than once, or it changes margin too little."
            )
            out += [writer.withhold(f"{key}.{end}", label, reason, unit) for end, unit in _ENDS]
            continue
        how, life, months = _fitted(fit), fit.half_life, fit.half_life_months
        if not fit.shown or life is None or months is None:
            spread = format_range(fit.first.low, fit.first.high, currency)
            reason = (
                translate("the effect of {name} does not fall with repeats; it lasts at least {least} of them.",
                          name=name, least=format_number(fit.at_least))
                if fit.shown
                else translate("{name} changes margin too little to say ({range} the first time).", name=name, range=spread)
            )  # fmt: skip
            out += [writer.withhold(f"{key}.{end}", label, reason, unit, how) for end, unit in _ENDS]
            continue
        opened = not math.isfinite(life.high)
        text = translate(
            OPEN_LIFE if opened else HALF_LIFE,
            name=name,
            margin=format_value(fit.first.value, currency),
            window=format_value(fit.window_days, "days"),
            repeats=format_number(life.value),
            least=format_number(life.low),
            range="" if opened else format_range(life.low, life.high, ""),
        )
        in_months = translate(
            "That is {months} months at the usual gap of {gap:g} days between repeats.",
            months=format_number(months.value),
            gap=fit.gap_days,
        )
        for (end, unit), (value, said) in zip(_ENDS, ((life, text), (months, in_months)), strict=True):
            ends = (value.value, value.low, None if opened else value.high)
            out.append(writer.write(f"{key}.{end}", label, ends, unit, said, how))
    return out


def _fitted(fit: Habituation) -> str:
    how = translate(
        "{windows:,} windows of {window} of {customers:,} customers, each compared with themselves; effects of the month "
        "removed; median gap {gap:g} days. A rest restores the effect, so this is for such gaps.",
        windows=fit.windows,
        window=format_value(fit.window_days, "days"),
        customers=fit.customers,
        gap=fit.gap_days,
    )
    if fit.drawn_from <= fit.customers:
        return how
    return f"{how} {translate('They are a random sample of {customers:,}.', customers=fit.drawn_from)}"


HALF_LIFE = translatable(
    "The first {name} brings {margin} of margin within {window}; the effect halves after {repeats} repeats ({range})."
)
OPEN_LIFE = translatable(
    "The first {name} brings {margin} of margin within {window}; the effect halves after {repeats} repeats (at least "
    "{least})."
)
_ENDS = (("half_life", "repeats"), ("half_life_months", "months"))
