"""The choice under a budget as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translate
from cxvalue.questions.choice.items import ALL

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.questions.choice.budget import Choice
    from cxvalue.questions.choice.items import Items


def choice_table(found: Choice, items: Items) -> pd.DataFrame:
    """A row an item, as published in ``choice_items.csv``."""
    return pd.DataFrame(
        {"touchpoint": items.names, "segment": items.segments, "cost": items.cost, "value": items.value,
         "value_shrunk": found.value, "chosen": found.chosen, "share_of_draws": found.share}
    )  # fmt: skip


def curve_table(found: Choice, items: Items) -> pd.DataFrame:
    """A row a budget, as published in ``choice_budgets.csv``."""
    rows = [
        (budget, net, "; ".join(name for name, taken in zip(items.names, chosen, strict=True) if taken))
        for budget, net, chosen in found.curve
    ]
    return pd.DataFrame(rows, columns=["budget", "net", "touchpoints"])


def choice_display(found: Choice, items: Items, currency: str) -> Styler:
    """The items in words, those that were chosen first."""
    order = sorted(range(len(items.names)), key=lambda k: (not found.chosen[k], -float(found.value[k] - items.cost[k])))
    return styled(
        {
            translate("touchpoint"): items.names[k],
            translate("for"): translate("all") if items.segments[k] == ALL else items.segments[k],
            translate("costs per year"): format_value(float(items.cost[k]), currency),
            translate("goes with per year"): format_value(float(found.value[k]), currency),
            translate("chosen"): translate("yes") if found.chosen[k] else translate("no"),
            translate("in the best choice"): format_value(float(found.share[k]), "share"),
        }
        for k in order
    )
