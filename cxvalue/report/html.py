"""Page models become self-contained HTML: one file, no script, no request to anywhere.

Templates live in `templates/`, hold no prose and escape everything; figures are embedded as data URIs, and a link may
only be relative to the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cxvalue.findings.finding import behind_a_colon
from cxvalue.findings.numbers import format_date, format_finding, format_moment
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.english import ENGLISH
from cxvalue.language.words import named, words_for
from cxvalue.report.answer_block import first_sentence
from cxvalue.report.finish import embed_letters, keep_amounts_whole, signs_closed_up
from cxvalue.report.page import finding_lines
from cxvalue.report.page_model import IndexEntry, PageModel
from cxvalue.report.pictures import data_uri
from cxvalue.report.sanitize import SCHEME

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FEWEST_POINTS = 3
"""Reports from which their course is drawn; with fewer a sentence says all."""
CURVE = (96, 26)
"""Width and height of that course."""


def render_page(page: PageModel) -> str:
    """Render the executive page; the files of its figures are read and embedded.

    The same page model gives the same text. A missing figure or a link that leaves the report is a `CxvalueError`.
    """
    return keep_amounts_whole(_render("page.html.j2", page=page, words=page.words, language=page.language))


def render_index(entries: Iterable[IndexEntry], language: str = "en") -> str:
    """Render the index of all studies, in the order given; a study that was never reported shows its note instead.

    Each line is told in the language of its report, the rest in `language`.
    """
    words = words_for(language)
    return _render(
        "index.html.j2",
        entries=[_index_row(entry, words_for(entry.language) if entry.href else words) for entry in entries],
        words=words,
        language=words["language"],
    )


def render_notebook_shell(body: Markup, title: str, *, back_href: str = "", language: str = "en") -> str:
    """Put the clean body of a notebook into the report's own page."""
    words = words_for(language)
    return _render(
        "notebook.html.j2", body=body, title=title, back_href=back_href, words=words, language=words["language"]
    )


def relative_link(href: str) -> str:
    """Return a link to a file of the report, quoted; anything that would leave the report is a `CxvalueError`.

    >>> relative_link("tables/models 1.csv")
    'tables/models%201.csv'
    """
    if not href or SCHEME.match(href) or href.startswith(("/", "\\")):
        raise CxvalueError(
            "The link {link!r} points outside the report; links must be relative to the page.", link=href
        )
    return quote(href, safe="/#%._-~")


def _index_row(entry: IndexEntry, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        "language": words["language"],
        "study": entry.study,
        "title": entry.title or entry.study,
        "href": entry.href,
        "headline": finding_lines([entry.headline], words)[0] if entry.headline else None,
        "answers": entry.answers,
        "verdicts": finding_lines(entry.verdicts, words),
        "trend": _trend(entry, words),
        "as_of": format_date(entry.as_of, words) if entry.as_of else "",
        "made": format_moment(entry.made, words) if entry.made else "",
        "note": entry.note or ("" if entry.href else words["index_never"]),
    }


def _trend(entry: IndexEntry, words: Mapping[str, str]) -> dict[str, Any] | None:
    """The headline in the report before, which way it went since, and its course over the reports where they are many."""
    now = entry.headline
    if now is None or entry.as_of is None or not entry.before:
        return None
    # A published finding does not say how it is written; all of them are written like the last one.
    course = [(day, replace(one, kind=now.kind)) for day, one in entry.before] + [(entry.as_of, now)]
    told = [(format_date(day, words), format_finding(one, words)) for day, one in course]
    (day, then), (_, said) = told[-2:]
    heights = [float(one.value) for _, one in course if isinstance(one.value, (int, float))]
    way = "up" if heights[-1] > heights[-2] else "down"
    return {
        "said": words["index_same"] if then == said else words[f"changed_{way}"].format(then=then),
        "day": day,
        "points": _points([day.toordinal() for day, _ in course], heights) if len(course) >= FEWEST_POINTS else "",
        "told": "; ".join(named(day, value, words) for day, value in told),
    }


def _points(days: Sequence[float], heights: Sequence[float]) -> str:
    """A line through heights on days, as an svg of `CURVE` wants it: the lowest at the bottom."""
    (across, up), low = CURVE, min(heights)
    wide, tall = (days[-1] - days[0]) or 1, (max(heights) - low) or 1
    return " ".join(
        f"{2 + (day - days[0]) / wide * (across - 4):.1f},{up - 2 - (height - low) / tall * (up - 4):.1f}"
        for day, height in zip(days, heights, strict=True)
    )


def _render(template: str, **values: Any) -> str:
    page = _environment().get_template(template).render(**{"words": ENGLISH, **values})
    return embed_letters(signs_closed_up(page)) if values.get("language") == "zh" else page


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cxvalue.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["relative"] = relative_link
    environment.filters["behind_a_colon"] = behind_a_colon
    environment.filters["first_sentence"] = first_sentence
    return environment
