"""What an array holds is said in one word."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from cxvalue.foundation import arrays


@pytest.mark.parametrize(
    ("word", "made"),
    [
        ("Floats", np.linspace(0, 1, 3)),
        ("Ints", np.array(["2026-06-30"], dtype="datetime64[D]").astype(np.int64)),
        ("Bools", np.arange(3) > 1),
        ("Places", np.flatnonzero([0, 1])),
    ],
)
def test_a_word_stands_for_what_numpy_makes(word: str, made: np.ndarray) -> None:
    _, held = get_args(getattr(arrays, word))
    assert get_args(held) == (made.dtype.type,)
