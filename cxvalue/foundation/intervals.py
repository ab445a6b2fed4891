"""Intervals: of draws at ranks that are right for however few there are, of an error, around the value they belong to."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.sensible import as_shown, is_number
from cxvalue.language.catalogue import translate, written

Method = Literal["weibull", "inverted_cdf"]


class Interval(NamedTuple):
    """A value with the bounds of its interval."""

    value: float
    low: float
    high: float

    def __repr__(self) -> str:
        """The numbers to six digits, without an exponent; the parts have them all."""
        return f"Interval(value={_short(self.value)}, low={_short(self.low)}, high={_short(self.high)})"

    def _repr_html_(self) -> str:
        value, low, high = map(_told, self)
        return f"<p>{translate('{value} ({low} to {high})', value=value, low=low, high=high)}</p>"

    @classmethod
    def holding(cls, value: float, low: float, high: float) -> Interval:
        """An interval widened to hold its value: a few very large draws can pull a mean past an end.

        >>> Interval.holding(5.0, 1.0, 4.0)
        Interval(value=5, low=1, high=5)
        """
        return cls(value, min(float(low), value), max(float(high), value))

    @classmethod
    def around(cls, value: float, draws: ArrayLike, level: float = 0.95, *, method: Method = "weibull") -> Interval:
        """The interval of draws, widened to hold the value; `method` as for `interval_ends`."""
        low, high = interval_ends(draws, level, method=method)
        return cls.holding(value, float(low), float(high))

    @classmethod
    def of_error(cls, value: float, se: float, level: float = 0.95, df: float = math.inf) -> Interval:
        """The interval of an estimate with a standard error, by the normal distribution or by t.

        >>> round(Interval.of_error(10.0, 1.0, df=12).high, 6)  # 2.178813 in any table of t
        12.178813
        """
        half = reach_of(level, df) * se
        return cls(value, value - half, value + half)


def _short(value: float, separator: str = "") -> str:
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    text = f"{value:{separator}.{max(0, 5 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _told(value: float) -> str:
    """The number as `_short` gives it, with the signs of the language."""
    text = _short(value, ",")
    return written(value, f",.{len(text.partition('.')[2])}f") if math.isfinite(value) else text


def interval_ends(
    draws: ArrayLike, level: float = 0.95, axis: int = 0, *, method: Method = "weibull"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper end of the interval that holds a further draw with probability `level`.

    A further draw falls below the k-th smallest of n with probability k / (n + 1) (Weibull 1939), so the ends stand at
    the ranks p (n + 1). The usual interpolation, at 1 + p (n - 1), holds only 94.1% for 200 draws and 94.5% for 400.
    Draws that may be infinite cannot be interpolated and need the method inverted_cdf.

    >>> [round(float(end), 9) for end in interval_ends(np.arange(1, 200))]
    [5.0, 195.0]
    """
    tail = (1 - level) / 2
    ends = np.quantile(np.asarray(draws, dtype=float), [tail, 1 - tail], axis=axis, method=method)
    return ends[0], ends[1]


def reach_of(level: float, df: float = math.inf) -> float:
    """Standard errors on either side of an interval that holds a share `level`: of the normal, or of t with `df`.

    Raises `CxvalueError` for a level that is no share.

    >>> round(reach_of(0.95), 6), round(reach_of(0.95, 12), 6)
    (1.959964, 2.178813)
    """
    return float(stdtrit(df, (1 + check_level(level)) / 2))


def p_value_of(value: float, se: float, df: float = math.inf) -> float:
    """Two-sided p-value of a value against 0; without an error 1 for 0 and 0 for anything else.

    >>> round(p_value_of(-1.959964, 1.0), 6), p_value_of(0.0, 0.0)
    (0.05, 1.0)
    """
    return float(2 * stdtr(df, -abs(value) / se)) if se > 0 else float(value == 0)


def share_interval(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's (1927) interval of a share; it ends at 0 or 1 exactly where the share is that.

    >>> [round(end, 4) for end in share_interval(81, 263)]  # Newcombe 1998 (one sample), table I
    [0.2553, 0.3662]
    """
    return _wilson(count / of, of, level)


def share_of_error(share: float, se: float, of: float, level: float = 0.95) -> Interval:
    """A share whose rows go together or weigh differently: Wilson's interval on as many rows as its error speaks of.

    Value ± error ends below 0, and misses most where a share is rare. `of` counts for a share that has no error.

    >>> [round(end, 4) for end in share_of_error(81 / 263, (81 * 182 / 263**3) ** 0.5, 999)]
    [0.308, 0.2553, 0.3662]
    """
    n = share * (1 - share) / se**2 if se > 0 and 0 < share < 1 else max(of, 1.0)
    return Interval(share, *_wilson(share, n, level))


def _wilson(share: float, n: float, level: float) -> tuple[float, float]:
    z = reach_of(level)
    centre, reach = share + z**2 / (2 * n), z * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    low, high = (centre - reach) / (1 + z**2 / n), (centre + reach) / (1 + z**2 / n)
    return 0.0 if share == 0 else low, 1.0 if share == 1 else high


def check_level(level: float) -> float:
    """The level of an interval; raises `CxvalueError` unless it is a share between 0 and 1."""
    if not is_number(level) or not 0 < level < 1:
        raise CxvalueError("level == {level}, must lie between 0 and 1, for example 0.95.", level=as_shown(level))
    return float(level)


def stated_draws(z: NDArray[np.float64], value: float, low: float, high: float) -> NDArray[np.float64]:
    """Draws of a figure that somebody states with a range that holds 95%: normal on either side of its value.

    Args:
        z: standard normal draws.
        value, low, high: as stated.

    >>> stated_draws(np.array([-1.959964, 0.0, 1.959964]), 10.0, 8.0, 20.0).round(5).tolist()
    [8.0, 10.0, 20.0]
    """
    drawn: NDArray[np.float64] = value + z * np.where(z < 0, value - low, high - value) / reach_of(0.95)
    return drawn
