"""Arrays come back from their files to the last bit, large ones without being read as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxvalue.workspace import kept_arrays
from cxvalue.workspace.kept_arrays import read_arrays, write_arrays


@pytest.mark.parametrize("large", [0, 2**20])
def test_what_is_read_is_what_was_written(large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_arrays, "LARGE_BYTES", large)
    columns = np.asfortranarray(np.array([[0.1 + 0.2, np.nan], [1 / 3, -0.0]]))
    arrays = {"columns": columns, "day": np.array([3, -1], dtype=np.int32), "known": np.array([True, False])}
    write_arrays(tmp_path / "kept", arrays)
    found = read_arrays(tmp_path / "kept")
    assert sorted(found) == sorted(arrays)
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        assert found[name].tobytes("K") == values.tobytes("K"), name
        assert type(found[name]) is np.ndarray
        assert not found[name].flags.writeable
    assert found["columns"].flags.f_contiguous


def test_nobody_is_kept_too(tmp_path: Path) -> None:
    write_arrays(tmp_path, {"nobody": np.zeros(0)})
    assert read_arrays(tmp_path)["nobody"].size == 0
