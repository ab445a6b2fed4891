"""The picture of the house: rooms, arrows between them, floors, circles, and how much code there is.

``python -m tests.house [PACKAGE]`` prints it for this package or for that of another checkout.
"""

from __future__ import annotations

import ast
import io
import symtable
import sys
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

Graph = Mapping[str, frozenset[str]]

PACKAGE = Path(__file__).resolve().parents[1] / "cxvalue"


def modules_of(package: Path) -> dict[str, Path]:
    """Dotted names below the package, and their files; the package's own ``__init__`` and ``__main__`` aside."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name not in ("", "__main__"):
            found[name] = path
    return found


def imports_of(package: Path) -> Graph:
    """Which modules each module imports, anywhere in it and for type checking too."""
    files = modules_of(package)
    return {name: frozenset(_imported(path, package.name, files) - {name}) for name, path in files.items()}


def _imported(path: Path, package: str, files: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            below = node.module.removeprefix(package).removeprefix(".")
            for alias in node.names:
                full = f"{below}.{alias.name}".removeprefix(".")
                found.add(full if full in files else below)
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(f"{package}.") for alias in node.names}
    return found & set(files)


def made_in(path: Path) -> set[str]:
    """Names that a module makes itself, at its top: what it imports it only passes on."""
    symbols = symtable.symtable(path.read_text(encoding="utf-8"), str(path), "exec").get_symbols()
    return {one.get_name() for one in symbols if one.is_assigned()}


def passed_on(package: Path) -> list[str]:
    """Imports of names that are private to another module, or that it does not make; a package may pass on any name."""
    files = {f"{package.name}.{name}": path for name, path in modules_of(package).items()}
    made = {name: made_in(path) for name, path in files.items() if path.name != "__init__.py"}
    return [
        f"{name} imports {alias.name} from {node.module}"
        for name, path in files.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in made
        for alias in node.names
        if alias.name.startswith("_") or alias.name not in made[node.module]
    ]


def between_rooms(graph: Graph) -> Graph:
    """The same arrows between the first parts of the names: folders and single modules at the top."""
    arrows: dict[str, set[str]] = {}
    for name, targets in graph.items():
        room = name.split(".")[0]
        arrows.setdefault(room, set()).update({target.split(".")[0] for target in targets} - {room})
    return {room: frozenset(targets) for room, targets in arrows.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Groups that can all be reached from one another (Tarjan's strongly connected components), larger than one."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def floors(graph: Graph) -> list[list[str]]:
    """Rooms by the longest way down from them, the ground floor first; a circle counts as one room."""
    together = {name: min(group) for group in circles(graph) for name in group}
    arrows: dict[str, set[str]] = {}
    for name, targets in graph.items():
        own = together.get(name, name)
        arrows.setdefault(own, set()).update({together.get(target, target) for target in targets} - {own})
    height: dict[str, int] = {}

    def climb(node: str) -> int:
        if node not in height:
            height[node] = max((climb(target) + 1 for target in arrows[node]), default=0)
        return height[node]

    levels = [climb(together.get(name, name)) for name in sorted(graph)]
    return [
        [name for name, at in zip(sorted(graph), levels, strict=True) if at == level]
        for level in range(max(levels) + 1)
    ]


def code_lines(paths: Iterable[Path]) -> int:
    """Lines with code: blank ones, comments and docstrings do not count."""
    return sum(_lines_of(path.read_text(encoding="utf-8")) for path in paths)


def _lines_of(text: str) -> int:
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len(lines)


def main() -> None:
    package = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PACKAGE
    graph = imports_of(package)
    rooms = between_rooms(graph)
    levels = floors(rooms)
    for level in range(len(levels) - 1, -1, -1):
        for room in levels[level]:
            print(f"{level:>3}  {room:<16} uses {', '.join(sorted(rooms[room])) or 'nothing'}")
    arrows = sum(len(targets) for targets in rooms.values())
    loops = circles(graph)
    print(f"{len(rooms)} rooms, {arrows} arrows, {len(levels)} floors, {len(graph)} modules")
    print(f"circles: {len(circles(rooms))} of rooms, {len(loops)} of modules", *loops, sep="\n  ")
    print(f"{code_lines(package.rglob('*.py')):,} lines of code")


if __name__ == "__main__":
    main()
