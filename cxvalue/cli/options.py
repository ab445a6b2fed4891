"""The command line taken apart: a parser that speaks plainly, what options may be, and the language asked for.

What an option may be is a function of its text that raises `argparse.ArgumentTypeError`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import NoReturn

from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.language.catalogue import LANGUAGES, spoken, translatable, translate
from cxvalue.language.letters import closed_up, lines_of

LATEST_COMPLETE_MONTH = "latest_complete_month"

ARGPARSE = (
    translatable("usage: "),
    translatable("options"),
    translatable("positional arguments"),
    translatable("show this help message and exit"),
    translatable("argument %(argument_name)s: %(message)s"),
    translatable("the following arguments are required: %s"),
    translatable("expected one argument"),
    translatable("expected at least one argument"),
    translatable("ignored explicit argument %r"),
)
"""What Python's parser says of its own, with its own signs for values; `Parser` takes its "invalid choice" apart."""


@contextmanager
def with_words() -> Iterator[None]:
    """Let Python's parser speak the language that is spoken: it looks its words up by this name, from gettext else."""
    before = argparse._  # type: ignore[attr-defined]
    argparse._ = translate  # type: ignore[attr-defined]
    try:
        yield
    finally:
        argparse._ = before  # type: ignore[attr-defined]


class _Help(argparse.HelpFormatter):
    """Breaks lines where the language does: Chinese between any two letters, which take two columns each."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return lines_of(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of exiting, and names the nearest word for a mistyped one."""

    def __init__(self, **settings: object) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Help, **settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        mistyped = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if mistyped:
            word, known = mistyped[1], re.findall(r"[\w-]+", mistyped[2])
            if "COMMAND" in message:
                message = translate("there is no command {word!r}.", word=word)
            else:
                message = message[: mistyped.start()] + translate("invalid choice: {word!r}.", word=word)
            message = closed_up(f"{message} {nearest(word, known)}")
        raise self.refusal(message)

    def refusal(self, message: str) -> CxvalueError:
        """What is wrong with a command line, and where the right one is described."""
        return CxvalueError(f"{message}\n{translate('See `{command} --help`.', command=self.prog)}")

    def options(self) -> list[str]:
        """Every option that this parser knows."""
        return sorted(option for action in self._actions for option in action.option_strings if option.startswith("--"))


def language_asked_for(argv: Sequence[str]) -> str:
    """The language that a command line asks for, in which its own mistakes are told as well."""
    found = re.search(rf"--language[ =]({'|'.join(LANGUAGES)})( |$)", " ".join(argv))
    return found[1] if found else spoken()


def as_of(text: str) -> date | str:
    """A day, or the word for the end of the last month that is complete."""
    if text == LATEST_COMPLETE_MONTH:
        return text
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    wrong = translate(
        "{text!r} is not a day; write it like 2026-06-30, or {word}", text=text, word=LATEST_COMPLETE_MONTH
    )
    raise argparse.ArgumentTypeError(wrong)


def share(text: str) -> float:
    """A share of customers."""
    with suppress(ValueError):
        if 0.0001 <= float(text) <= 1:
            return float(text)
    raise argparse.ArgumentTypeError(translate("{text!r} must be a share from 0.0001 to 1, such as 0.01", text=text))


def whole_number(text: str) -> int:
    """A whole number of 1 or more."""
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(translate("{text!r} must be a whole number of 1 or more", text=text))


def seed(text: str) -> int:
    """A whole number."""
    with suppress(ValueError):
        return int(text)
    raise argparse.ArgumentTypeError(translate("{text!r} must be a whole number", text=text))


def seconds(text: str) -> float:
    """A time above 0."""
    with suppress(ValueError):
        if 0 < float(text) < 10**8:
            return float(text)
    raise argparse.ArgumentTypeError(translate("{text!r} must be a number of seconds above 0", text=text))
