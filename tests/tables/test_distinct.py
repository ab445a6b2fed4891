"""Equal rows against `numpy.unique` of whole rows, whether they are counted or sorted."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.tables.distinct import distinct_counts, distinct_numbers, distinct_rows


@pytest.mark.parametrize("span", [2, 30, 10**6, 2**40])
def test_rows_are_numbered_in_ascending_order_and_the_earliest_of_each_is_named(span: int) -> None:
    rng = np.random.default_rng(span)
    for size in (1, 7, 500):
        columns = rng.integers(-span, span, (3, size)) // max(span // 5, 1) * max(span // 5, 1)
        values, first, which = np.unique(columns.T, axis=0, return_index=True, return_inverse=True)
        rows, number = distinct_rows(*columns)
        assert rows.tolist() == first.tolist()
        assert number.tolist() == which.reshape(-1).tolist()
        codes = tuple(np.unique(column, return_inverse=True)[1].reshape(-1) for column in columns)
        for weight in (np.ones(size), rng.random(size)):
            found, total = distinct_counts(codes, weight)
            assert [len(column) for column in found] == [len(values)] * 3
            assert total == pytest.approx(np.bincount(which.reshape(-1), weight))


@pytest.mark.parametrize("numbers", [[], [5], [2, 2], [3, -1, 3, 2**62, -(2**62)], [*range(300), *range(100)]])
def test_numbers_are_those_of_numpy(numbers: list[int]) -> None:
    given = np.array(numbers, dtype=np.int64)
    found = distinct_numbers(given)
    assert found.tolist() == np.unique(given).tolist()
    assert given.tolist() == numbers  # what was given stays as it was
