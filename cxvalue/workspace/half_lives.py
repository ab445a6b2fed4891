"""Half-lives of a programme from a finding, ``persistence: {finding: experience.habituation.NAME.half_life_months}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.questions.experience.names import id_parts
from cxvalue.questions.levels import habituation_of
from cxvalue.study.money import Persistence

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import StudyFile


def measured_half_lives(
    study: StudyFile, table: Callable[[str], ir.Table | None], *, as_of: date, observed_from: date
) -> dict[str, float]:
    """The months of each half-life that a programme of the study refers to; nothing is measured where none does.

    Raises `BadInput` for one that the tables do not give, with the nearest that they do.
    """
    asked = {
        programme.name: programme.case.persistence.finding
        for programme in study.programmes
        if programme.case.persistence.finding is not None
    }
    if not asked:
        return {}
    purchases = table("purchases")
    fits = {}
    if purchases is not None:
        fits = habituation_of(
            table("interactions"),
            table("contacts"),
            purchases,
            controls=[one.control for one in study.campaigns],
            observed_from=observed_from,
            as_of=as_of,
            level=study.level,
        )
    parts = id_parts(fits)
    found = {
        f"experience.habituation.{parts[name]}.half_life_months": fit.half_life_months.value
        for name, fit in fits.items()
        if fit is not None and fit.shown and fit.half_life_months is not None
    }
    problems = [
        Problem(
            f"programmes.{name}.case.persistence.finding",
            translate("the tables give no {wanted!r}.", wanted=wanted),
            nearest(wanted, list(found))
            if found
            else translate("Write {example} or measured.", example="{half_life_months: 12}"),
        )
        for name, wanted in asked.items()
        if wanted not in found
    ]
    if problems:
        raise BadInput(problems)
    return {wanted: found[wanted] for wanted in set(asked.values())}


def with_half_lives(study: StudyFile, found: Mapping[str, float]) -> StudyFile:
    """The study with each reference to a finding replaced by its months."""
    programmes = []
    for programme in study.programmes:
        wanted = programme.case.persistence.finding
        if wanted is not None and wanted in found:
            months = Persistence(kind="half_life", half_life_months=found[wanted])
            programme = programme.model_copy(update={"case": programme.case.model_copy(update={"persistence": months})})
        programmes.append(programme)
    return study.model_copy(update={"programmes": tuple(programmes)}) if found else study
