"""What a rendered page may contain: a parser that lists every reference to somewhere else."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

REFERENCES = (
    "src",
    "href",
    "srcset",
    "action",
    "data",
    "poster",
    "background",
    "formaction",
    "cite",
    "ping",
    "xlink:href",
)
FORBIDDEN_TAGS = ("script", "iframe", "object", "embed", "link", "base", "form", "video", "audio")


class References(HTMLParser):
    """Collects references, tags and the visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text: list[str] = []
        self.lang: str | None = None
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_style = tag == "style"
        for name, value in attrs:
            if name in REFERENCES:
                self.references.append(value or "")
            if name == "style":
                self.references += re.findall(r"url\(\s*['\"]?([^'\")]*)", value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "html":
            self.lang = dict(attrs).get("lang")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.references += re.findall(r"url\(\s*['\"]?([^'\")]*)", data)
            assert "@import" not in data
        else:
            self.text.append(data)


def read_page(html: str) -> References:
    """Parse a page."""
    page = References()
    page.feed(html)
    page.close()
    return page


def assert_self_contained(html: str) -> References:
    """A page asks nobody for anything: every reference is embedded, relative, or within the page."""
    page = read_page(html)
    for reference in page.references:
        inside = reference.startswith(("data:image/", "data:font/", "#")) or not re.match(
            r"[a-zA-Z][\w+.-]*:|//|/|\\", reference
        )
        assert inside, f"{reference[:80]!r} leads outside"
        if reference.startswith("data:image/svg+xml;base64,"):
            svg = base64.b64decode(reference.split(",", 1)[1]).decode("utf-8")
            assert not re.findall(r"(?:xlink:)?href=\"(?!#|data:)", svg)
            assert "<script" not in svg
    assert not set(page.tags) & set(FORBIDDEN_TAGS)
    assert not page.handlers
    assert page.lang
    assert all(image.get("alt") for image in page.images)
    return page
