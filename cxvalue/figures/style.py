"""How every figure looks, and how it is saved so that the same figure gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec

from cxvalue.findings.numbers import format_number, format_value, is_currency, with_signs
from cxvalue.language.catalogue import spoken, translate
from cxvalue.language.english import ENGLISH
from cxvalue.language.letters import FONTS, begun, families_of, lines_of
from cxvalue.language.words import enumerated, spoken_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.dates import AutoDateLocator
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import LayoutEngine
    from matplotlib.ticker import Formatter, MaxNLocator

Parameters = ParamSpec("Parameters")

INK, TEXT, GREY, LIGHT = "#1d2733", "#43505d", "#8894a0", "#dfe5ea"
PALE = "#bcc8d3"
"""A bar behind another one: it can be told from the ground on a light screen and on a dark one."""
MAIN, SECOND, GOOD, BAD = "#2f6392", "#c08a3e", "#3f7f5f", "#b0513f"
PALETTE = (MAIN, SECOND, GOOD, BAD, "#7a6a9c", "#5b8fa8", "#8a8f3c", "#a05a78")

_WITHIN_CHINESE = re.compile(r"(?<=[\u3001-\u9fff\uff01-\uff60]) | (?=[\u3001-\u9fff\uff01-\uff60])")
"""A space that stands where a line ended: Chinese has none."""

WIDTH = 7.0
BELOW_TITLE_POINTS = 1.5
"""Letters reach a little lower in an svg than where they were measured; the plot begins some points further down."""
TITLE_WIDTH = 66
BELOW: Final = "outside lower left"
SALT = "cxvalue"

_RC: dict[str, Any] = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": GREY,
    "axes.labelsize": 9.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler('color', {list(PALETTE)})",
    "grid.color": LIGHT,
    "grid.linewidth": 0.8,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.pad": 6,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2.0,
    "patch.linewidth": 0.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.titlesize": 11.5,
    "figure.titleweight": "bold",
    "svg.fonttype": "path",
    "svg.hashsalt": SALT,
    "text.parse_math": False,  # names may hold dollars
}


@contextmanager
def use_style() -> Iterator[None]:
    """Draw in the project's style inside the block; outside nothing is changed."""
    import matplotlib
    import seaborn

    look: dict[Any, Any] = {**seaborn.axes_style("white"), **_RC, "font.family": _families(spoken())}
    with matplotlib.rc_context(look):
        yield


@cache
def _families(language: str) -> list[str]:
    """The fonts of a language; matplotlib is told of those that it does not bring where they come first."""
    families = families_of(language)
    if language != "zh":
        return [families[0]]
    from matplotlib.font_manager import fontManager

    for path in sorted(FONTS.glob("*.otf")):
        fontManager.addfont(path)
    return list(families)


_WORDS: list[Callable[[Figure], None]] = []


def tell(words: Callable[[Figure], None] | None) -> None:
    """Let a function change the words of every figure that is drawn from now on; None: they stay as they are."""
    _WORDS[:] = [] if words is None else [words]


def drawn(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Make a figure function draw in the project's style, down to the ticks that matplotlib would only make later."""

    @wraps(draw)
    def styled(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with use_style():
            figure = draw(*args, **kwargs)
            for words in _WORDS:
                words(figure)
            _part_lines(figure)
            figure.draw_without_rendering()
            _narrow_legends(figure)
            _mark_title(figure)
        return figure

    return styled


def _part_lines(figure: Figure) -> None:
    """Chinese letters fill their lines, and these would touch one another."""
    from matplotlib.text import Text

    if spoken() == "zh":
        for text in figure.findobj(Text):
            text.set_linespacing(1.45)


def _narrow_legends(figure: Figure) -> None:
    """Give a legend that is wider than its figure fewer columns: the words of some languages are long."""
    for legend in list(figure.legends):
        names = [text.get_text() for text in legend.get_texts()]
        marks: dict[str, Any] = {}
        for axes in figure.axes:
            marks.update({name: mark for mark, name in zip(*axes.get_legend_handles_labels(), strict=True)})
        own = [mark for mark in legend.legend_handles if mark is not None]
        handles = list(marks.values()) if len(marks) == len(names) else own
        columns = legend._ncols  # type: ignore[attr-defined]
        while columns > 1 and legend.get_window_extent().width > figure.bbox.width:
            columns -= 1
            legend.remove()
            legend = figure.legend(handles, names, loc=BELOW, ncols=columns)
            figure.draw_without_rendering()


def save(figure: Figure, folder: Path | str, name: str) -> tuple[Path, Path]:
    """Write a figure as `<name>.svg` and `<name>.png` (150 dpi) into a folder and return both paths.

    The svg holds its letters as paths, no date and no version, so equal figures are equal files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    as_svg, as_png = folder / f"{name}.svg", folder / f"{name}.png"
    as_png.write_bytes(png_of(figure))
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with use_style(), _laid_out(figure):
        figure.savefig(as_svg, format="svg", metadata=nothing)
    return as_svg, as_png


def png_of(figure: Figure) -> bytes:
    """A figure as png (150 dpi); what was shown of it is what is saved, unless it was changed in between."""
    shown: bytes | None = getattr(figure, "_shown", None)
    if shown is None or figure.stale:
        buffer = io.BytesIO()
        with use_style(), _laid_out(figure):
            figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
        shown = buffer.getvalue()
        figure._shown = shown  # type: ignore[attr-defined]
    return shown


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Draw without finding the places of all parts anew, which takes longest, unless the figure was changed."""
    figure._settled = not figure.stale  # type: ignore[attr-defined]
    try:
        yield
    finally:
        figure._settled = figure.stale = False  # type: ignore[attr-defined]  # another resolution is no change


@lru_cache(maxsize=1)
def _figure_class() -> type[Figure]:
    from matplotlib.figure import Figure

    class NotebookFigure(Figure):
        """A figure that notebooks show although pyplot does not know of it."""

        _settled = False

        def get_layout_engine(self) -> LayoutEngine | None:
            return None if self._settled else super().get_layout_engine()

        def _repr_png_(self) -> tuple[bytes, dict[str, int | str]]:
            return png_of(self), {"width": round(self.get_figwidth() * 100), "alt": message_of(self)}

    return NotebookFigure


def new_figure(height: float, rows: int = 1, columns: int = 1, **subplots: Any) -> tuple[Figure, list[Axes]]:
    """A figure of the page's width, without any state of pyplot, and its axes row by row."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    space = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, hspace=0.06, wspace=0.06)
    figure = _figure_class()(figsize=(WIDTH, height), layout=space)
    axes = figure.subplots(rows, columns, squeeze=False, **subplots)
    return figure, list(axes.flat)


def title(figure: Figure, text: str) -> None:
    """Say what is seen, above the whole figure, from its left edge: a statement that the numbers make."""
    figure.suptitle("\n".join(lines_of(begun(text), TITLE_WIDTH)), x=0.012, ha="left")


def message_of(figure: Figure) -> str:
    """The statement above a figure, in one line; empty without one."""
    return _WITHIN_CHINESE.sub("", figure.get_suptitle().replace("\n", " "))


def _mark_title(figure: Figure) -> None:
    """Name the title in the svg by the height of its band in points, so that a page can write it as text instead."""
    for text in figure.texts:
        if text.get_text() and text.get_text() == figure.get_suptitle():
            bottom = text.get_window_extent().y0
            text.set_gid(f"title-{(figure.bbox.height - bottom) * 72 / figure.dpi + BELOW_TITLE_POINTS:.1f}")


def row_panels(
    table: pd.DataFrame, by: str, rows: str, *, size: tuple[float, float]
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """A panel for each value of the column `by` with a row for each of its rows, named by the column `rows`.

    `size` is the height of the figure without rows and of a row, in inches. An empty table gets one panel without marks.
    """
    names = list(dict.fromkeys(table[by])) or [""]
    parts = [table[table[by] == name] for name in names]
    heights = [max(1, len(part)) + 1.0 for part in parts]
    figure, panels = new_figure(size[0] + size[1] * sum(heights), len(parts), height_ratios=heights, sharex=True)
    for axes, name, part in zip(panels, names, parts, strict=True):
        if not part.empty:
            axes.set_yticks(range(len(part)), [wrapped(label, 30) for label in part[rows]])
            axes.set_ylim(len(part) - 0.5, -0.5)
            axes.grid(True, axis="x")
            axes.grid(False, axis="y")
            panel_title(axes, str(name))
    return figure, list(zip(panels, parts, strict=True))


def unit_ticks(unit: str) -> Formatter:
    """Ticks as short as an axis needs, all in one scale: 12,000; 1.5 M; 35%; the unit itself stands at the axis."""
    from matplotlib.ticker import Formatter

    class Ticks(Formatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return short(float(x), unit)

        def format_ticks(self, values: Iterable[float]) -> list[str]:
            places = [float(value) for value in values]
            largest = max(map(abs, places), default=0.0)
            return [short(place, unit, largest) for place in places]

    return Ticks()


def legend(figure: Figure, columns: int, panel: Axes | None = None) -> None:
    """Name the marks below a figure, those of one panel where all panels have the same."""
    if panel is None:
        figure.legend(loc=BELOW, ncols=columns)
    else:
        figure.legend(*panel.get_legend_handles_labels(), loc=BELOW, ncols=columns)


def scale(axis: Axis, unit: str, label: str = "", *, ticks: int = 0) -> None:
    """Say at an axis in which `unit` it counts and what; at most so many `ticks`, or as many as there is room for."""
    axis.set_major_formatter(unit_ticks(unit))
    if ticks:
        axis.set_major_locator(few_ticks(ticks))
    if label:
        axis.set_label_text(label)


def few_ticks(number: int, *, whole: bool = False) -> MaxNLocator:
    """At most so many ticks at round numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(number, integer=whole)


def month_axis(axes: Axes, when: pd.Series) -> None:
    """Put months and years under a panel whose x values are dates."""
    from matplotlib.dates import AutoDateLocator

    locator = AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(date_ticks(locator, show_offset=False))
    if len(when) > 1:
        axes.set_xlim(when.min(), when.max())


def date_ticks(locator: AutoDateLocator, **options: Any) -> Formatter:
    """Dates at the ticks of a locator, as short as they can be read, in the language that is spoken."""
    from matplotlib.dates import ConciseDateFormatter

    class Dates(ConciseDateFormatter):
        def format_ticks(self, values: Any) -> list[str]:
            return [with_months(one) for one in super().format_ticks(values)]

        def get_offset(self) -> str:
            return with_months(super().get_offset())

    return Dates(locator, **options)


def with_months(tick: str) -> str:
    """A tick with the months of the language that is spoken in place of the English ones."""
    names = dict(zip(ENGLISH["months_short"].split(","), spoken_words()["months_short"].split(","), strict=True))
    return re.sub("|".join(names), lambda found: names[found[0]], tick)


def from_zero(axes: Axes) -> None:
    """Let the vertical axis begin at zero, or below where there is something below."""
    bottom = min(0.0, float(axes.dataLim.y0))
    axes.set_ylim(bottom, max(axes.get_ylim()[1], bottom + 1e-9))


def panel_title(axes: Axes, text: str, *, pad: float = 5) -> None:
    """Name what a panel of a larger figure shows."""
    axes.set_title(text, fontsize=9.5, fontweight="normal", pad=pad)


def wrapped(text: object, width: int) -> str:
    """A label in at most three lines.

    >>> wrapped("purchases of one customer", 14)
    'purchases of\\none customer'
    """
    lines = lines_of(str(text), width) or [""]
    return "\n".join(lines[:3]) + ("…" if len(lines) > 3 else "")


def short(value: float, unit: str, largest: float = 0.0) -> str:
    """A number as short as it can be read at a tick, in the scale of the largest on its axis.

    >>> short(1_500_000, "USD"), short(0.35, "share"), short(2500.0, "customers"), short(500_000, "USD", largest=2e6)
    ('1.5 M', '35%', '2,500', '0.5 M')
    """
    words = spoken_words()
    if value == 0:
        return "0%" if unit == "share" else "0"
    sign, size, name = words["minus"] if value < 0 else "", abs(value), ""
    if unit == "share":
        text, name = f"{size * 100:,.6g}", "%"
    else:
        scales = [one.split(":") for one in words["scales"].split(",")]
        least, name = next((one for one in scales if max(size, largest) >= float(one[0]) * (1 - 1e-9)), ("", ""))
        scaled = size / float(least or 1)
        text = f"{scaled:,.0f}" if not least and scaled.is_integer() else f"{scaled:,.5g}"
    return sign + with_signs(text, words) + name


def written(value: float, pattern: str) -> str:
    """A number in a format of Python's, with the signs of the language that is spoken.

    >>> written(-1234.5, ",.0f"), written(0.125, ".3g")
    ('−1,234', '0.125')
    """
    words = spoken_words()
    signs = {ord(","): words["thousands"], ord("."): words["decimal"], ord("-"): words["minus"]}
    return format(value, pattern).translate(signs)


def vector_colours(figure: Figure) -> None:
    """Draw a bar of colours as areas, which a page can turn for a dark screen, and not as a photograph."""
    from matplotlib.collections import QuadMesh

    for axes in figure.axes:
        for part in axes.collections:
            if isinstance(part, QuadMesh):
                part.set_rasterized(False)


def label(value: float, unit: str) -> str:
    """A number as it stands beside a mark: money without its currency, which the axis names.

    >>> label(1_238_412.0, "USD"), label(0.352, "share"), label(12345, "customers")
    ('1.24 M', '35.2%', '12,345')
    """
    if unit == "share":
        return format_value(value, "share")
    if is_currency(unit):
        return format_number(float(value))
    return format_number(int(value) if float(value).is_integer() else float(value))


def nothing_to_show(axes: Axes, text: str, above: str = "") -> Figure:
    """Say in an empty panel why it is empty, and `above` the whole figure what follows from that; the figure is returned."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=TEXT, transform=axes.transAxes, wrap=True)
    if above:
        title(figure, above)
    return figure


def need_columns(table: Any, columns: Sequence[str], what: str) -> None:
    """Refuse a table that lacks columns, naming them and what there is."""
    from cxvalue.foundation.errors import CxvalueError

    missing = [name for name in columns if name not in table.columns]
    if missing:
        told = translate(
            "{table} needs the column {column!r}; the table has {columns}.",
            table=what,
            column=missing[0],
            columns=enumerated(map(str, table.columns)),
        )
        raise CxvalueError(told)
