"""What changed since the last report: then, now and why, from the findings and the manifests of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_finding
from cxvalue.language.letters import begun
from cxvalue.report.answer_block import value_told
from cxvalue.report.headlines import HEADLINES

MOST_SETTINGS = 3
"""Settings that are named among the reasons; more are counted."""
_OF_THE_DAY = ("as_of", "simulated.seed")
"""Settings that say which data a run reads, and no assumption."""

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A finding that is another one than in the last report: both values as written, and which way it went."""

    id: str
    label: str
    then: str
    now: str
    why: str
    way: Literal["up", "down", "other"]


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed, headline findings first: `since` is the day up to which the data of the last report went."""

    since: str
    rows: tuple[Change, ...]


def changes_since(
    before: Iterable[Finding],
    now: Iterable[Finding],
    told_before: Mapping[str, Any],
    told_now: Mapping[str, Any],
    words: Words,
) -> Changes | None:
    """Hold the findings of a run against those of the run before; None where nothing is written otherwise.

    Args:
        before, now: findings of both runs.
        told_before, told_now: of their manifests as_of, inputs, parameters and cxvalue.
        words: of the page's language.

    Runs in different currencies are not compared.
    """
    earlier = {finding.id: finding for finding in before}
    settings = dict(_flat(told_before.get("parameters", {}))), dict(_flat(told_now.get("parameters", {})))
    if settings[0].get("currency") != settings[1].get("currency"):
        return None
    why = _reasons(told_before, told_now, settings, words)
    rows = []
    for finding in _headlines_first(tuple(now)):
        old = earlier.get(finding.id)
        if old is None or (old.value is None and finding.value is None):
            continue
        # A published finding does not say how it is written; this one does.
        then, said = _written(old, finding, words), _written(finding, finding, words)
        if then != said:
            rows.append(
                Change(finding.id, finding.label, then, said, _why(old, finding, why, words), _way(old, finding))
            )
    if not rows:
        return None
    return Changes(format_date(date.fromisoformat(str(told_before["as_of"])), words), tuple(rows))


def _headlines_first(findings: Sequence[Finding]) -> Sequence[Finding]:
    def place(finding: Finding) -> int:
        return next((n for n, pattern in enumerate(HEADLINES) if fnmatchcase(finding.id, pattern)), len(HEADLINES))

    return sorted(findings, key=place)


def _written(finding: Finding, like: Finding, words: Words) -> str:
    if finding.value is None or isinstance(finding.value, str):
        return value_told(finding, words)
    return format_finding(replace(finding, kind=like.kind), words)


def _way(old: Finding, new: Finding) -> Literal["up", "down", "other"]:
    if not isinstance(old.value, (int, float)) or not isinstance(new.value, (int, float)):
        return "other"
    return "up" if new.value > old.value else "down"


def _why(old: Finding, new: Finding, why: str, words: Words) -> str:
    """The reasons, and whether the new value lies outside the range in which it was expected."""
    if old.low is None or old.high is None or not isinstance(new.value, (int, float)):
        return why
    return why if old.low <= new.value <= old.high else f"{why} {words['moved_outside']}".strip()


def _reasons(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    words: Words,
) -> str:
    """What is different about the runs themselves, in the order data, settings, version."""
    found = []
    if before.get("as_of") != now.get("as_of"):
        found.append(words["why_data"].format(day=format_date(date.fromisoformat(str(now["as_of"])), words)))
    elif before.get("inputs") != now.get("inputs"):
        found.append(words["why_corrected"])
    changed = [
        words["why_setting"].format(name=name, then=_short(settings[0].get(name)), now=_short(settings[1].get(name)))
        for name in sorted({*settings[0], *settings[1]})
        if settings[0].get(name) != settings[1].get(name) and name not in _OF_THE_DAY
    ]
    found += changed[:MOST_SETTINGS]
    if len(changed) > MOST_SETTINGS:
        found.append(words["why_more_settings"].format(count=len(changed) - MOST_SETTINGS))
    if before.get("cxvalue") != now.get("cxvalue"):
        found.append(words["why_version"].format(then=before.get("cxvalue"), now=now.get("cxvalue")))
    said = "; ".join(found) or words["why_unknown"]
    return begun(said) + words["stop"]


def _short(value: Any) -> str:
    """A setting as it stands in the study file; one that is not there has the default."""
    return "—" if value is None else str(value)


def _flat(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by their path, as in ``cltv.models``."""
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield from _flat(value, f"{name}.{key}".lstrip("."))
    elif isinstance(told, list):
        for place, value in enumerate(told):
            yield from _flat(
                value, f"{name}.{value['name'] if isinstance(value, Mapping) and 'name' in value else place}"
            )
    else:
        yield name, told
