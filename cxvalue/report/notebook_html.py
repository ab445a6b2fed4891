"""Executed notebooks become appendix pages without code, and notebooks that tell nothing of the machine they ran on."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.foundation.lazy import INJECTED, import_nbformat
from cxvalue.language.catalogue import translate, using
from cxvalue.language.words import words_for
from cxvalue.report.finish import keep_amounts_whole
from cxvalue.report.html import render_notebook_shell
from cxvalue.report.revenue_words import notebook_in_revenue
from cxvalue.report.sanitize import clean_markup

if TYPE_CHECKING:
    from nbformat import NotebookNode

HIDDEN = "…"
_SIGN = r"(?:#{1,6}|[-*]|\d+\.) +"
PIECE = re.compile(rf"^({_SIGN})?(\S.*(?:\n(?!{_SIGN}|\||[ \t]*$).+)*)", re.MULTILINE)
"""A heading, a paragraph, an item of a list or a line of a table in a Markdown cell: its sign, if any, and its text."""

_NOISE_TAGS = frozenset({INJECTED, "papermill-error-cell-tag", "hand-over"})
_BINARY = ("image/png", "image/jpeg", "image/gif", "application/pdf")
_NOT_SHOWN = ("application/javascript", "application/vnd.jupyter.widget-view+json", "text/latex")
_CELL = re.compile(r"<t[hd]\b")
_SHORT = re.compile(r"(<td\b[^>]*>)(?=[^<]*\d)(?=[^<]* )([^<\n]{1,16})</td>")
_KERNEL_FILE = re.compile(r"ipykernel_\d+")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


def notebook_html(
    notebook: Path | str | NotebookNode,
    title: str,
    *,
    paths: Iterable[str | Path] = (),
    language: str = "en",
    in_revenue: bool = False,
) -> str:
    """Turn an executed notebook (a path or a notebook node) into one self-contained page without code.

    Markdown and results stay, told in the language; code, prompts, standard error, widgets, scripts and links to the
    outside go; `paths` and those of `machine_paths()` are hidden; `in_revenue`: no margin is known, and the page says
    revenue. The same notebook gives the same text.
    """
    import_nbformat()
    from markupsafe import Markup

    words = words_for(language)
    shown = _without_noise(_without_paths(_read(notebook), paths))
    with using(language):
        _tell_text(shown)
        if in_revenue:
            notebook_in_revenue(shown)
    markup, _ = _exporter().from_notebook_node(shown)
    body = clean_markup(markup, image_alt=words["notebook_image"], table_name=title)
    if "<h1" not in body:
        body = f"<h1>{Markup.escape(title)}</h1>\n{body}"
    return render_notebook_shell(
        Markup(_short_cells_whole(keep_amounts_whole(body))), title, back_href="../index.html", language=language
    )


def _short_cells_whole(body: str) -> str:
    """The same page with figures, dates and spans of months in tables on one line.

    >>> _short_cells_whole("<td>31 May 2024</td><td>a short text</td>")
    '<td><span class="amount">31 May 2024</span></td><td>a short text</td>'
    """
    return _SHORT.sub(r'\1<span class="amount">\2</span></td>', body)


@lru_cache(maxsize=1)
def _exporter() -> Any:
    """What makes markup of a notebook; kept, since it compiles its templates, which takes longer than using them."""
    from nbconvert.exporters import HTMLExporter

    return HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        anchor_link_text="",
    )


def scrub_notebook(
    notebook: Path | str | NotebookNode, *, study: str, paths: Iterable[str | Path] = ()
) -> NotebookNode:
    """Return a copy of an executed notebook without traces of the machine and the moment it ran on.

    Papermill's metadata and execution times go; the injected parameters cell says `study = "<study>"`, `work = None`;
    `paths` and the paths of `machine_paths()` are replaced by an ellipsis wherever they occur in text. The notebook
    given is left as it is.
    """
    scrubbed = _without_paths(_read(notebook), paths)
    scrubbed.metadata.pop("papermill", None)
    for cell in scrubbed.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if INJECTED in cell.metadata.get("tags", []):
            # papermill gives this cell a new random id each time
            cell["id"] = INJECTED
            cell.source = f"# Parameters\nstudy = {json.dumps(study, ensure_ascii=False)}\nwork = None\n"
    return scrubbed


def machine_paths() -> tuple[str, ...]:
    """The folders of this machine that no published file should name: home, temporary, working, code, environment."""
    folders = [Path.home(), Path(tempfile.gettempdir()), Path.cwd(), Path(__file__).resolve().parents[2]]
    if sys.prefix != sys.base_prefix:
        folders.append(Path(sys.prefix))
    return tuple(dict.fromkeys(str(folder) for folder in folders))


def _read(notebook: Path | str | NotebookNode) -> NotebookNode:
    if not isinstance(notebook, (str, Path)):
        return notebook
    with Path(notebook).open(encoding="utf-8") as file:
        return import_nbformat().read(file, as_version=4)


def _without_paths(notebook: NotebookNode, paths: Iterable[str | Path]) -> NotebookNode:
    hidden = deepcopy(notebook)
    hide = _path_hider([*paths, *machine_paths()])
    for cell in hidden.cells:
        cell.source = hide(cell.source)
        if cell.cell_type == "code":
            cell.outputs = [_scrubbed_output(output, hide) for output in cell.outputs]
    return hidden


def _without_noise(notebook: NotebookNode) -> NotebookNode:
    shown = deepcopy(notebook)
    shown.metadata.pop("widgets", None)
    shown.cells = [cell for cell in shown.cells if _is_shown(cell)]
    for cell in shown.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in map(_without_parts, cell.outputs) if output is not None]
    shown.cells = [cell for cell in shown.cells if cell.cell_type == "markdown" or cell.outputs]
    return shown


def _tell_text(notebook: NotebookNode) -> None:
    """Put Markdown into the language that is spoken, piece by piece; what no catalogue has stays as it was written."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PIECE.sub(_told, cell.source)


def _told(piece: re.Match[str]) -> str:
    english = " ".join(piece[2].split())
    told = translate(english)
    return piece[0] if told == english else (piece[1] or "") + told


def _is_shown(cell: NotebookNode) -> bool:
    if cell.cell_type not in ("markdown", "code"):
        return False
    return not _NOISE_TAGS.intersection(cell.metadata.get("tags", []))


def _without_parts(output: NotebookNode) -> NotebookNode | None:
    if output.output_type == "stream":
        return None if output.name == "stderr" else output
    if output.output_type not in ("display_data", "execute_result"):
        return None
    for media_type in _NOT_SHOWN:
        output.data.pop(media_type, None)
    if not set(output.data) - {"text/plain"} and str(output.data.get("text/plain", "")).startswith("<"):
        # The mere name of an object ("<Figure size 640x480>") says nothing to a reader.
        return None
    markup = output.data.get("text/html", "")
    if "<table" in markup and not _CELL.search(markup):
        # A table of nothing is an empty frame to a reader, and a riddle when it is read out.
        return None
    return output if output.data else None


def _scrubbed_output(output: NotebookNode, hide: Callable[[str], str]) -> NotebookNode:
    if "data" in output:
        output.data = type(output.data)(
            {kind: value if kind in _BINARY else _deep(value, hide) for kind, value in output.data.items()}
        )
    for key in ("text", "ename", "evalue", "traceback"):
        if key in output:
            output[key] = _deep(output[key], hide)
    return output


def _deep(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, list):
        return [_deep(item, hide) for item in value]
    if isinstance(value, dict):
        return type(value)({key: _deep(item, hide) for key, item in value.items()})
    return value


def _path_hider(paths: Iterable[str | Path]) -> Callable[[str], str]:
    """Make a function that hides paths, the longest first, where they stand as whole path components."""
    spellings: set[str] = set()
    for path in paths:
        given = str(path).rstrip("/\\")
        for spelling in (given, str(Path(given).resolve()) if given else ""):
            # A bare root would match every path there is.
            if len(spelling) > 1 and not re.fullmatch(r"[A-Za-z]:", spelling):
                spellings.update({spelling, spelling.replace("\\", "\\\\"), spelling.replace("\\", "/")})
    longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
    # An ANSI colour code before a path in a traceback ends in 'm', so a letter there must not hide the path.
    before, after = r"(?<![\w.~-])|(?<=\x1b\[\dm)|(?<=\x1b\[\d\dm)|(?<=\x1b\[\d;\d\dm)", r"(?![\w-])(?!\.\w)"
    pattern = re.compile(f"(?:{before})(?:{'|'.join(map(re.escape, longest_first))}){after}") if longest_first else None

    def hide(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        return _ADDRESS.sub("0x…", _KERNEL_FILE.sub("ipykernel", text))

    return hide
