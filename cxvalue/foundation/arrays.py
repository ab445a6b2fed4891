"""Arrays by what they hold, so that a signature says it in a word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
"""Places in another array, by which numpy picks."""
