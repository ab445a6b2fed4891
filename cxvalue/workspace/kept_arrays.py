"""Arrays kept in a folder, a file each, and opened in place: what several processes read is in memory once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGE_BYTES = 2**20
"""Files below are read, larger ones stay where they are until their parts are asked for."""


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers or of yes and no by their names; the order of their axes in memory is kept."""
    folder.mkdir(exist_ok=True)
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays that `write_arrays` wrote, to the last bit; they cannot be changed."""
    return {path.stem: _opened(path) for path in sorted(folder.glob("*.npy"))}


def _opened(path: Path) -> NDArray[Any]:
    mapped = path.stat().st_size > LARGE_BYTES
    found = np.asarray(np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False))
    found.flags.writeable = False  # small ones too, so that nothing works on a small study alone
    return found
