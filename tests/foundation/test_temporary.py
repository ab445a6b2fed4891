"""Nobody else can open the folder, or it is not used."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from cxvalue.foundation.temporary import private_folder, private_name


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = private_folder()
    assert folder == tmp_path / private_name() == private_folder()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_one_that_others_can_open_is_not_used(tmp_path: Path) -> None:
    (tmp_path / private_name()).mkdir(mode=0o755)
    assert private_folder() is None


def test_neither_is_a_link_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    (tmp_path / private_name()).symlink_to(tmp_path / "theirs")
    assert private_folder() is None
    (tmp_path / private_name()).unlink()
    (tmp_path / private_name()).touch()
    assert private_folder() is None
