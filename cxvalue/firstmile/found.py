"""`recognise`: what a file or a table in memory holds, to be looked at, answered and written as a study."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxvalue.firstmile.asking import Question, parse_answers
from cxvalue.firstmile.recognition import Understanding, open_files_of
from cxvalue.firstmile.showing import html_of, lines_of
from cxvalue.firstmile.study_text import is_ours, study_text
from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.tables.outside import arrow_of


@dataclass(frozen=True)
class Recognised:
    """What files hold; shows itself, takes answers and writes a study.

    ``answer(currency="EUR")`` gives a new one; ``write("data/mystudy")`` copies the files and writes ``study.yml``, with ASK
    where an answer is missing.
    """

    understanding: Understanding

    @property
    def questions(self) -> list[Question]:
        """The questions that are open, the costliest first."""
        return self.understanding.questions

    def answer(self, accept: bool = False, **answers: Any) -> Recognised:
        """The same with answers, by the keys of the questions; `accept` takes the stated defaults of others.

        Raises `BadInput` for a key or an answer that does not exist.
        """
        found = Recognised(
            self.understanding.with_answers(parse_answers([f"{k}={v}" for k, v in answers.items()]), accept)
        )
        _ = found.questions
        return found

    def write(self, folder: str | Path, link: bool = False) -> Path:
        """Write ``study.yml`` and copies of the files into a folder; `link` refers to the files where they are.

        A study that somebody wrote or changed is left as it is: `CxvalueError`. One with an ASK of ours is written again.
        """
        target = Path(folder) / "study.yml"
        name = Path(folder).resolve().name
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            refused = translate("{name!r} cannot be a study's name. Allowed: letters, digits, '-' and '_'.", name=name)
            raise CxvalueError(refused)
        if target.exists():
            text = target.read_text(encoding="utf-8")
            if not is_ours(text) or not re.search(r"\bASK\b(?! stands)", text.split("\n\n", 1)[-1]):
                there = translate("{file} exists already and was left as it is. Give another folder.", file=target)
                raise CxvalueError(there)
        paths: dict[str, list[str]] = {}
        copies: dict[Path, Path] = {}
        for draft in self.understanding.drafts:
            paths[draft.table] = []
            for path in draft.export.paths:
                inside = path.resolve().parent == Path(folder).resolve()
                copies |= {} if link or inside else {path: Path(folder) / path.name}
                shown = path.name if not link or inside else os.path.relpath(path.resolve(), Path(folder).resolve())
                paths[draft.table].append(shown)
        for path, copied in copies.items():
            if copied.exists() and not filecmp.cmp(path, copied, shallow=False):
                there = translate(
                    "{file} exists already and contains something else. Give another folder.", file=copied
                )
                raise CxvalueError(there)
        text = study_text(self.understanding, name, paths)
        Path(folder).mkdir(parents=True, exist_ok=True)
        for path, copied in copies.items():
            if not copied.exists():
                shutil.copyfile(path, copied)
        target.write_text(text, encoding="utf-8")
        return target

    def __str__(self) -> str:
        return "\n".join(lines_of(self.understanding))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return html_of(self.understanding)


def recognise(source: Any) -> Recognised:
    """Say what a file holds, which system wrote it, and what has to be asked.

    `source` is a path, a list of paths, or a pandas, polars or arrow table. Raises `BadInput` for what cannot be a study,
    with what to export instead.
    """
    if isinstance(source, str | Path):
        return Recognised(open_files_of([Path(source)]))
    if isinstance(source, Sequence) and source and all(isinstance(one, str | Path) for one in source):
        return Recognised(open_files_of([Path(one) for one in source]))
    table = arrow_of(source, "recognise")
    if table is None:
        found = translate("{kind} is not a table.", kind=type(source).__name__)
        raise BadInput.at("recognise", found, translate("Give a path, or a pandas, polars or arrow table."))
    from pyarrow import parquet

    held = tempfile.TemporaryDirectory(prefix="cxvalue-frame-")
    path = Path(held.name) / "table.parquet"
    parquet.write_table(table, path)
    opened = open_files_of([path])
    return Recognised(Understanding(opened.drafts, kept=(opened.kept, held), left=opened.left))
