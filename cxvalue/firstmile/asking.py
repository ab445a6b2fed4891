"""Questions about an export that nobody but its owner can answer, their answers, and what these make of a table."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from cxvalue.foundation.errors import BadInput, nearest
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated

NEVER_ASSUMED = ("currency", "margin", "tax", "rates")
"""Keys of questions whose answer is never taken for granted, not even with ``--accept``."""

ALIASES = {
    "gross_margin": "margin",
    "status": "statuses",
    "state": "statuses",
    "keep_rows": "statuses",
    "no_customer": "rows_without_customer",
    "unit": "amounts",
    "exchange_rates": "rates",
}
"""Other words for the keys of questions."""

_FREE = {
    "rate": ("20%", translatable("the tax rate that the amounts include")),
    "values": ("'VALUE, VALUE'", translatable("the values that count")),
    "column": ("'COLUMN'", translatable("another column")),
    "rates": ("'USD: 0.92, GBP: 1.17'", translatable("what one of each is worth")),
    "word": ("...", ""),
    "text": ("NAME", ""),
    "share": (
        "0.40",
        translatable("the share of revenue that is left after the goods and all other costs of a sale"),
    ),
    "code": ("EUR", translatable("three letters")),
}
"""An example of each free answer, and what it says."""


@dataclass(frozen=True)
class Option:
    """One possible answer: its word, what it says, what it sets in the table, and the answers that it goes with.

    Beside keys of the table it may set ``revenue_minus``, what is taken off revenue, ``revenue_over``, its divisor, or
    ``revenue_times``, its factor.
    """

    answer: str
    says: str
    set: Mapping[str, Any] = field(default_factory=dict)
    goes_with: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One question: its key, the place of its answer in the table (or the study), and the answers that are possible.

    `free` allows answers beyond the options: "rate" (a tax rate that is inside the amounts), "values" (words that count, of
    the column at the end of `at`), "column", "text" (a text constant), "rates", "share" or "code". `default` is what
    ``--accept`` takes; `effects` say what each option would make of net revenue, where it can be told.
    """

    key: str
    ask: str
    at: str
    options: tuple[Option, ...] = ()
    default: str | None = None
    free: str = ""
    columns: tuple[str, ...] = ()
    table: str = ""
    effects: Mapping[str, float] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """How far apart the answers are in money; 0 where that is not known."""
        return max(self.effects.values()) - min(self.effects.values()) if len(self.effects) > 1 else 0.0

    def lines(self, currency: str = "") -> list[str]:
        """The question with a line to paste for each answer, and what it would make of net revenue."""
        said = [self.ask]
        for option in {one.answer: one for one in self.options}.values():
            known = self.cost and option.answer in self.effects
            default = option.answer == self.default and self.key not in NEVER_ASSUMED
            parts = [
                f"--answer {self.key}={_shell(option.answer)}",
                option.says,
                _net_revenue(currency, self.effects[option.answer]) if known else "",
                translate("(--accept takes this)") if default else "",
            ]
            said.append("  " + "   ".join(part for part in parts if part))
        if self.free:
            example, words = _FREE[self.free]
            said.append(f"  --answer {self.key}={example}" + (f"   {translate(words)}" if words else ""))
        return said


def _net_revenue(currency: str, amount: float) -> str:
    if not currency:
        return translate("net revenue {amount:,.2f}", amount=amount)
    return translate("net revenue {currency} {amount:,.2f}", currency=currency, amount=amount)


def parse_answers(given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping; raises `BadInput` for what is none."""
    answers: dict[str, str] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or not value.strip():
            found = translate("{text!r} is not an answer.", text=text)
            raise BadInput.at("--answer", found, translate("Write it as KEY=VALUE, such as tax=inside."))
        table, dot, word = key.strip().lower().replace("-", "_").rpartition(".")
        answers[table + dot + ALIASES.get(word, word)] = value.strip().strip("'\"")
    return answers


def answered(question: Question, answer: str, spec: dict[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """The table's keys once a question is answered; raises `BadInput` where the answer is none of those possible."""
    word = answer.strip()
    fitting = [one for one in question.options if one.answer.lower() == word.lower()]
    fitting = [
        one for one in fitting if all(chosen.get(key) == value for key, value in one.goes_with.items())
    ] or fitting
    if fitting:
        return _applied(spec, fitting[0].set)
    if question.free == "rate":
        return _without_tax(spec, _rate(word))
    if question.free == "values":
        words = [one.strip() for one in re.split(r"[,;|]", word) if one.strip()]
        group, _, column = question.at.partition(".")
        return merged(spec, {group: {column: words}})
    if question.free == "column" and question.columns:
        match = {one.lower(): one for one in question.columns}.get(word.lower())
        if match is not None:
            return put(spec, question.at, match)
        found = translate("there is no column {word!r}.", word=word)
        raise BadInput.at(f"--answer {question.key}", found, nearest(word, question.columns))
    if question.free == "text":
        return put(spec, question.at, f"={word!r}" if "'" not in word else "='" + word.replace("'", "") + "'")
    allowed = enumerated(dict.fromkeys(one.answer for one in question.options))
    found, remedy = (
        translate("{word!r} is not one of the answers.", word=word),
        translate("Allowed: {answers}.", answers=allowed),
    )
    raise BadInput.at(f"--answer {question.key}", found, remedy)


def _applied(spec: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A table with what an option sets; ``revenue_…`` go on from the amount chosen so far."""
    plain = {key: value for key, value in change.items() if not key.startswith("revenue_")}
    result = merged(spec, plain)
    revenue = result.get("columns", {}).get("revenue", "")
    if "revenue_minus" in change:
        inner = revenue[1:] if revenue.startswith("=") else f"[{revenue}]"
        result = put(result, "columns.revenue", f"={inner} - {change['revenue_minus']}")
    for key, sign in (("revenue_over", "/"), ("revenue_times", "*")):
        if key in change:
            inner = f"({revenue[1:]})" if revenue.startswith("=") else f"[{revenue}]"
            result = put(result, "columns.revenue", f"={inner} {sign} {change[key]}")
    return result


def _rate(word: str) -> float:
    number = word.rstrip("% ").replace(",", ".")
    try:
        rate = float(number) / (100 if "%" in word or float(number) >= 2 else 1)
    except ValueError:
        rate = -1.0
    if not 0 <= rate < 1:
        found = translate("{word!r} is not a rate.", word=word)
        raise BadInput.at("--answer tax", found, translate("Write tax=none, or the rate such as tax=20%."))
    return rate


def _without_tax(spec: dict[str, Any], rate: float) -> dict[str, Any]:
    """Amounts of a table with a rate of tax taken out of them."""
    if not rate:
        return spec
    factor = f"{1 + rate:.6g}"

    def net(value: str) -> str:
        inner = value[1:].strip() if value.startswith("=") else f"[{value}]"
        return f"=({inner}) / {factor}" if value.startswith("=") else f"={inner} / {factor}"

    changed = copy.deepcopy(spec)
    changed["columns"]["revenue"] = net(changed["columns"]["revenue"])
    if changed.get("refund", {}).get("amount"):
        changed["refund"]["amount"] = net(changed["refund"]["amount"])
    return changed


def merged(spec: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Keys with others laid over them, group by group.

    >>> merged({"columns": {"a": "x"}}, {"columns": {"b": "y"}})
    {'columns': {'a': 'x', 'b': 'y'}}
    """
    result = copy.deepcopy(dict(spec))
    for key, value in change.items():
        inner = isinstance(value, Mapping) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if inner else copy.deepcopy(value)
    return result


def put(spec: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Keys with a value at a place such as ``columns.revenue``."""
    group, dot, name = place.partition(".")
    return merged(spec, {group: {name: value}} if dot else {group: value})


def either(words: Sequence[str]) -> str:
    """Words of which one is meant, as a list.

    >>> either(["a", "b", "c"])
    'a or b or c'
    """
    return reduce(lambda one, other: translate("{one} or {other}", one=one, other=other), words)


def _shell(word: str) -> str:
    return word if re.fullmatch(r"[\w.%/-]+", word) else f"'{word}'"
