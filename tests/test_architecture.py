"""The shape of the code: which room may use which, that importing is quick, and that modules stay small."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import cxvalue

PACKAGE = Path(cxvalue.__file__).parent
NOTEBOOKS = PACKAGE.parent / "notebooks"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

# From the bottom up; a module may import its own room and those on lower floors.
FLOORS = {
    "chance": 0,
    "draws": 0,
    "errors": 0,
    "imports": 0,
    "rounding": 0,
    "timeunit": 0,
    "study": 2,
    "tables": 3,
    "lifetime": 4,
    "customer_base": 4,
    "seasonality": 4.5,
    "covariates": 4.5,
    "cltv_fit": 4.8,
    "cltv": 5,
    "cltv_checks": 6,
    "cltv_value": 6,
    "rolling": 6,
    "losses": 5,
    "churn": 6,
    "churn_checks": 7,
    "early_warning": 7,
    "contract_base": 5,
    "contract_history": 6,
    "hazards": 5,
    "renewals": 6,
    "contract_drivers": 7,
    "accounts": 7.5,
    "contract_churn": 7.5,
    "contract_value": 7.6,
    "contract_warning": 7.6,
    "effects": 5,
    "money": 6,
    "portfolio": 7,
    "programmes": 7,
    "goodwill": 8,
    "preflight": 9,
    "reactivation": 7,
    "discounts": 7,
    "crosssell": 8,
    "referral": 8,
    "simulate": 6,
    "report": 9,
    "figures": 10,
    "workspace": 11,
    "checking": 11,
    "folders": 10,
    "graph": 10,
    "history": 10,
    "pseudonyms": 10,
    "preload": 12,
    "kernel": 11,
    "execute": 13,
    "manifest": 12,
    "publish": 14,
    "run": 15,
    "console": 16,
    "doctor": 16,
    "cli": 17,
    "__main__": 18,
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a module imports anywhere, imports for type checking aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    rooms = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "cxvalue" else [f"cxvalue.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("cxvalue.")}
    return rooms


def test_every_room_has_its_floor() -> None:
    assert {room(path) for path in MODULES} - {"__init__"} == set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    above = {other for other in imported_rooms(path) - {own} if FLOORS[other] >= FLOORS[own]}
    assert not above, f"{own} must not import {sorted(above)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_bridge_imports_lifetimes(path: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Import)]
    named = {alias.name.split(".")[0] for node in imports for alias in node.names}
    froms = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ImportFrom)]
    named |= {(node.module or "").split(".")[0] for node in froms if not node.level}
    assert ("lifetimes" in named) == (path.name == "lifetimes_bridge.py")


def test_importing_the_package_is_light() -> None:
    code = "import sys, cxvalue, cxvalue.cli.commands; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"pandas", "matplotlib", "scipy", "seaborn", "ibis", "papermill", "lifetimes", "nbconvert"} & {
        *loaded
    } == set()


def test_every_public_name_is_there_and_documented() -> None:
    assert set(cxvalue.__all__) == set(cxvalue._HOMES)
    assert len(cxvalue.__all__) <= 20
    for name in cxvalue.__all__:
        assert (getattr(cxvalue, name).__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = cxvalue.fitt


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_thin_and_stripped(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    parameters = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert ["".join(cell["source"]) for cell in parameters] == ['study = "cdnow"\nwork = None']
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in code:
        tree = ast.parse("".join(cell["source"]))
        assert not any(isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.Lambda)) for n in ast.walk(tree))
    texts = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    assert len(texts) >= len(code) / 2
    last = "".join(code[-1]["source"])
    assert f'opened.publish(\n        "{path.stem}"' in last or f'opened.publish("{path.stem}"' in last
