"""The messages of the code and the catalogues that hold their translations.

python -m tests.messages          bring every catalogue up to date: new messages without a translation, no old ones
python -m tests.messages --open   say how many messages of each room have no translation yet
"""

from __future__ import annotations

import ast
import json
import re
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import cxvalue
from cxvalue.language.catalogue import LANGUAGES
from cxvalue.language.english import ENGLISH
from cxvalue.report.notebook_html import PIECE

PACKAGE = Path(cxvalue.__file__).parent
NOTEBOOKS = PACKAGE.parent / "notebooks"
LAYOUTS = PACKAGE / "firstmile" / "layouts"
CATALOGUES = PACKAGE / "language"
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
ERRORS = ("CxvalueError", "RunFailed")
"""The errors that tell a message; one of them may also be made of sentences that were told already."""
CALLS = {"translate": 1, "translatable": 1, "translate_count": 2, "working": 1, **dict.fromkeys(ERRORS, 1)}
"""What tells a message, and how many texts each takes."""

Key = tuple[str, str]
"""A message as a catalogue knows it: its context (the key of a fixed word, else empty) and its English text."""


@dataclass(frozen=True)
class Message:
    """A message where the code tells it: `texts` are one text, or one for each number; `given` the names of its values."""

    room: str
    place: str
    texts: tuple[str, ...]
    context: str = ""
    given: frozenset[str] | None = None

    @property
    def key(self) -> Key:
        return self.context, self.texts[0]


def room_of(path: Path) -> str:
    """The catalogue of a module: its question, else its room."""
    parts = path.relative_to(PACKAGE).parts
    return parts[1].removesuffix(".py") if parts[0] == "questions" and len(parts) > 1 else parts[0].removesuffix(".py")


def names_in(text: str) -> set[str]:
    """The places of a message that values are filled into."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def calls_in(path: Path) -> tuple[tuple[ast.Call, str], ...]:
    """Every call that tells a message, with the name of its function."""
    calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    return tuple((node, node.func.id) for node in calls if isinstance(node.func, ast.Name) and node.func.id in CALLS)


def messages_of(path: Path) -> list[Message]:
    """The messages of a module whose texts stand in their calls, in the order of its lines."""
    found = []
    for node, name in calls_in(path):
        texts = [one.value for one in node.args[: CALLS[name]] if isinstance(one, ast.Constant)]
        if len(texts) < CALLS[name] or not all(isinstance(text, str) for text in texts):
            continue
        known = all(word.arg for word in node.keywords) and name != "translatable"
        given = {word.arg for word in node.keywords if word.arg} | ({"count"} if name == "translate_count" else set())
        place = f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"
        found.append(
            (node.lineno, Message(room_of(path), place, tuple(texts), given=frozenset(given) if known else None))
        )
    return [message for _, message in sorted(found, key=lambda pair: pair[0])]


def cells_of_notebooks() -> Iterator[tuple[str, str, str]]:
    """The name of a notebook, the kind and the source of each of its cells."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield path.name, cell["cell_type"], "".join(cell["source"])


def messages_of_notebooks() -> list[Message]:
    """What notebooks explain, piece by piece, however its lines are broken; their pages tell it in the readers' language."""
    told = [(name, PIECE.findall(source)) for name, kind, source in cells_of_notebooks() if kind == "markdown"]
    texts = [(name, " ".join(text.split())) for name, pieces in told for _, text in pieces]
    return [Message("notebooks", name, (text,)) for name, text in texts if re.search("[A-Za-z]", text)]


def messages_of_layouts() -> list[Message]:
    """What the layouts of known systems say, told as the record of a table is."""
    found = []
    for path in sorted(LAYOUTS.glob("*.yml")):
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        asks = record.get("questions", [])
        texts = [record["title"], record["row"], *record.get("refuse", {}).values(), *record.get("notes", [])]
        texts += [text for asked in asks for text in (asked["ask"], *(one["says"] for one in asked["options"]))]
        found += [Message("firstmile", f"layouts/{path.name}", (text,)) for text in texts if isinstance(text, str)]
    return found


@cache
def all_messages() -> tuple[Message, ...]:
    """Every message of the code, the fixed words, and what notebooks say of themselves."""
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != CATALOGUES]
    words = [
        Message("words", f"words: {key}", (english,), context=key)
        for key, english in ENGLISH.items()
        if key != "language"
    ]
    told = [message for path in modules for message in messages_of(path)]
    return (*words, *messages_of_notebooks(), *messages_of_layouts(), *told)


@cache
def catalogues_of(language: str) -> dict[str, Catalog]:
    """The catalogues of a language by their room."""
    found = {}
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=language)
    return found


@cache
def translations_of(language: str) -> dict[Key, tuple[str, ...]]:
    """The translations of a language by their message; one that is missing is an empty text."""
    found: dict[Key, tuple[str, ...]] = {}
    for catalogue in catalogues_of(language).values():
        for entry in catalogue:
            if entry.id:
                text = entry.id if isinstance(entry.id, str) else entry.id[0]
                told = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
                found[entry.context or "", text] = told
    return found


def write_catalogues() -> None:
    """Write every catalogue anew from the messages of the code and the translations that there are."""
    rooms: dict[str, list[Message]] = {}
    for message in all_messages():
        rooms.setdefault(message.room, []).append(message)
    for language in TRANSLATED:
        known = translations_of(language)
        for old in (CATALOGUES / language).glob("*.po"):
            if old.stem not in rooms:
                old.unlink()
        for room, messages in rooms.items():
            catalogue = Catalog(locale=language)
            for message in messages:
                told = known.get(message.key, ("",))
                plural = len(message.texts) > 1
                forms = told if len(told) == catalogue.num_plurals else ("",) * catalogue.num_plurals
                catalogue.add(
                    message.texts if plural else message.texts[0],
                    forms if plural else told[0],
                    context=message.context or None,
                )
            path = CATALOGUES / language / f"{room}.po"
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                write_po(file, catalogue, width=118, omit_header=True)


def open_messages() -> dict[str, int]:
    """How many messages of each room lack a translation in some language."""
    lacking: dict[str, int] = {}
    for language in TRANSLATED:
        known = translations_of(language)
        for message in {one.key: one for one in all_messages()}.values():
            if not all(known.get(message.key, ("",))):
                name = f"{language}/{message.room}"
                lacking[name] = lacking.get(name, 0) + 1
    return lacking


if __name__ == "__main__":
    if "--open" in sys.argv:
        for name, count in sorted(open_messages().items()):
            print(f"{count:5} {name}")
    else:
        write_catalogues()
