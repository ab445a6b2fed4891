"""Sums over many rows in blocks that fit a processor's cache, on several processors where there are enough of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Result = TypeVar("_Result")
_WORTH_THREADS = 6


def in_blocks(work: Callable[[slice], _Result], size: int, rows: int) -> list[_Result]:
    """What `work` makes of each block of `rows` of `size` rows, in their order; NumPy lets threads run side by side.

    >>> in_blocks(lambda block: (block.start, block.stop), 5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    blocks = [slice(start, min(start + rows, size)) for start in range(0, size, rows)]
    # The system is asked for its processors last: that takes longer than a small block.
    if len(blocks) < _WORTH_THREADS or (workers := min(os.cpu_count() or 1, 4)) == 1:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, blocks))


def add_up(
    work: Callable[[slice], tuple[float, NDArray[np.float64]]], size: int, rows: int
) -> tuple[float, NDArray[np.float64]]:
    """Value and gradient summed over blocks, always in the same order."""
    parts = in_blocks(work, size, rows)
    gradient: NDArray[np.float64] = np.sum([part[1] for part in parts], axis=0)
    return float(sum(part[0] for part in parts)), gradient


def products(slopes: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper triangle of the sums of weight x slope x slope over the columns of `slopes`.

    A loop of dot products: a matrix product of this shape would start threads of its own beside ours.

    >>> products(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0])).tolist()
    [[41.0, 83.0], [0.0, 169.0]]
    """
    size = len(slopes)
    matrix = np.zeros((size, size))
    for i in range(size):
        weighted = weight * slopes[i]
        for j in range(i, size):
            matrix[i, j] = np.einsum("k,k->", weighted, slopes[j])
    return matrix


def in_logs(
    upper: NDArray[np.float64], natural: NDArray[np.float64], gradient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The Hessian in log-parameters from the upper triangle of that in natural ones and the gradient in logarithms."""
    whole = upper + np.triu(upper, 1).T
    return whole * np.outer(natural, natural) + np.diag(gradient)
