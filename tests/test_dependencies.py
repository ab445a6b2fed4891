"""What comes along when this is installed, without asking any server: under which licences, and in which versions.

Packages are followed from pyproject.toml through what each of those installed here says of itself. Known weaknesses are
not looked up: that needs a server.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FREE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|ISCL|PSF|PSFL|Python Software Foundation|MPL|Mozilla|Zlib|CC0|Unlicense)\b",
    re.IGNORECASE,
)
BINDING = re.compile(
    r"\b[AL]?GPL|General Public|SSPL|BUSL|Business Source|Commons Clause|Proprietary|Non-?Commercial", re.I
)


def follow(names: list[Requirement]) -> Iterator[tuple[Requirement, Distribution]]:
    """Every requirement that counts here, transitively, with the package that is installed for it."""
    seen: set[tuple[str, frozenset[str]]] = set()
    ahead = list(names)
    while ahead:
        wanted = ahead.pop()
        found = distribution(wanted.name)
        yield wanted, found
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        for line in found.requires or ():
            further = Requirement(line)
            if further.marker is None or any(further.marker.evaluate({"extra": one}) for one in ("", *wanted.extras)):
                ahead.append(further)


@pytest.fixture(scope="module")
def needed() -> list[tuple[Requirement, Distribution]]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return list(follow([Requirement(line) for line in tomllib.loads(text)["project"]["dependencies"]]))


def licences(package: Distribution) -> str:
    """What a package says of its licence: the expression, else the classifiers, else the first line of its text."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    classified = [one for one in about.get_all("Classifier", []) if one.startswith("License ::")]
    told = (about.get("License") or "").strip().splitlines()[:1]
    return "; ".join([*classified, *told])


def test_nothing_that_comes_along_binds_those_who_use_it(needed: list[tuple[Requirement, Distribution]]) -> None:
    told = {package.metadata["Name"]: licences(package) for _, package in needed}
    assert len(told) > 80, "the packages were followed"
    assert {name: words for name, words in told.items() if BINDING.search(words)} == {}
    assert {name: words for name, words in told.items() if not FREE.search(words)} == {}


def test_what_packages_ask_of_one_another_holds_in_the_lock(needed: list[tuple[Requirement, Distribution]]) -> None:
    locked: dict[str, str] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        pin = Requirement(line.split("  #")[0])
        if pin.marker is None or pin.marker.evaluate():
            (exact,) = pin.specifier
            locked[canonicalize_name(pin.name)] = exact.version
    wrong = []
    for wanted, package in needed:
        version = locked.get(canonicalize_name(wanted.name))
        if version is None:
            wrong.append(f"{wanted.name} is needed and not in requirements.lock")
        elif package.version == version and not wanted.specifier.contains(version, prereleases=True):
            wrong.append(f"{wanted} is locked at {version}")
    assert sorted(set(wrong)) == []


def test_a_package_that_binds_would_be_seen() -> None:
    for words in ("GPL-3.0-only", "GNU Affero General Public License v3", "LGPLv3+", "BUSL-1.1", "Proprietary"):
        assert BINDING.search(words), words
    assert not BINDING.search("MPL-2.0 AND MIT")
    with pytest.raises(PackageNotFoundError):
        list(follow([Requirement("no-such-package-is-installed")]))
