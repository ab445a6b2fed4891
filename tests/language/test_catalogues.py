"""Every message that the code tells has its translations, and no reader's sentence stands outside the catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxvalue.language.english import ENGLISH
from cxvalue.language.words import FORMS
from tests import messages
from tests.messages import PACKAGE, TRANSLATED, all_messages, calls_in, catalogues_of, names_in, translations_of

TOLD = tuple(sorted(folder.parent.name for folder in PACKAGE.glob("*/__init__.py") if folder.parent.name != "language"))
"""Every room but that of the catalogues: prose stands in messages only, refusals too."""

ENGLISH_STILL = {
    "figures/style.py": "matplotlib's word",
    "foundation/machine.py": "the words of an error",
    "lifetime/families/bgbb_family.py": "a name in refusals",
    "lifetime/families/regular_family.py": "a name in refusals",
    "questions/churn/losses.py": "a table's values",
    "questions/contracts/contract_history.py": "a table's values",
    "questions/contracts/drivers.py": "names of drivers in tables, told by driver_words",
    "questions/contracts/members.py": "names of drivers in tables, told by driver_words",
    "questions/customers/audit.py": "a table's values",
    "questions/customers/referral.py": "words looked for in the data",
    "questions/discounts/reservation.py": "a table's values",
    "questions/lifetime_value/lever_sentences.py": "words that are told by their own table",
    "questions/market/gaps.py": "a unit",
    "run/graph.py": "a mark",
    "run/pseudonyms.py": "an origin in the manifest",
    "simulate/mealkit_world.py": "a table's values",
    "simulate/retailer_world.py": "an owner in the study file",
    "tables/checks/ids.py": "words looked for in the data",
    "tables/read/written_days.py": "names of months in the data",
    "workspace/from_tables.py": "a mark in a file",
}
"""Modules of these rooms with English texts that no report tells as they are; the list may only shrink."""

ENGLISH_ONLY = (
    "PydanticCustomError",
    "compile",
    "fullmatch",
    "split",
    "startswith",
    "sub",
)
"""What is called with texts that are no prose of a report."""

PLAIN = re.compile(r"(?:[A-Za-z'’-]+[,;:]? ){2,}[a-z]")
"""Three words in a row are prose: names of columns, keys and formats have fewer."""

KEPT = re.compile(r"`[^`]+`|\]\([^)]*\)|\d+|\|")
"""What no translation changes: names in backquotes, links, numbers, the edges of a table's cells."""

SQL = re.compile(r"\b(SELECT|CASE|TABLE|FROM|OVER|NOT|WHERE)\b| AS x|^\w+\(.*\)$")
"""What is asked of a database is no prose."""

COMMANDS = ("python -m ", "--answer ")
"""What a command begins with."""

SETTINGS = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
"""Keys and values of a study file, as somebody would write them."""


def test_the_messages_are_found() -> None:
    found = all_messages()
    assert len({message.key for message in found}) > 360
    assert ("", "Withheld: ") in {message.key for message in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_lacks_its_translation_and_none_is_left_over(language: str) -> None:
    told = translations_of(language)
    wanted = {message.key: message for message in all_messages()}
    lacking = [f"{wanted[key].place}: {key[1]}" for key in wanted if not all(told.get(key, ("",)))]
    assert lacking == [], "run `make messages` and translate what is new: data/languages.md"
    assert sorted(told.keys() - wanted.keys()) == [], "run `make messages`: these stand nowhere in the code"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_of_its_message(language: str) -> None:
    told = translations_of(language)
    for message in all_messages():
        places = set().union(*map(names_in, message.texts))
        for text in filter(None, told.get(message.key, ())):
            # One form of a plural may say the number in a word.
            optional = {"count"} if len(message.texts) > 1 else set()
            assert names_in(text) | optional == places | optional, f"{message.place} in {language}: {text}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_explains_a_notebook_keeps_its_names_links_and_numbers(language: str) -> None:
    told = translations_of(language)
    for message in messages.messages_of_notebooks():
        for text in filter(None, told[message.key]):
            kept = sorted(KEPT.findall(text))
            assert kept == sorted(KEPT.findall(message.texts[0])), f"{message.place} in {language}: {text}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_message_of_two_rooms_is_told_alike(language: str) -> None:
    seen: dict[messages.Key, object] = {}
    for catalogue in messages.catalogues_of(language).values():
        for entry in catalogue:
            if entry.id:
                key = (entry.context or "", entry.id if isinstance(entry.id, str) else entry.id[0])
                assert seen.setdefault(key, entry.string) == entry.string, key


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogues_are_as_the_tool_writes_them(language: str) -> None:
    rooms = {message.room for message in all_messages()}
    assert {path.stem for path in (messages.CATALOGUES / language).glob("*.po")} == rooms


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_unit_has_all_the_forms_of_its_language(language: str) -> None:
    told = translations_of(language)
    for key, english in ENGLISH.items():
        if key.startswith("unit_"):
            (forms,) = told[key, english]
            assert len(forms.split("|")) == len(FORMS[language]), f"{key} in {language}: {forms}"


_CHINESE = r"[\u3000-\u9fff\uff00-\uff60]"
_LATIN_SIGN = re.compile(
    rf"{_CHINESE}[,;:?!(]|[,;?!(]{_CHINESE}|{_CHINESE}\.(?=\s|$)|{_CHINESE} +(?=[{{\d])|\}}: (?={_CHINESE})"
)
"""What Chinese writes with signs of its own, or without a space; what stands in quotes is code."""

LISTS = ("scales", "times a year", "months_short", "in_revenue")
"""Words that the code takes apart at a comma."""


def test_chinese_has_its_own_signs() -> None:
    wrong = [
        told
        for (key, _), forms in translations_of("zh").items()
        for told in forms
        if key not in LISTS and _LATIN_SIGN.search(re.sub("`[^`]*`|'[^']*'|(?m:^    .*$)", "x", told))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("language", "rooms", "other"),
    [
        ("ru", ("money", "programmes", "study"), "комисси"),  # a fee is a сбор, a payment service takes a комиссия
        ("uk", ("money", "programmes", "study"), "комісі"),
        ("zh", ("discounts", "figures", "simulate"), "策略|各方案的收益"),  # a policy of discounts is a 政策
    ],
)
def test_a_thing_has_one_word(language: str, rooms: tuple[str, ...], other: str) -> None:
    told = [(messages.CATALOGUES / language / f"{room}.po").read_text(encoding="utf-8") for room in rooms]
    assert [found for text in told for found in re.findall(f".*(?:{other}).*", text)] == []


def test_a_message_is_whole_and_gets_the_values_that_it_asks_for() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call, name in calls_in(path):
            texts = call.args[: messages.CALLS[name]]
            parts = [text for text in texts if name not in messages.ERRORS or _has_words(text)]
            if any(isinstance(text, (ast.JoinedStr, ast.BinOp)) for text in parts):
                wrong.append(f"{path.relative_to(PACKAGE)}:{call.lineno}: glued from parts")
    for message in all_messages():
        if message.given is not None:
            places = set().union(*map(names_in, message.texts))
            if places | ({"count"} & message.given) != message.given:
                wrong.append(f"{message.place}: {sorted(places ^ message.given)}")
    assert wrong == []


def test_the_cells_of_a_notebook_hold_no_sentence() -> None:
    """What a notebook says stands in `cxvalue.answers`, in messages."""
    cells = [(name, source) for name, kind, source in messages.cells_of_notebooks() if kind == "code"]
    assert len(cells) > 100
    parts = [(name, part) for name, source in cells for part in ast.walk(ast.parse(source))]
    told = [(name, part.value) for name, part in parts if isinstance(part, ast.Constant)]
    assert [(name, text) for name, text in told if isinstance(text, str) and " " in text] == []
    assert [name for name, part in parts if isinstance(part, ast.JoinedStr)] == []


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a module that a reader could see and that are no message: not docstrings or names of columns."""
    tree, apart = messages.parsed(path), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(node.value)
        if isinstance(node, ast.Raise) and _of_a_caller(node, path):
            apart.update(ast.walk(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in messages.CALLS:
            apart.update(ast.walk(node))
        if isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and _named(node) in ENGLISH_ONLY):
            apart.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in apart:
            continue
        if isinstance(node, ast.JoinedStr) and not _has_words(node):
            apart.update(node.values)
            continue
        if isinstance(node, ast.JoinedStr):
            apart.update(node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if (
            PLAIN.search(SETTINGS.sub("", text))
            and not SQL.search(text)
            and not text.startswith(COMMANDS)
            and text not in ENGLISH
        ):
            yield node.lineno, text


def _named(call: ast.Call) -> str:
    """The name of what is called; a text that is taken apart where it stands is a list of names."""
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def _of_a_caller(node: ast.Raise, path: Path) -> bool:
    """Whether what is raised is an error of Python's own, for who calls: only the study file's are told to analysts."""
    own = isinstance(node.exc, ast.Call) and _named(node.exc) in ("KeyError", "TypeError", "ValueError")
    return own and PACKAGE / "study" not in path.parents


def _has_words(text: ast.expr) -> bool:
    """Whether a text says something of its own beside the values that are filled in."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [*ast.walk(text)]
    return any(isinstance(part, ast.Constant) and re.search("[a-z]", str(part.value)) for part in parts)


@pytest.mark.parametrize("room", TOLD)
def test_no_sentence_stands_outside_the_catalogues(room: str) -> None:
    outside, english = [], set()
    for path in sorted((PACKAGE / room).rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        found = list(prose_of(path))
        if module not in ENGLISH_STILL:
            outside += [f"{module}:{line}: {text}" for line, text in found]
        elif found:
            english.add(module)
    assert outside == []
    assert english == {module for module in ENGLISH_STILL if module.startswith(f"{room}/")}


def test_a_sentence_outside_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Words of a docstring."""\nx = f"It won back {3} customers."\ny = translate("It is all fine.")\n'
        'raise OSError("It is not at all fine.")\nraise CxvalueError("It was to be told.")\n'
    )
    assert [line for line, _ in prose_of(module)] == [2, 4]


@pytest.mark.parametrize("language", ["ru", "uk"])
@pytest.mark.parametrize("room", ["churn", "customers", "contracts", "figures"])
def test_a_sentence_of_the_page_does_not_begin_with_a_number_that_asks_for_another_form(
    language: str, room: str
) -> None:
    """ "Из 2 451 клиентов" would have to be "клиента": the number stands behind a colon."""
    wrong = re.compile(r"^(Из|Із|З) \{\w+:,[^}]*\} (\w+[хв] )?(клиентов|клієнтів|аккаунтов|акаунтів)")
    told = [entry.string for entry in catalogues_of(language)[room] if isinstance(entry.string, str)]
    assert len(told) > 20
    assert [one for one in told if wrong.match(one)] == []
