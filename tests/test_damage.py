"""Files as strangers have them: a damaged study is refused, flagged, or gives what the sound one gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage import DAMAGES, outcome

CASES = 30
"""One of each kind of damage; `make test` tries a quarter of them, and `make calibrate` runs many more."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize("case", range(CASES))
def test_a_damage_is_never_a_silently_wrong_number(folder: Path, case: int) -> None:
    found = outcome(case, folder)
    assert found.became in ("refused", "flagged", "same"), f"{found.study}, {found.damage}: {found.said}"


def test_every_kind_of_damage_is_tried() -> None:
    assert len(DAMAGES) <= CASES
