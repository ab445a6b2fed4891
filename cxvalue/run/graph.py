"""Which of the notebooks a study can have, and in which order they run.

`plan` is a pure function of the study, the tables it has and what was asked for; it starts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import BadInput, CxvalueError, Problem, meant, one_of
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.workspace.notebooks import NOTEBOOKS, NotebookSpec, declared_in

if TYPE_CHECKING:
    from cxvalue.study import StudyFile


NOT_ASKED = "not asked for (--only)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: the notebooks in order, and for those left out the reason in plain words."""

    run: tuple[NotebookSpec, ...]
    not_run: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False


def plan(
    study: StudyFile,
    tables: Collection[str],
    only: Sequence[str] = (),
    notebooks: Sequence[NotebookSpec] = NOTEBOOKS,
    unavailable: Mapping[str, str] | None = None,
) -> Plan:
    """Choose the notebooks that a study can have; `only` names some of them, and what those depend on comes along.

    `unavailable` gives reasons, found while preparing, why this study cannot have a notebook. Raises
    `CxvalueError` for an unknown name, and `BadInput` when a notebook that was asked for, or every notebook, lacks
    something that the study does not have.
    """
    specs = {spec.name: spec for spec in notebooks}
    asked = asked_for(study, only, notebooks)
    declared = declared_in(study)
    obstacles: dict[str, str] = {}
    for spec in notebooks:
        reason = spec.obstacle(study.contract, tables, declared) or (unavailable or {}).get(spec.name, "").rstrip(".")
        for other in spec.company:
            if not reason and other in obstacles:
                reason = translate("needs {other}, which cannot run: {reason}", other=other, reason=obstacles[other])
        if reason:
            obstacles[spec.name] = reason
    refused = [name for name in specs if name in asked & obstacles.keys()]
    if refused or len(obstacles) == len(specs):
        raise BadInput(
            Problem(name, translate("cannot run: {reason}.", reason=obstacles[name])) for name in refused or obstacles
        )
    wanted = _with_dependencies(asked, specs) if asked else set(specs)
    not_run = {name: reason for name, reason in obstacles.items() if name in wanted or not asked}
    if study.contract == "noncontractual":  # nobody without contracts looks for the notebook about them
        not_run = {name: reason for name, reason in not_run.items() if specs[name].contract != "contractual"}
    for name in specs:
        if name not in wanted and specs[name].contract in (None, study.contract):
            not_run[name] = NOT_ASKED
    chosen = tuple(spec for spec in notebooks if spec.name in wanted and spec.name not in obstacles)
    return Plan(chosen, dict(sorted(not_run.items())), partial=bool(asked))


def asked_for(study: StudyFile, only: Sequence[str], notebooks: Sequence[NotebookSpec] = NOTEBOOKS) -> set[str]:
    """The full names of the notebooks that ``--only`` names for a study; raises `CxvalueError` for an unknown one."""
    # Two notebooks may share a number; it means the one for this study's kind of customers.
    fitting = sorted(notebooks, key=lambda spec: spec.contract not in (None, study.contract))
    return {resolve(word, fitting) for word in only}


def resolve(word: str, notebooks: Sequence[NotebookSpec]) -> str:
    """Turn '20', '20_cltv' or 'cltv' into the notebook's full name.

    >>> resolve("cltv", NOTEBOOKS)
    '20_cltv'
    """
    names = [spec.name for spec in notebooks]
    bare = word.removesuffix(".ipynb")
    for name in names:
        if bare in _short_names(name):
            return name
    spellings = [spelling for name in names for spelling in _short_names(name)]
    found = translate("--only {word}: there is no such notebook.", word=word)
    raise CxvalueError(closed_up(f"{found} {meant(bare, spellings) or one_of(names)}"))


def _short_names(name: str) -> tuple[str, str, str]:
    number, _, topic = name.partition("_")
    return name, number, topic


def _with_dependencies(asked: Collection[str], specs: Mapping[str, NotebookSpec]) -> set[str]:
    wanted: set[str] = set()
    waiting = list(asked)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(specs[name].company)
    return wanted
