"""Expressions of columns in a study file, such as ``=[Subtotal] - [Taxes]``, as SQL.

They know columns in brackets, numbers, texts in quotes, ``+ - * /`` (also written × and −), parentheses and ``else``: what
stands before it where that is filled, else what stands after it. What is empty stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cxvalue.foundation.errors import BadInput, Problem, meant, quoted
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.read.sql import literal

_TOKEN = re.compile(r"\s*(?:\[([^\]]+)\]|(\d+(?:\.\d+)?)|'([^']*)'|(else\b)|([-+*/()]))")
MOST_PARTS = 100
_ALLOWED = translatable(
    "Write columns in brackets, numbers, + - * / and the word else, such as '=[Subtotal] - [Taxes]'."
)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as a tree: a column, number or text by name, or a sign and its two sides."""

    tree: tuple[object, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in it, each once."""
        return tuple(dict.fromkeys(_columns(self.tree)))

    @property
    def is_number(self) -> bool:
        """Whether it calculates: then its columns are amounts, otherwise whatever they hold."""
        return _calculates(self.tree)

    def sql(self, column: Callable[[str], str]) -> str:
        """The expression as SQL; `column` gives the SQL of a column by name."""
        return _sql(self.tree, column)


def parse_expression(text: str, where: str, known: tuple[str, ...]) -> Expression:
    """Read an expression, or the name of a column alone; raises `BadInput` for what cannot be understood.

    >>> parse_expression("=[a] * 2 - [b]", "", ("a", "b")).sql(str.upper)
    '((A * 2.0) - B)'
    >>> parse_expression("=[a] else 'none'", "", ("a",)).sql(str.upper)
    "coalesce(A, 'none')"
    >>> parse_expression("a", "", ("a",)).columns
    ('a',)
    """
    if not text.startswith("="):
        tree: tuple[object, ...] = ("column", text)
    else:
        parser = _Parser(text, where)
        tree = parser.choice()
        if parser.tokens[parser.at :]:
            raise _not_understood(where, text)
    found = Expression(tree)
    for name in found.columns:
        if name not in known:
            raise BadInput([no_column(where, name, known)])
    return found


def no_column(where: str, name: str, known: Sequence[str]) -> Problem:
    """The refusal of a column that the source has not, with the nearest one or with all that there are."""
    hint = meant(name, known) or translate("Columns found: {columns}.", columns=quoted(sorted(known)))
    return Problem(where, translate("the source has no column {column!r}.", column=name), hint)


def _not_understood(where: str, text: str) -> BadInput:
    return BadInput.at(where, translate("{text!r} cannot be understood.", text=text), translate(_ALLOWED))


class _Parser:
    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.at = text, where, 0
        self.tokens: list[tuple[str, str]] = []
        plain = text[1:].translate({0xD7: "*", 0x2212: "-", 0xF7: "/"}).rstrip()
        place = 0
        while place < len(plain):
            found = _TOKEN.match(plain, place)
            if found is None:
                raise self.wrong()
            kinds = ("column", "number", "text", "else", "sign")
            self.tokens.append(next((k, g) for k, g in zip(kinds, found.groups(), strict=True) if g is not None))
            place = found.end()
            if len(self.tokens) > MOST_PARTS:
                too_many = translate("has more than {parts} parts.", parts=MOST_PARTS)
                raise BadInput.at(where, too_many, translate("Calculate the column beforehand, or with a query."))

    def wrong(self) -> BadInput:
        return _not_understood(self.where, self.text[:200])

    def peek(self) -> str:
        kind, word = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        return word if kind in ("sign", "else") else ""

    def choice(self) -> tuple[object, ...]:
        tree = self.sum()
        while self.peek() == "else":
            self.at += 1
            tree = ("else", tree, self.sum())
        return tree

    def sum(self) -> tuple[object, ...]:
        tree = self.product()
        while self.peek() in ("+", "-"):
            sign = self.peek()
            self.at += 1
            tree = (sign, tree, self.product())
        return tree

    def product(self) -> tuple[object, ...]:
        tree = self.factor()
        while self.peek() in ("*", "/"):
            sign = self.peek()
            self.at += 1
            tree = (sign, tree, self.factor())
        return tree

    def factor(self) -> tuple[object, ...]:
        if self.at >= len(self.tokens):
            raise self.wrong()
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "sign" and word == "-":
            return ("-", ("number", "0"), self.factor())
        if kind == "sign" and word == "(":
            tree = self.choice()
            if self.peek() != ")":
                raise self.wrong()
            self.at += 1
            return tree
        if kind in ("sign", "else"):
            raise self.wrong()
        return (kind, word)


def _columns(tree: object) -> list[str]:
    if not isinstance(tree, tuple):
        return []
    if tree[0] == "column":
        return [str(tree[1])]
    return [name for part in tree[1:] for name in _columns(part)]


def _calculates(tree: object) -> bool:
    if not isinstance(tree, tuple):
        return False
    return tree[0] in ("+", "-", "*", "/", "number") or any(_calculates(part) for part in tree[1:])


def _sql(tree: tuple[object, ...], column: Callable[[str], str]) -> str:
    kind = tree[0]
    if kind == "column":
        return column(str(tree[1]))
    if kind == "text":
        return literal(str(tree[1]))
    if kind == "number":
        return repr(float(str(tree[1])))
    left, right = (_sql(part, column) for part in tree[1:] if isinstance(part, tuple))
    return f"coalesce({left}, {right})" if kind == "else" else f"({left} {kind} {right})"
