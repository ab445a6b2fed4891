"""The shape of the code: which room may use which, that importing is quick, and that modules stay small."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import cxvalue
from cxvalue import questions
from cxvalue.study import find_study, load_study_file
from cxvalue.workspace.listing import check_fits
from tests.house import Graph, between_rooms, circles, floors, imports_of, passed_on
from tests.thorough import SWEEPS

PACKAGE = Path(cxvalue.__file__).parent
NOTEBOOKS = PACKAGE.parent / "notebooks"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

FOLDERS = sorted({path.parent for path in MODULES} - {PACKAGE})
BRANCHES = (
    *(ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.BoolOp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr),
)
"""What no cell of a notebook holds: it asks a question, and what the answer depends on stands in the package."""

NAMED_BY_QUESTION = ("findings", "display", "tables")
WHOLE_REPORTS = {
    "tests/hostile/test_troubles.py",
    "tests/test_first_mile.py",
    "tests/test_no_rows.py",
    "tests/test_small_cells.py",
}
"""Files of which nothing is in `make test`: they run whole reports."""
TESTED_ELSEWHERE = Path(__file__).with_name("tested_elsewhere.txt")


@cache
def arrows() -> Graph:
    """Who imports whom; asked for once a process, and not where no test of this file runs."""
    return imports_of(PACKAGE)


def layers_of(docstring: str) -> list[tuple[str, ...]]:
    """The lines of a map, from the bottom up: the names before the first double space, split at the bars."""
    lines = re.findall(r"^    (\S+(?: \| \S+)*)  +\S", docstring.split("::\n", 1)[1], re.MULTILINE)
    return [tuple(line.split(" | ")) for line in reversed(lines)]


def upward(graph: Graph, layers: list[tuple[str, ...]]) -> list[str]:
    """Arrows between rooms of a map that do not lead to a lower line of it."""
    floor = {room: level for level, rooms in enumerate(layers) for room in rooms}
    return [
        f"{room} uses {target}"
        for room, targets in sorted(graph.items())
        for target in sorted(targets)
        if floor[target] >= floor[room]
    ]


def test_the_map_names_every_room_once() -> None:
    named = [room for rooms in layers_of(cxvalue.__doc__ or "") for room in rooms]
    assert sorted(named) == sorted(between_rooms(arrows()))


def test_imports_point_down_the_map() -> None:
    assert upward(between_rooms(arrows()), layers_of(cxvalue.__doc__ or "")) == []


def test_questions_use_those_on_lower_lines_only() -> None:
    below = {
        name.removeprefix("questions."): frozenset(
            t.removeprefix("questions.") for t in targets if t.startswith("questions.")
        )
        for name, targets in arrows().items()
        if name.startswith("questions.")
    }
    layers = layers_of(questions.__doc__ or "")
    assert sorted(room for rooms in layers for room in rooms) == sorted(between_rooms(below))
    assert upward(between_rooms(below), layers) == []


def test_no_module_is_part_of_a_circle() -> None:
    assert circles(arrows()) == []


def test_a_lying_map_and_a_circle_are_found() -> None:
    layers = layers_of("A map::\n\n    a | b   upstairs\n    c       below\n")
    assert layers == [("c",), ("a", "b")]
    graph = {"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset({"a"})}
    assert upward(graph, layers) == ["a uses b", "c uses a"]
    assert circles(graph) == [["a", "b", "c"]]
    assert floors({"a": frozenset({"c"}), "b": frozenset({"c"}), "c": frozenset()}) == [["c"], ["a", "b"]]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_map_of_a_folder_names_its_modules(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = set(re.findall(r"^ *(\w+/?)  +\S", text, re.MULTILINE))
    named |= {
        room for line in re.findall(r"^    (\w+(?: \| \w+)+)  ", text, re.MULTILINE) for room in line.split(" | ")
    }
    inside = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    below = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert {name.removesuffix("/") for name in named} == inside | below


def test_a_name_stands_for_one_module() -> None:
    stems = [path.stem for path in MODULES if path.stem != "__init__" and path.parent != PACKAGE / "figures"]
    stems = [stem for stem in stems if stem not in NAMED_BY_QUESTION]
    assert sorted({stem for stem in stems if stems.count(stem) > 1}) == []


def test_no_public_function_hides_a_module() -> None:
    for folder in FOLDERS:
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        offered = {alias.asname or alias.name for node in imports for alias in node.names}
        modules = {path.stem for path in folder.glob("*.py")} | {
            path.parent.name for path in folder.glob("*/__init__.py")
        }
        assert offered & modules == set(), folder


def test_a_name_is_imported_from_where_it_is_made_and_without_an_underscore() -> None:
    assert passed_on(PACKAGE) == []


def test_only_packages_list_their_names() -> None:
    """What has no underscore is for everyone: a list beside it says the same twice, or something else."""
    listed = {
        path.relative_to(PACKAGE).as_posix() for path in MODULES if "\n__all__ = " in path.read_text(encoding="utf-8")
    }
    assert {name for name in listed if not name.endswith("__init__.py")} == set()


def test_tests_mirror_modules() -> None:
    """A module is tested where its name says, or stands on a list that may only shrink."""
    excused = TESTED_ELSEWHERE.read_text(encoding="utf-8").split()
    tests = Path(__file__).parent
    missing = [
        name
        for path in MODULES
        if (name := path.relative_to(PACKAGE).as_posix()) and path.stem not in ("__init__", "__main__")
        if not (tests / path.relative_to(PACKAGE).parent / f"test_{path.name}").is_file()
    ]
    assert sorted(missing) == excused


def test_what_waits_for_the_thorough_run_is_on_the_list_and_leaves_a_quick_test_of_its_file() -> None:
    """Of a test of several cases the first stays, of a file a quicker test; the marker is given by the list alone."""
    assert [one.test for one in SWEEPS.values()] == sorted(SWEEPS)
    waits = {one.test for one in SWEEPS.values() if one.one_in is None}
    empty = set()
    for one in SWEEPS.values():
        assert one.what.strip(), one.test
        tree, name = ast.parse(one.file.read_text(encoding="utf-8")), one.test.partition("::")[2]
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        if one.one_in is None:
            file = one.test.partition("::")[0]
            if all(f"{file}::{other}" in waits for other in functions if other.startswith("test_")):
                empty.add(file)
            assert name in functions, one.test
            continue
        assert one.one_in >= 2, one.test
        # Cases come from its own decorators, or from those of a fixture that it asks for; engines from all that there are.
        if "engine" in {arg.arg for arg in functions[name].args.args}:
            continue
        given = [functions[name], *(functions[arg.arg] for arg in functions[name].args.args if arg.arg in functions)]
        made = " ".join(ast.unparse(part) for node in given for part in node.decorator_list)
        assert "parametrize(" in made or "params=" in made, one.test
    assert empty == WHOLE_REPORTS
    marked = [path.name for path in Path(__file__).parent.rglob("*.py") if "mark.thorough" in path.read_text("utf-8")]
    assert sorted(marked) == ["test_architecture.py", "thorough.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_only_the_bridge_imports_lifetimes(path: Path) -> None:
    imports = re.search(r"^ *(import|from) lifetimes\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert bool(imports) == (path.name == "lifetimes_bridge.py")


def test_what_every_command_imports_leaves_out_what_few_need() -> None:
    code = "import sys, cxvalue.run.study_run, cxvalue.workspace.opened, cxvalue.workspace.check; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"scipy.stats", "statsmodels", "seaborn", "matplotlib", "lifetimes"} & {*loaded} == set()


def test_importing_the_package_is_light() -> None:
    code = "import sys, cxvalue, cxvalue.cli.commands; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"pandas", "matplotlib", "scipy", "seaborn", "ibis", "papermill", "lifetimes", "nbconvert"} & {
        *loaded
    } == set()


def test_every_public_name_is_there_and_documented() -> None:
    assert set(cxvalue.__all__) == set(cxvalue._HOMES)
    assert len(cxvalue.__all__) <= 21
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
    (given,) = ["".join(cell["source"]) for cell in parameters]
    default = re.fullmatch(r'study = "(\w+)"\nwork = None', given)
    assert default is not None
    check_fits(path.stem, load_study_file(find_study(default[1])))  # it runs as it is shipped
    opening, imports = code[1:3]
    assert "".join(opening["source"]) == (
        f'import cxvalue\n\nopened = cxvalue.load_study(study, work=work, notebook="{path.stem}")\nopened.headline()'
    )
    assert imports["metadata"]["jupyter"]["source_hidden"]
    tree = ast.parse("".join(imports["source"]))
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in tree.body)
    assert not any("print(" in "".join(cell["source"]) for cell in code)  # sentences are said, not printed
    assert code[-1]["metadata"]["tags"] == ["hand-over"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in code:
        tree = ast.parse("".join(cell["source"]))
        assert not any(isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.Lambda)) for n in ast.walk(tree))
        assert not any(isinstance(n, BRANCHES) for n in ast.walk(tree)), "a question of the notebook is one call"
    home = re.match(r"from (cxvalue\.answers\.\w+) import (\w+)\n", "".join(imports["source"]))
    assert home is not None
    kind = getattr(importlib.import_module(home[1]), home[2])
    cells = ["".join(cell["source"]) for cell in code[3:-1]]
    assert cells[0].startswith(f"answers = {home[2]}(opened)\n")
    asked = [re.fullmatch(r"answers\.(\w+)\(\)", cell.splitlines()[-1]) for cell in cells]
    assert [len(cell.splitlines()) for cell in cells] == [2] + [1] * (len(cells) - 1)
    assert sorted(one[1] for one in asked if one) == sorted(kind.questions())  # each once, and nothing else
    texts = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    assert len(texts) >= len(code) / 2
    last = "".join(code[-1]["source"])
    assert f'opened.publish(\n        "{path.stem}"' in last or f'opened.publish("{path.stem}"' in last
