"""What markup from elsewhere (notebook outputs, Markdown) may stay in a published page.

An allow-list of tags and attributes; scripts, frames and forms go with their content, and whatever would make the
reader's browser ask another machine for something goes too: a link to the outside keeps its text only.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from html.parser import HTMLParser

_TAGS = frozenset(
    """
    a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr
    i img kbd li ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead tr u ul var
    """.split()
)
_VOID = frozenset(("br", "col", "hr", "img"))
_DROPPED_WITH_CONTENT = frozenset(
    """
    script style iframe object embed noscript template svg math form button select textarea audio video canvas head
    title
    """.split()
)
_ATTRIBUTES = frozenset(
    "alt class colspan dir height href id lang role rowspan scope span src style title width".split()
)
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_ANCHORS = _HEADINGS | {"a", "section"}
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_UNSAFE_STYLE = re.compile(r"url|@|expression|\\|/\*|image|behavior|-moz-binding", re.IGNORECASE)


def clean_markup(markup: str, *, image_alt: str = "", table_name: str = "") -> str:
    """Return markup with only what may stay; images without a description get `image_alt`.

    A table says what its headings head, and is read out under the heading above it, or as `table_name` where there is none.

    >>> clean_markup('<p onclick="x()">Hi <a href="https://example.org">there</a><script>alert(1)</script></p>')
    '<p>Hi <a>there</a></p>'
    """
    cleaner = _Cleaner(image_alt, table_name)
    cleaner.feed(markup)
    cleaner.close()
    return cleaner.result()


class _Cleaner(HTMLParser):
    def __init__(self, image_alt: str, heading: str) -> None:
        super().__init__(convert_charrefs=True)
        self._image_alt = image_alt
        self._heading = heading
        self._ids: Counter[str] = Counter()
        self._out: list[str] = []
        self._open: list[str] = []
        self._dropping: list[str] = []

    def result(self) -> str:
        """All that was kept, with what was left open closed."""
        return "".join(self._out) + "".join(f"</{tag}>" for tag in reversed(self._open))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping:
            if tag == self._dropping[-1]:
                self._dropping.append(tag)
            return
        if tag in _DROPPED_WITH_CONTENT:
            # A void <embed> never closes, so it must not swallow what follows it.
            if tag != "embed":
                self._dropping.append(tag)
            return
        if tag not in _TAGS or "anchor-link" in (dict(attrs).get("class") or "").split():
            # An empty link beside each heading has no name to be read out.
            return
        kept = self._attributes(tag, attrs)
        if tag == "img" and "src" not in kept:
            return
        text = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
        if tag == "table":
            # A wide table is moved sideways, by keyboard too.
            named = f' role="group" aria-label="{escape(self._heading)}"' if self._heading else ""
            self._out.append(f'<div class="scroll" tabindex="0"{named}>')
            self._open.append("div")
        if tag in _HEADINGS:
            self._heading = ""
        self._out.append(f"<{tag}{text}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED_WITH_CONTENT:
            return
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if tag == self._dropping[-1]:
                self._dropping.pop()
            return
        if tag not in self._open:
            return
        while self._open:
            last = self._open.pop()
            self._out.append(f"</{last}>")
            if last == tag:
                break
        if tag == "table" and self._open and self._open[-1] == "div":
            self._open.pop()
            self._out.append("</div>")

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._out.append(escape(data, quote=False))
            if _HEADINGS.intersection(self._open):
                self._heading += data

    def _unlike(self, name: str) -> str:
        """A name for an element that no other has: headings of the same words are told apart by their place."""
        self._ids[name] += 1
        return name if self._ids[name] == 1 else f"{name}-{self._ids[name]}"

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, given in attrs:
            value = given or ""
            if name not in _ATTRIBUTES or name in kept:
                continue
            if name == "href" and not (tag == "a" and _stays_inside(value)):
                continue
            if name == "src" and not (tag == "img" and _IMAGE.fullmatch(value.strip())):
                continue
            if name == "id" and tag not in _ANCHORS:
                # Ids inside tables are made anew by pandas each time, and nothing links to them.
                continue
            if name == "style" and _UNSAFE_STYLE.search(value):
                continue
            kept[name] = self._unlike(value) if name == "id" else value
        if tag == "th":
            kept.setdefault("scope", "col" if "thead" in self._open else "row")
        if tag == "img" and "src" in kept and not _described(kept.get("alt", "")):
            kept["alt"] = self._image_alt
        return kept


def _stays_inside(href: str) -> bool:
    plain = re.sub(r"[\x00-\x20]", "", href)
    return bool(plain) and not SCHEME.match(plain) and not plain.startswith(("/", "\\"))


def _described(alt: str) -> bool:
    # nbconvert writes a sentence of its own where a notebook gives no description.
    return bool(alt) and not alt.startswith("No description has been provided")
