"""Groups by MD5: the numbers that hashlib gives, evenly spread."""

import hashlib

import ibis
import numpy as np

from cxvalue.engine.buckets import bucket
from cxvalue.engine.embedded import connect


def _buckets(ids: list[object], parts: int) -> list[int | None]:
    con = connect()
    table = con.create_table("t", ibis.memtable({"place": range(len(ids)), "id": ids}))
    rows = table.order_by("place").select(group=bucket(table.id, parts)).to_pyarrow()
    return rows.column("group").to_pylist()  # type: ignore[no-any-return]


def _by_hashlib(text: str, parts: int) -> int:
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:6], 16) % parts


def test_the_numbers_are_those_of_the_md5_of_the_text() -> None:
    ids = ["C0001", "007", "blank ", "", "Zoë", "🙂", "x" * 300]
    for parts in (1, 7, 250):
        assert _buckets(list(ids), parts) == [_by_hashlib(one, parts) for one in ids]


def test_a_number_counts_as_its_text_and_nothing_has_no_group() -> None:
    assert _buckets([42, 7], 250) == [_by_hashlib("42", 250), _by_hashlib("7", 250)]
    assert _buckets(["a", None], 250) == [_by_hashlib("a", 250), None]


def test_running_ids_spread_evenly() -> None:
    parts, size = 250, 50_000
    counts = np.bincount(_buckets([f"C{number:06d}" for number in range(size)], parts), minlength=parts)
    assert counts.size == parts
    # The statistic of evenness has mean 249 and standard deviation 22.
    assert ((counts - size / parts) ** 2).sum() / (size / parts) < 360
