"""From the choice under a budget to the findings ``experience.choice.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated
from cxvalue.questions.choice.items import ALL
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.choice.budget import Choice
    from cxvalue.questions.choice.items import Items

WRITER = FindingWriter("61_drivers", "experience.choice.", case="C12", grade="D")
WORTH = translatable("{touchpoint} is worth choosing")
NEEDS = translatable(
    "Left out: it needs 'touchpoints' and 'experience: {budget: …}' in the study file, and a link of score and margin."
)


def no_choice_finding(currency: str) -> Finding:
    """The worth of a choice that was asked for and cannot be had, with the reason."""
    reason = translate("there is no link of score and margin from which the touchpoints could be valued.")
    writer = replace(WRITER, label=translate("Choice: "))
    return writer.withhold("value", translate("net worth of the best choice"), reason, currency)


def choice_findings(found: Choice, items: Items, *, budget: float, currency: str, level: float) -> list[Finding]:
    """What the chosen items are worth, how often each belongs to the best set, and what more money would add."""
    how = translate(
        "Points × slope × link × customers touched per year, less the cost; one year, no fade-out "
        "assumed. Values are shrunk before one is chosen, and the choice is held fixed while its worth "
        "is drawn. It is based on links: it says where to test."
    )
    writer = replace(WRITER, label=translate("Choice: "), level=level, method=how)
    labels = [_label(items.names[k], items.segments[k]) for k in range(len(items.names))]
    text, label = _value_text(found, labels, budget, currency), translate("net worth of the best choice")
    out = [writer.write("value", label, range_of(*found.net), currency, text)]
    names = id_parts([*items.names, *(name for name, _ in items.withheld)])
    segments = id_parts([*items.segments, *(segment for _, segment in items.withheld)])
    for k, name in enumerate(labels):
        share = float(found.share[k])
        said = translate(
            "Improving {touchpoint} is part of the best choice in {share} of the scenarios.",
            touchpoint=name,
            share=format_value(share, "share"),
        )
        key, label = f"{names[items.names[k]]}.{segments[items.segments[k]]}", translate(WORTH, touchpoint=name)
        out.append(writer.write(key, label, share, "share", said))
    for name, segment in items.withheld:
        reason = translate("too few customers are behind it, or it would reveal others that have too few.")
        label = translate(WORTH, touchpoint=_label(name, segment, always=True))
        out.append(writer.withhold(f"{names[name]}.{segments[segment]}", label, reason, "share"))
    regret = translate(
        "Knowing the values for sure would be worth {worth} a year: a test may cost that much.",
        worth=format_value(found.regret, currency),
    )
    out.append(writer.write("regret", translate("value of knowing"), found.regret, currency, regret))
    at = {round(one[0] / budget, 2): one[1] for one in found.curve}
    more = at[1.5] - at[1.0]
    curve = translate(
        "Half as much money again would add {more} net a year; half of the money would keep {half} of it.",
        more=format_value(more, currency),
        half=format_value(at[0.5], currency),
    )
    label = translate("net worth of half as much money again")
    out.append(writer.write("budget_curve", label, more, currency, curve))
    return out


def _value_text(found: Choice, labels: list[str], budget: float, currency: str) -> str:
    chosen = [label for label, taken in zip(labels, found.chosen, strict=True) if taken]
    money = format_value(budget, currency)
    if not chosen:
        return translate(
            "For {money} a year no touchpoint brings more than it costs, as far as links can tell.", money=money
        )
    surest = min(float(share) for share, taken in zip(found.share, found.chosen, strict=True) if taken)
    return translate(
        "With {money} a year the best choice is: {touchpoints}. It goes with {net} a year, net of its cost "
        "({range}). Each of them is part of the best choice in at least {share} of the scenarios. This is a "
        "link, to be tested.",
        money=money,
        touchpoints=enumerated(chosen),
        net=format_value(found.net.value, currency),
        range=format_range(found.net.low, found.net.high, currency),
        share=format_value(surest, "share"),
    )


def _label(name: str, segment: str, *, always: bool = False) -> str:
    if segment == ALL and not always:
        return name
    return translate("{touchpoint} for {segment}", touchpoint=name, segment=segment)
