"""The pictures of the README, drawn by its own examples: ``make pictures`` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.study import project_root

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path("reports") / "gallery"

PICTURES: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "value.png": lambda names: names["value"].plot(currency="USD"),
    "effect.png": lambda names: names["effect"].plot(currency="EUR"),
    "money.png": lambda names: names["case"].plot("money", currency="EUR"),
    "tornado.png": lambda names: names["case"].plot("tornado", currency="EUR"),
}
"""Each picture by its file, from what the examples have made."""


def run_examples(readme: str) -> dict[str, Any]:
    """What the Python examples of the README leave behind, run one after the other."""
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL):
        exec(compile(code, "README.md", "exec"), names)
    return names


def main() -> None:
    """Write all pictures."""
    root = project_root()
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    names = run_examples((root / "README.md").read_text(encoding="utf-8"))
    for name, draw in PICTURES.items():
        draw(names).savefig(root / FOLDER / name, dpi=110, metadata={"Software": None})
        print(FOLDER / name)


if __name__ == "__main__":
    main()
