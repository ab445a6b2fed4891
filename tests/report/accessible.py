"""What people who cannot see a page, or not its faint colours, or use no mouse need of it: a list of what is wrong.

Headings, names and tables are read from the markup. Colours are those that the style sheet gives each element in the end,
on a light and a dark screen, on a phone and on paper, held to the contrast that WCAG 2.2 AA asks of text; letters within a
figure are held to it too.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import soupsieve
import tinycss2
from bs4 import BeautifulSoup, Tag

SCREENS = ("light", "dark", "phone", "paper")
TEXT_CONTRAST = 4.5
FOCUSABLE = "a[href], summary, [tabindex='0'], button, input, select, textarea"
SCROLLED = ("overflow-x", "overflow", "overflow-y")
"""Properties that make a region whose rest can only be reached by scrolling."""
_FOLLOWED = ("color", "background", "background-color", *SCROLLED, "display")
_NAMED = {"white": "#ffffff", "black": "#000000", "red": "#ff0000", "transparent": ""}


def problems(html: str) -> list[str]:
    """All that is wrong with a page; nothing where it is accessible."""
    page = BeautifulSoup(html, "html.parser")
    sheet = _Sheet(page)
    return [
        *_structure(page), *_names(page), *_tables(page), *_by_keyboard(page, sheet), *_colours(sheet),
        *_letters(page, sheet),
    ]  # fmt: skip


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (``#rrggbb``) as WCAG defines it, from 1 to 21.

    >>> round(contrast("#000000", "#ffffff"), 1), round(contrast("#777777", "#ffffff"), 2)
    (21.0, 4.48)
    """
    deep, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (deep + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _structure(page: BeautifulSoup) -> Iterator[str]:
    html, levels = page.html, [int(found.name[1]) for found in page.find_all(re.compile("^h[1-6]$"))]
    if html is None or not html.get("lang"):
        yield "the page does not say its language"
    if page.title is None or not page.title.get_text(strip=True):
        yield "the page has no title"
    if levels.count(1) != 1:
        yield f"{levels.count(1)} headings of the first level"
    if levels[:1] != [1]:
        yield "the first heading is not that of the page"
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}"
    for found in page.find_all(re.compile("^h[1-6]$")):
        if not found.get_text(strip=True):
            yield f"an empty {found.name}"
    for name, times in Counter(found["id"] for found in page.find_all(id=True)).items():
        if times > 1:
            yield f"{times} elements are called {name!r}"
    if len(page.find_all("main")) != 1:
        yield "the page does not say which part is the main one"
    if page.find("meta", attrs={"name": "viewport", "content": re.compile("maximum-scale|user-scalable")}):
        yield "the page cannot be enlarged"
    for found in page.find_all(["ul", "ol", "dl"]):
        allowed = ("dt", "dd", "div") if found.name == "dl" else ("li",)
        for child in found.find_all(True, recursive=False):
            if child.name not in allowed:
                yield f"{child.name} in {found.name}"


def _names(page: BeautifulSoup) -> Iterator[str]:
    ids = {found["id"] for found in page.find_all(id=True)}
    for image in page.find_all("img"):
        if not str(image.get("alt", "")).strip():
            yield "a picture without a description"
    for drawing in page.find_all("svg"):
        if drawing.get("role") != "img" or not _name_of_region(drawing):
            yield "a drawing without a description"
    for link in page.find_all("a", href=True):
        if not _name(link, page):
            yield f"a link to {link['href']} without a text"
        if str(link["href"]).startswith("#") and link["href"][1:] not in ids:
            yield f"a link to {link['href']}, which is not there"
    for found in page.find_all(["input", "select", "textarea", "button"]):
        if not _name(found, page) and not page.find("label", attrs={"for": found.get("id")}):
            yield f"{found.name} without a label"
    for found in page.find_all("details"):
        summary = found.find("summary", recursive=False)
        if summary is None or not summary.get_text(strip=True):
            yield "folded text without a summary"
    for found in page.find_all(True):
        for reference in ("aria-labelledby", "aria-describedby"):
            for name in str(found.get(reference, "")).split():
                if name not in ids:
                    yield f"{reference} names {name!r}, which is not there"
        if found.name in ("nav", "section") and not _name(found, page):
            yield f"{found.name} without a name"


def _name(found: Tag, page: BeautifulSoup) -> str:
    named = [page.find(id=name) for name in str(found.get("aria-labelledby", "")).split()]
    told = str(found.get("aria-label", "")) or " ".join(one.get_text() for one in named if one is not None)
    if found.name in ("nav", "section"):
        return told.strip()
    return (told or found.get_text()).strip()


def _tables(page: BeautifulSoup) -> Iterator[str]:
    for table in page.find_all("table"):
        heads = table.find_all("th")
        if not heads:
            yield f"a table without headings: {table.get_text(' ', strip=True)[:60]!r}"
        for head in heads:
            if head.get("scope") not in ("col", "row", "colgroup", "rowgroup"):
                yield f"the heading {head.get_text(strip=True)!r} of a table does not say what it heads"
        if not (table.find("caption") or any(_name_of_region(one) for one in (table, table.parent))):
            yield f"a table without a caption: {table.get_text(' ', strip=True)[:60]!r}"


def _by_keyboard(page: BeautifulSoup, sheet: _Sheet) -> Iterator[str]:
    for found in page.find_all(tabindex=True):
        if int(found["tabindex"]) > 0:
            yield f"{found.name} is reached before its turn"
        if (
            found["tabindex"] == "0"
            and found.name not in ("a", "summary")
            and not (found.get("role") and _name_of_region(found))
        ):
            yield f"{found.name} can be reached but has no role and name"
    for screen in SCREENS[:3]:
        for found, style in sheet.styled(screen):
            if not any(style.get(name) in ("auto", "scroll") for name in SCROLLED):
                continue
            if found.get("tabindex") != "0" and not found.select_one(FOCUSABLE):
                yield f"{_place(found)} scrolls ({screen}) but cannot be reached by keyboard"


def _name_of_region(found: Tag | None) -> bool:
    return found is not None and bool(found.get("aria-label") or found.get("aria-labelledby"))


def _colours(sheet: _Sheet) -> Iterator[str]:
    seen: set[tuple[str, str, str]] = set()
    for screen in SCREENS:
        for found, style in sheet.styled(screen):
            if not any(text.strip() for text in found.find_all(string=True, recursive=False)) or style["hidden"]:
                continue
            pair = (style["color"], style["behind"], screen)
            if pair not in seen and contrast(*pair[:2]) < TEXT_CONTRAST:
                seen.add(pair)
                yield f"{_place(found)} ({screen}): {pair[0]} on {pair[1]} has a contrast of {contrast(*pair[:2]):.2f}"


def _letters(page: BeautifulSoup, sheet: _Sheet) -> Iterator[str]:
    """Letters of figures, which lie on the paper of the page; white ones lie on a mark and are the figure's own care."""
    papers = {screen: _paper(sheet, screen) for screen in ("light", "dark")}
    wrong: set[str] = set()
    for image in page.find_all("img", src=re.compile("^data:image/svg")):
        svg = base64.b64decode(str(image["src"]).split(",", 1)[1]).decode("utf-8")
        given = re.findall(r"svg\{([^{}]*)\}", svg.partition("</style>")[0])
        for screen, told in zip(("light", "dark"), given, strict=False):
            colours = dict(re.findall(r"(--c[0-9a-f]{6}):(#[0-9a-f]{6})", told))
            for letters in re.findall(r'<g id="text_\d+">(.*?)</g>', svg, re.DOTALL):
                for name in re.findall(r"fill: var\((--c[0-9a-f]{6})\)", letters):
                    if name != "--cffffff" and contrast(colours[name], papers[screen]) < TEXT_CONTRAST:
                        wrong.add(f"letters {colours[name]} of a figure on {papers[screen]} ({screen})")
    yield from sorted(wrong)


def _paper(sheet: _Sheet, screen: str) -> str:
    return next(style["behind"] for found, style in sheet.styled(screen) if found.name == "body")


def _place(found: Tag) -> str:
    return ".".join([found.name, *found.get("class", [])])


@dataclass(frozen=True)
class _Rule:
    selector: str
    weight: tuple[int, int, int]
    values: dict[str, str]
    condition: str


class _Sheet:
    """The rules of a page and the elements that each is for."""

    def __init__(self, page: BeautifulSoup) -> None:
        sheet = "".join(style.get_text() for style in page.find_all("style"))
        self._body = page.body
        self._rules = _rules(sheet)
        self._meant: dict[int, list[_Rule]] = {}
        for rule in self._rules:
            if "::" not in rule.selector and set(rule.values) & set(_FOLLOWED):
                for found in soupsieve.select(rule.selector, page):
                    self._meant.setdefault(id(found), []).append(rule)

    def styled(self, screen: str) -> Iterator[tuple[Tag, dict[str, str]]]:
        """Every element of the body with its colour, the colour behind it, and how it overflows."""
        variables: dict[str, str] = {}
        for rule in self._rules:
            if rule.selector == ":root" and _applies(rule.condition, screen):
                variables |= {name: value for name, value in rule.values.items() if name.startswith("--")}
        given = {
            one: [rule for rule in rules if _applies(rule.condition, screen)] for one, rules in self._meant.items()
        }
        assert self._body is not None
        yield from _below(self._body, {"color": "#000000", "behind": "#ffffff", "hidden": ""}, given, variables)


def _below(
    found: Tag, above: dict[str, str], given: dict[int, list[_Rule]], variables: dict[str, str]
) -> Iterator[tuple[Tag, dict[str, str]]]:
    own: dict[str, str] = {}
    for rule in sorted(given.get(id(found), ()), key=lambda rule: rule.weight):
        own |= rule.values
    own |= _declared(str(found.get("style", "")))
    style = {name: above[name] for name in ("color", "behind", "hidden")} | {
        name: own[name] for name in (*SCROLLED, "display") if name in own
    }
    style["color"] = _colour(own.get("color", ""), variables) or above["color"]
    behind = own.get("background-color", own.get("background", ""))
    style["behind"] = _colour(behind, variables) or above["behind"]
    style["hidden"] = above["hidden"] or ("yes" if own.get("display") == "none" else "")
    yield found, style
    for child in found.find_all(True, recursive=False):
        if child.name not in ("script", "style"):
            yield from _below(child, style, given, variables)


def _colour(value: str, variables: dict[str, str]) -> str:
    """A colour as ``#rrggbb``; nothing where the value gives none, or the one that is inherited."""
    if found := re.fullmatch(r"var\((--[\w-]+)\)", value.strip()):
        value = variables[found[1]]
    value = _NAMED.get(value.strip().lower(), value.strip().lower())
    if re.fullmatch("#[0-9a-f]{3}", value):
        value = "#" + "".join(2 * sign for sign in value[1:])
    if value in ("", "inherit", "none", "currentcolor"):
        return ""
    assert re.fullmatch("#[0-9a-f]{6}", value), f"the colour {value!r} is of a kind that this check cannot read"
    return value


@lru_cache(maxsize=8)
def _rules(sheet: str) -> tuple[_Rule, ...]:
    return tuple(_read(tinycss2.parse_stylesheet(sheet, skip_whitespace=True, skip_comments=True), ""))


def _read(nodes: list[Any], condition: str) -> Iterator[_Rule]:
    for node in nodes:
        if node.type == "at-rule" and node.lower_at_keyword == "media":
            inner = tinycss2.parse_rule_list(node.content, skip_whitespace=True, skip_comments=True)
            yield from _read(inner, tinycss2.serialize(node.prelude))
        elif node.type == "qualified-rule":
            values = _declared(node.content)
            for selector in tinycss2.serialize(node.prelude).split(","):
                yield _Rule(selector.strip(), _weight(selector), values, condition)


def _declared(told: Any) -> dict[str, str]:
    told = tinycss2.parse_declaration_list(told, skip_whitespace=True, skip_comments=True)
    return {one.name: tinycss2.serialize(one.value).strip() for one in told if one.type == "declaration"}


def _applies(condition: str, screen: str) -> bool:
    if not condition:
        return True
    if "print" in condition:
        return screen == "paper"
    if "prefers-color-scheme" in condition:
        return screen == "dark"
    assert "max-width" in condition, f"the condition {condition!r} is of a kind that this check cannot read"
    return screen == "phone"


def _weight(selector: str) -> tuple[int, int, int]:
    """How much a selector weighs: ids, classes and the like, elements."""
    plain = re.sub(r"\([^)]*\)", "", selector)
    classes = re.findall(r"\.[\w-]+|\[[^\]]*\]|(?<!:):(?!:)[\w-]+", plain)
    return plain.count("#"), len(classes), len(re.findall(r"(?:^|[\s>+~])[a-z][\w-]*", plain))
