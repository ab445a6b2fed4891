"""From the choice under a budget to the findings ``experience.choice.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.questions.experience.names import id_parts

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.choice.budget import Choice
    from cxvalue.questions.choice.items import Items

__all__ = ["NEEDS", "choice_findings"]

WRITER = FindingWriter("61_drivers", "experience.choice.", "Choice: ", case="C12", grade="D")
NEEDS = (
    "Left out: it needs 'touchpoints' and 'experience: {budget: …}' in the study file, and a link of score and margin."
)


def choice_findings(found: Choice, items: Items, *, budget: float, currency: str, level: float) -> list[Finding]:
    """What the chosen items are worth, how often each belongs to the best set, and what more money would add."""
    how = (
        "Points × slope × link × customers touched a year, less the cost; one year, no fade-out taken. Values are "
        "shrunk before "
        "one is chosen, and the choice is held fixed while its worth is drawn. It rests on links: it says where to test."
    )
    writer = replace(WRITER, level=level, method=how)
    labels = [_label(items, k) for k in range(len(items.names))]
    chosen = [label for label, taken in zip(labels, found.chosen, strict=True) if taken]
    money = format_value(budget, currency)
    surest = min((float(share) for share, taken in zip(found.share, found.chosen, strict=True) if taken), default=0.0)
    net = found.net
    if chosen:
        text = (
            f"For {money} a year: {', '.join(chosen)}; it goes with {format_value(net.value, currency)} a year net of "
            "its cost "
            f"({format_range(net.low, net.high, currency)}). Each of them is in the best choice of at least "
            f"{format_value(surest, 'share')} of what-ifs. A link, to be tested."
        )
    else:
        text = f"For {money} a year no touchpoint brings more than it costs, as far as links can tell."
    out = [writer.write("value", "net worth of the best choice", range_of(*net), currency, text)]
    names = id_parts([*items.names, *(name for name, _ in items.withheld)])
    segments = id_parts([*items.segments, *(segment for _, segment in items.withheld)])
    for k, label in enumerate(labels):
        share = float(found.share[k])
        said = f"{label[:1].upper()}{label[1:]} is in the best choice of {format_value(share, 'share')} of what-ifs."
        key = f"{names[items.names[k]]}.{segments[items.segments[k]]}"
        out.append(writer.write(key, f"{label} is worth choosing", share, "share", said))
    for name, segment in items.withheld:
        reason = "too few customers stand behind it, or it would give away others that they do."
        label = f"{name} for {segment} is worth choosing"
        out.append(writer.withhold(f"{names[name]}.{segments[segment]}", label, reason, "share"))
    worth = format_value(found.regret, currency)
    regret = f"Knowing the values for sure would be worth {worth} a year: so much a test may cost."
    out.append(writer.write("regret", "worth of knowing", found.regret, currency, regret))
    at = {round(one[0] / budget, 2): one[1] for one in found.curve}
    more = at[1.5] - at[1.0]
    curve = (
        f"Half as much money again would add {format_value(more, currency)} a year net; half of the money would keep "
        f"{format_value(at[0.5], currency)} of it."
    )
    out.append(writer.write("budget_curve", "net worth of half as much money again", more, currency, curve))
    return out


def _label(items: Items, k: int) -> str:
    segment = items.segments[k]
    return items.names[k] if segment == "all" else f"{items.names[k]} for {segment}"
