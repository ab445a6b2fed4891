"""How a result shows itself: in a line, as a small table with sentences, as a table of numbers, and as a picture.

What each kind of result says stands above all that it is about, in `cxvalue.objects`; a result knows the name of its card
there and nothing else, and asks for it when it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """What a result says: in one `line`, in rows of what, value and range, and in sentences (`texts`)."""

    line: str
    rows: tuple[tuple[str, str, str], ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The rows, written for reading: what, value, range."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=["what", "value", "range"])

    @property
    def text(self) -> str:
        """The sentences, one a line."""
        return "\n".join(self.texts)

    def __repr__(self) -> str:
        wide = max((len(row[0]) for row in self.rows), default=0)
        rows = [f"  {what:<{wide}}  {value}{f'  ({reach})' if reach else ''}" for what, value, reach in self.rows]
        return "\n".join([self.line, *rows, *self.texts])

    def _repr_html_(self) -> str:
        cells = ("".join(f"<td>{escape(part, quote=False)}</td>" for part in row) for row in self.rows)
        head = f"<tr><th></th><th>{translate('value')}</th><th>{translate('range')}</th></tr>"
        body = head + "".join(f"<tr>{row}</tr>" for row in cells) if self.rows else ""
        told = "".join(f"<p>{escape(text, quote=False)}</p>" for text in self.texts)
        return f"<table><caption>{escape(self.line, quote=False)}</caption>{body}</table>{told}"


class Shown:
    """A result that shows itself as its card in `cxvalue.objects` says; `_card` is the name of that module."""

    __slots__ = ()
    _card = ""

    def __repr__(self) -> str:
        return self.summary().line

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def summary(self, currency: str = "") -> Summary:
        """What it says, as a table and in sentences; amounts are named in a `currency`, which a result does not know."""
        told: Summary = self._asked("describe")(self, currency)
        return told

    def to_frame(self) -> pd.DataFrame:
        """Its numbers as they are, unrounded, as a pandas table."""
        frame: pd.DataFrame = self._asked("frame_of")(self)
        return frame

    def _asked(self, what: str) -> Callable[..., Any]:
        return getattr(import_module(f"cxvalue.objects.{self._card}"), what)


class Drawn(Shown):
    """A result of which there is a picture."""

    __slots__ = ()

    def plot(self, kind: str = "", *, currency: str = "", **given: Any) -> Figure:
        """Draw it: `kind` is one of the pictures of this result (the first where none is named).

        Raises:
            CxvalueError: a kind that there is not, with those that there are.
        """
        pictures: Mapping[str, Callable[..., Figure]] = self._asked("pictures_of")(self)
        kind = kind or next(iter(pictures))
        if kind not in pictures:
            refused = translate("There is no picture {kind!r} of this.", kind=kind)
            raise CxvalueError(f"{refused} {nearest(kind, list(pictures))}")
        return pictures[kind](currency, **given)
