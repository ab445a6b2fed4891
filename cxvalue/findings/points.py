"""An interval without any width is no estimate: where every outcome came out the same, the figure is withheld."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cxvalue.findings.finding import Finding, opening
from cxvalue.findings.numbers import is_currency
from cxvalue.foundation.chance import is_a_point
from cxvalue.language.catalogue import translate

LEAST_MONEY = 0.005
"""Half of the smallest coin: a range of money that ends below it says that nothing at all can come."""


def withhold_points(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with each whose low and high end are one number withheld, and the reason in its sentence.

    >>> withhold_points([Finding("cltv.equity", "Equity", 0.0, 0.0, 0.0, 0.95, "EUR")])[0].value is None
    True
    """
    return [_withheld(one) if _is_point(one) else one for one in findings]


def _is_point(finding: Finding) -> bool:
    if finding.low is None or finding.high is None or not finding.is_number:
        return False
    nothing = is_currency(finding.unit) and max(abs(finding.low), abs(finding.high)) < LEAST_MONEY
    return nothing or is_a_point(finding.low, finding.high)


def _withheld(finding: Finding) -> Finding:
    reason = translate(
        "every outcome that the model can draw from these data is the same, so nothing can be estimated."
        " It needs a longer history, or customers who differ more."
    )
    text = opening("withheld") + reason
    return replace(finding, value=None, low=None, high=None, level=None, text=text, withheld="withheld")
