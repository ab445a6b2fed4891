"""The tables of the laboratory, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from cxvalue.lifetime.evidence.reference import CANDIDATES, Reference
from tests.reality.contests import RECIPE, Cells
from tests.reality.scores import Said, Score, interval_score, score

__all__ = ["tables"]

_MISS, _COVER = "median / mean relative miss", "cover 50 / 80 / 95"
_MEDIANS = "median miss: product / lifetimes / last equal"
_LIFETIMES, _LAST = "lifetimes, as it is", "last_equal, as it is"
_WORSE = 0.1
"""By how much of the truth a forecast has to be worse than another to count as that."""


def tables(cells: Cells, shipped: Reference) -> str:
    """All tables; `shipped` is learnt on all the logs."""
    parts = [_contest(cells), _by_log(cells), _by_horizon(cells), _by_evidence(cells), _constants(cells, shipped)]
    return "\n\n".join("\n".join(part) for part in [*parts, _sums(cells)])


def _contest(cells: Cells) -> Iterator[str]:
    columns = (
        "forecast and range",
        "cells",
        _MISS,
        "bias",
        _COVER,
        "WIS",
        "WIS-log",
        "half-width",
        "product's WIS there",
    )
    yield from _head(*columns)
    own = cells.said[RECIPE]
    for name, said in cells.said.items():
        there = np.isfinite(said.total) & np.isfinite(own.total)
        same = interval_score(cells.actual[there], own.take(there)) / cells.actual[there]
        found = score(cells.actual, said) if name == RECIPE else score(cells.actual[there], said.take(there))
        yield f"| {name} | {found.cells} | {_numbers(found)} | {same.mean():.3f} |"


def _head(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"


def _numbers(found: Score) -> str:
    cover = " / ".join(f"{one:.2f}" for one in found.coverage)
    miss = f"{found.median_miss:.3f} / {found.mean_miss:.3f}"
    return f"{miss} | {found.bias:+.2f} | {cover} | {found.wis:.3f} | {found.wis_log:.3f} | {found.half_width:.2f}"


def _by_log(cells: Cells) -> Iterator[str]:
    yield from _head("log", "cells", _MEDIANS, "rms log miss", _COVER, "WIS", "half-width")
    for number, name in enumerate(cells.names):
        some = cells.log == number
        own = cells.said[RECIPE].take(some)
        found = score(cells.actual[some], own)
        misses = " / ".join(f"{_median_miss(cells, one, some):.2f}" for one in (RECIPE, _LIFETIMES, _LAST))
        rms = np.sqrt(np.nanmean(np.log(cells.actual[some] / own.total) ** 2))
        cover = " / ".join(f"{one:.2f}" for one in found.coverage)
        yield f"| {name} | {some.sum()} | {misses} | {rms:.2f} | {cover} | {found.wis:.3f} | {found.half_width:.2f} |"


def _by_horizon(cells: Cells) -> Iterator[str]:
    yield from _head("horizon in days", "cells", _MEDIANS, _COVER, "half-width")
    for days in np.unique(cells.days):
        yield f"| {days} | {_row(cells, cells.days == days)} |"


def _by_evidence(cells: Cells) -> Iterator[str]:
    yield from _head("independent past misses", "cells", _MEDIANS, _COVER, "half-width")
    for low, high in ((0.0, 0.5), (0.5, 2.0), (2.0, 4.0), (4.0, np.inf)):
        some = (cells.evidence >= low) & (cells.evidence < high)
        if some.any():
            yield f"| {low:g} to {high:g} | {_row(cells, some)} |"


def _row(cells: Cells, some: NDArray[np.bool_]) -> str:
    found = score(cells.actual[some], cells.said[RECIPE].take(some))
    misses = " / ".join(f"{_median_miss(cells, one, some):.2f}" for one in (RECIPE, _LIFETIMES, _LAST))
    cover = " / ".join(f"{one:.2f}" for one in found.coverage)
    return f"{some.sum()} | {misses} | {cover} | {found.half_width:.2f}"


def _constants(cells: Cells, shipped: Reference) -> Iterator[str]:
    yield from _head("constant", "learnt on all logs", "without one of them, lowest to highest")
    for name in ("drift", "floor", "by_length", "by_growth"):
        yield _constant(name, getattr(shipped, name), [getattr(one, name) for one in cells.references])
    for name in CANDIDATES:
        yield _constant(f"miss of {name}", shipped.miss[name], [one.miss[name] for one in cells.references])


def _constant(name: str, value: float, others: list[float]) -> str:
    return f"| {name} | {value:.4f} | {min(others):.4f} to {max(others):.4f} |"


def _sums(cells: Cells) -> Iterator[str]:
    own, everywhere = cells.said[RECIPE], np.ones(cells.actual.size, dtype=bool)
    ratios = [
        np.log(_median_miss(cells, RECIPE, some) / _median_miss(cells, _LIFETIMES, some))
        for some in (cells.log == number for number in range(len(cells.names)))
    ]
    off, last = (np.abs(one.total / cells.actual - 1) for one in (own, cells.said[_LAST]))
    both = np.isfinite(off) & np.isfinite(last)
    by_log = [(cells.actual[some], own.take(some)) for some in (cells.log == k for k in range(len(cells.names)))]
    worst = min(score(*one).coverage[2] for one in by_log)
    yield f"- packages asked: {_version('lifetimes')}; {_version('pymc-marketing')}"
    yield f"- cells: {everywhere.sum()}; withheld: {score(cells.actual, own).withheld:.1%}"
    yield f"- coverage of the 95% range on the worst log: {worst:.2f}"
    yield f"- geometric mean over logs of (median miss / that of lifetimes): {np.exp(np.mean(ratios)):.2f}"
    yield f"- worse than the last equal period by over 10% of the truth: {(off - last > _WORSE)[both].mean():.1%} of cells"
    yield f"- better than it by as much: {(last - off > _WORSE)[both].mean():.1%} of cells"


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} is not installed and was not asked"


def _median_miss(cells: Cells, name: str, some: NDArray[np.bool_]) -> float:
    said: Said = cells.said[name]
    return float(np.nanmedian(np.abs(said.total[some] / cells.actual[some] - 1)))
