"""What the programmes of a study changed (notebook 70)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.numbers import format_month
from cxvalue.questions.programmes import declared_case
from cxvalue.questions.programmes.display import (
    alternatives_display,
    base_sentence,
    checks_display,
    checks_table,
    event_table,
    sensitivity_display,
    sensitivity_table,
    stack,
)
from cxvalue.questions.programmes.effect_findings import effect_findings, title_of
from cxvalue.questions.programmes.realisation_findings import (
    comparisons,
    promise_table,
    realisation_finding,
    realisation_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxvalue.effects.effect import Effect
    from cxvalue.money import Case
    from cxvalue.questions.programmes.measure import ProgrammeFit


class ProgrammeAnswers(Asked):
    """What the programmes of a study changed."""

    @cached_property
    def fits(self) -> tuple[ProgrammeFit, ...]:
        """The effects of the declared programmes, as measured."""
        return self.opened.programmes

    @cached_property
    def cases(self) -> Mapping[str, Case | None]:
        """The business case of each programme by its name; None where the study file puts no money to it."""
        declared = zip(self.fits, self.settings.programmes, strict=True)
        return {fit.name: declared_case.case_of(fit, one, self.settings) for fit, one in declared}

    @question
    def effects(self, answer: Answer) -> None:
        """What did each programme change?"""
        answer.find(
            finding
            for fit in self.fits
            for finding in effect_findings(fit, self.cases[fit.name], currency=self.currency)
        )

    @question
    def months(self, answer: Answer) -> None:
        """How did the effect build up, month by month, and was there any before the start?"""
        for fit in self.fits:
            unit, title = self._unit_of(fit.effect), title_of(fit.name)
            answer.head(title, below=f"{fit.chosen} {fit.effect.explanation}")
            caption = figures.caption("programme_effect", title=title)
            answer.draw(figures.event_study(fit.effect, unit), f"programme_{fit.name}_effect", caption)
            answer.say(base_sentence(fit.effect, unit))
        answer.tables["programme_effects.csv"] = stack([event_table(fit.effect, fit.name) for fit in self.fits])

    @question
    def checks(self, answer: Answer) -> None:
        """Did the design pass its checks, and how far could the units have drifted apart?"""
        drifts = []
        for fit in self.fits:
            answer.head(title_of(fit.name), grade=fit.effect.grade)
            answer.show(checks_display(fit.effect))
            answer.say(*fit.effect.notes)
            drifts.append(sensitivity_table(fit.effect, fit.name))
            if len(drifts[-1]):
                answer.show(sensitivity_display(fit.effect, self._unit_of(fit.effect)))
        answer.tables["programme_checks.csv"] = stack([checks_table(fit.effect, fit.name) for fit in self.fits])
        answer.tables["sensitivity.csv"] = stack(drifts)

    @question
    def other_ways(self, answer: Answer) -> None:
        """What would other reasonable ways have said?"""
        for fit in self.fits:
            answer.head(title_of(fit.name))
            answer.show(alternatives_display(fit.effect, self._unit_of(fit.effect)))

    @question
    def promises(self, answer: Answer) -> None:
        """Did each programme bring what was promised?"""
        kept, promised = [], []
        for fit, declared in zip(self.fits, self.settings.programmes, strict=True):
            case = self.cases[fit.name]
            criterion = declared_case.criterion_hash(declared)
            said = self.opened.history.promise(fit.name, criterion, before=fit.effect.last_month)
            compared = comparisons(fit, case, said.months if said else (), said.as_of if said else None)
            told = realisation_finding(fit, compared, currency=self.currency)
            answer.findings.append(told)
            answer.head(title_of(fit.name), below=told.text)
            kept.append(realisation_table(compared, fit.name))
            if case:
                promised.append(promise_table(fit, declared, case))
            if compared:
                month = format_month(compared[0].as_of)
                caption = figures.caption("programme_promise", title=title_of(fit.name), month=month)
                drawn = figures.promise_kept(compared[0], self.currency)
                answer.draw(drawn, f"programme_{fit.name}_promise", caption)
        answer.tables["realisation.csv"], answer.tables["programme_promise.csv"] = stack(kept), stack(promised)

    def _unit_of(self, effect: Effect) -> str:
        return self.currency if effect.outcome in ("margin", "revenue") else effect.outcome
