"""Everything cxvalue refuses to do, and in which words.

One tree::

    CxvalueError            anything the product says no to            exit status 1
    ├── BadInput            the study file or its data is wrong        exit status 2
    └── RunFailed           a notebook or the publishing failed        exit status 1

A `BadInput` carries every `Problem` that was found, never only the first: an analyst repairs a file once. All of it is told
in the language that is spoken where the refusal is made.
"""

from __future__ import annotations

import difflib
import os
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.letters import closed_up
from cxvalue.language.words import enumerated

IN_RUN = "CXVALUE_IN_RUN"
"""Stands in the environment of the notebooks of a run, which nobody watches."""


class CxvalueError(Exception):
    """The base of every error that cxvalue raises on purpose; it tells its message in the language that is spoken.

    Args:
        message: as for `translate`; a text that was told already stays as it is.
        **values: what stands in its places.

    >>> print(CxvalueError("draws == {draws}, must be 20 or more.", draws=3))
    draws == 3, must be 20 or more.
    """

    exit_status = 1

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(translate(message, **values))

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows of it: the sentence alone, which is all that helps; in a run the whole way to it."""
        return traceback.format_exception(self) if IN_RUN in os.environ else str(self).splitlines()


class OutOfTime(KeyboardInterrupt):
    """The time that a command may take is over: like Ctrl-C, so that nothing on the way takes it for a refusal."""


class RunFailed(CxvalueError):
    """A run could not be finished; nothing was published."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in an analyst's words.

    `where` names the file and the key, or the table and the column; `found` says what is there; `remedy` says what is
    allowed and what to do. `count` is the number of rows concerned and `examples` are the first few of them, as text.
    """

    where: str
    found: str
    remedy: str = ""
    count: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        line = f"{self.where}: {closed_up(f'{self.found} {self.remedy}'.rstrip())}"
        return line + "".join(f"\n      {example}" for example in self.examples)


class BadInput(CxvalueError):
    """The study file or its tables are wrong; the message lists all that was found.

    >>> print(BadInput([Problem("study.yml: horizon", "unknown key.", "Did you mean 'horizon_months'?")]))
    1 problem found:
      1. study.yml: horizon: unknown key. Did you mean 'horizon_months'?
    """

    exit_status = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        lines = [translate_count("{count} problem found:", "{count} problems found:", len(self.problems))]
        lines += [f"  {number}. {problem}" for number, problem in enumerate(self.problems, start=1)]
        super().__init__("\n".join(lines))

    @classmethod
    def at(cls, where: str, found: str, remedy: str = "") -> BadInput:
        """The refusal of one `Problem`.

        >>> print(BadInput.at("programmes.chat", "nobody was treated.", "Check the roll-out.").problems[0])
        programmes.chat: nobody was treated. Check the roll-out.
        """
        return cls([Problem(where, found, remedy)])


def nearest(word: str, known: Sequence[str]) -> str:
    """Say which known word was probably meant, as a sentence; without a near one, list what is allowed.

    >>> nearest("gros_margin", ["gross_margin", "currency"])
    "Did you mean 'gross_margin'?"
    >>> nearest("zzz", ["b", "a"])
    "Allowed: 'a', 'b'."
    """
    return meant(word, known) or one_of(sorted(known))


def meant(word: str, known: Sequence[str]) -> str:
    """Say which known word was probably meant, as a sentence; nothing without a near one.

    >>> meant("gros_margin", ["gross_margin", "currency"]), meant("zzz", ["b", "a"])
    ("Did you mean 'gross_margin'?", '')
    >>> meant("revenue", ["Customer", "REVENUE"])
    "Did you mean 'REVENUE'?"
    """
    lowered = {one.lower(): one for one in reversed(known)}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return translate("Did you mean {word!r}?", word=lowered[close[0]]) if close else ""


def one_of(known: Sequence[str]) -> str:
    """List what is allowed.

    >>> one_of(["csv", "parquet"])
    "Allowed: 'csv', 'parquet'."
    """
    return translate("Allowed: {words}.", words=quoted(known))


def quoted(words: Iterable[object]) -> str:
    """Words as a list to read, each in quotes.

    >>> quoted(["csv", "parquet"])
    "'csv', 'parquet'"
    """
    return enumerated(map(repr, words))
