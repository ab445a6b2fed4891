"""What a card says of a result, chosen by the kind of the result: each card registers the kinds that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import TYPE_CHECKING

from cxvalue.foundation.shown import Summary

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@singledispatch
def describe(shown: object, currency: str) -> Summary:
    """What a result says: its line, its rows and its sentences."""
    raise TypeError(f"no card for {type(shown).__name__}")


@singledispatch
def frame_of(shown: object) -> pd.DataFrame:
    """The numbers of a result as they are: a row a month, a customer, a parameter, a cell or a figure."""
    raise TypeError(f"no numbers of {type(shown).__name__}")


@singledispatch
def pictures_of(shown: object) -> Mapping[str, Callable[..., Figure]]:
    """The pictures of a result by their names."""
    raise TypeError(f"no pictures of {type(shown).__name__}")
