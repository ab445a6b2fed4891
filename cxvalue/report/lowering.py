"""What a caution does to the findings that rest on its table: their evidence goes down by one grade, and says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.foundation.grades import lower_grade
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.tables.cautions import Caution

RESTS_ON: dict[str, tuple[str, ...]] = {
    "base": ("transactions", "subscriptions"),
    "cltv": ("transactions", "subscriptions"),
    "churn": ("transactions", "subscriptions"),
    "crosssell": ("transactions",),
    "referral": ("transactions", "customers"),
    "discounts": ("offers",),
}
"""Tables behind the findings of a family. Campaigns and programmes are not here: a caution is one of their checks."""


def lower_grades(findings: Iterable[Finding], cautions: Sequence[Caution]) -> tuple[Finding, ...]:
    """The findings with the grade of each taken down by one where a caution that lowers evidence is about its tables."""
    return tuple(_lowered(finding, cautions) for finding in findings)


def _lowered(finding: Finding, cautions: Sequence[Caution]) -> Finding:
    tables = RESTS_ON.get(finding.id.partition(".")[0], ())
    reasons = [one.text for one in cautions if one.lowers and one.table in tables]
    if not reasons or finding.grade is None:
        return finding
    lowered = translate("One grade lower: {reason}", reason=reasons[0])
    return replace(finding, grade=lower_grade(finding.grade), method=f"{finding.method} {lowered}".strip())
