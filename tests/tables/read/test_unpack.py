"""Archives: what is packed is read, and what could do harm is refused."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.tables.helpers import HEADER, ledger, load, problems, rows

ONE, TWO = ledger("a,2025-03-01,5"), ledger("b,2025-04-01,7")


def _zip(path: Path, members: dict[str, str], **settings: Any) -> dict[str, Any]:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return {"transactions": {"path": path.name, **settings}}


def test_compressed_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.csv.gz").write_bytes(gzip.compress(ONE.encode()))
    (tmp_path / "two.csv.zst").write_bytes(pa.Codec("zstd").compress(TWO.encode(), asbytes=True))
    found = load(tmp_path, {"transactions": {"path": ["one.csv.gz", "two.csv.zst"]}})
    assert rows(found) == [("a", "2025-03-01", 5.0), ("b", "2025-04-01", 7.0)]


def test_all_files_of_an_archive_are_one_table(tmp_path: Path) -> None:
    source = _zip(tmp_path / "all.zip", {"1.csv": ONE, "2.csv": TWO, "__MACOSX/._1.csv": "x"})
    assert len(rows(load(tmp_path, source))) == 2
    source = _zip(tmp_path / "some.zip", {"orders.csv": ONE, "notes.txt": "read me"}, member="orders*")
    assert len(rows(load(tmp_path, source))) == 1
    source["transactions"]["member"] = "none*"
    assert "contains no file that matches 'none*'. Files in it: 'orders.csv', 'notes.txt'." in problems(
        tmp_path, source
    )


@pytest.mark.parametrize("name", ["../out.csv", "/tmp/out.csv", "a/../../out.csv", "C:/out.csv", "..\\out.csv"])
def test_a_member_that_would_land_outside_is_refused(tmp_path: Path, name: str) -> None:
    assert "would be written outside its folder" in problems(
        tmp_path, _zip(tmp_path / "w.zip", {"1.csv": ONE, name: TWO})
    )


def test_bombs_are_refused(tmp_path: Path) -> None:
    huge = HEADER + "\n" * 20_000_000
    assert "unpacks to more than 100 times its size" in problems(tmp_path, _zip(tmp_path / "w.zip", {"1.csv": huge}))
    (tmp_path / "w.csv.gz").write_bytes(gzip.compress(huge.encode()))
    assert "unpacks to more than 100 times its size" in problems(tmp_path, {"transactions": {"path": "w.csv.gz"}})
    many = {f"{place}.csv": ONE for place in range(1001)}
    assert "contains 1,001 files." in problems(tmp_path, _zip(tmp_path / "m.zip", many))


def test_locked_and_broken_archives_are_refused(tmp_path: Path) -> None:
    _zip(tmp_path / "w.zip", {"1.csv": ONE})
    packed = bytearray((tmp_path / "w.zip").read_bytes())
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    packed[6] |= 1
    (tmp_path / "w.zip").write_bytes(bytes(packed))
    assert "is locked with a password." in problems(tmp_path, {"transactions": {"path": "w.zip"}})
    (tmp_path / "w.zip").write_bytes(b"PK\x03\x04rest")
    assert "is a zip archive, and damaged." in problems(tmp_path, {"transactions": {"path": "w.zip"}})
    (tmp_path / "w.csv.gz").write_bytes(gzip.compress(ONE.encode())[:20])
    assert "is compressed, and damaged." in problems(tmp_path, {"transactions": {"path": "w.csv.gz"}})
