"""The search for the highest likelihood where the coarse data point elsewhere than all of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cxvalue.lifetime.models.optimise import maximise

Floats = NDArray[np.float64]
CUSTOMERS, BOUNDS = 1_000.0, [(-16.0, 16.0)]


def ridge(theta: Floats) -> tuple[float, Floats]:
    """Ever higher towards a limit, ever more slowly."""
    return -CUSTOMERS * float(np.exp(-theta[0])), CUSTOMERS * np.exp(-theta)


def hill(theta: Floats, height: float) -> tuple[float, Floats]:
    """The same with a hill around 1."""
    value, slope = ridge(theta)
    rise = CUSTOMERS * height * np.exp(-2 * (theta - 1) ** 2)
    return value + float(rise[0]), slope - 4 * (theta - 1) * rise


@pytest.mark.parametrize(("height", "middle"), [(0.9, False), (0.9, True), (0.3, False), (0.3, True)])
def test_a_limit_is_left_for_a_higher_hill_and_for_no_other(height: float, middle: bool) -> None:
    def full(theta: Floats) -> tuple[float, Floats]:
        return hill(theta, height)

    found = maximise(full, ridge, [np.array([0.5])], BOUNDS, CUSTOMERS, full if middle else None)
    grid = np.linspace(*BOUNDS[0], 20_001)
    best = grid[np.argmax([full(np.array([theta]))[0] for theta in grid])]
    assert found.converged
    assert found.at_bound == (height < 0.5)
    assert found.value >= full(np.array([best]))[0] - 0.1
    if height > 0.5:
        assert found.theta[0] == pytest.approx(best, abs=0.002)
