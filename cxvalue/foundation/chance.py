"""What chance leaves in an estimate: an interval with a width, steps along the axes of its errors."""

from __future__ import annotations

import numpy as np

from cxvalue.foundation.arrays import Floats

NO_WIDTH = 1e-9


def is_a_point(low: float, high: float) -> bool:
    """Whether an interval has no width beside its size: then nothing varied, and it is no estimate.

    >>> is_a_point(0.1 + 0.2, 0.3), is_a_point(0.0, 0.0), is_a_point(0.3, 0.31)
    (True, True, False)
    """
    return high - low <= NO_WIDTH * max(abs(low), abs(high))


def principal_steps(covariance: Floats) -> Floats:
    """Steps of one standard error along the principal axes of a covariance, a row each.

    Standard normal numbers times these are draws with that covariance, which may be singular.

    >>> steps = principal_steps(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> (steps.T @ steps).round(12).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    variances, axes = np.linalg.eigh(covariance)
    return (axes * np.sqrt(np.maximum(variances, 0.0))).T
