"""What drives the score, what goes along with a point of it, and where money should go (notebook 61)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from cxvalue import figures
from cxvalue.answers.answer import Answer, question
from cxvalue.answers.experience_answers import Surveyed
from cxvalue.language.catalogue import translate
from cxvalue.questions import choice, drivers
from cxvalue.questions.choice.display import choice_display, choice_table, curve_table
from cxvalue.questions.choice.findings import NEEDS as NEEDS_BUDGET
from cxvalue.questions.choice.findings import choice_findings, no_choice_finding
from cxvalue.questions.drivers.display import drivers_display, drivers_table, kpi_display
from cxvalue.questions.drivers.findings import (
    NEEDS_DEPARTMENT,
    NEEDS_DRIVERS,
    driver_findings,
    kpi_findings,
    left_out_link,
    link_findings,
)
from cxvalue.questions.experience.answers import point_in_words


class DriverAnswers(Surveyed):
    """What drives the score, what goes along with a point of it, and where money should go."""

    @cached_property
    def importance(self) -> drivers.Importance | None:
        """How much of the score each driver explains; None where too few answered both."""
        together = drivers.occasions_together(self.answers, self.main)
        if together is None:
            return None
        return drivers.fit_importance(replace(together, ids=self.opened.ids_of(together.ids)), level=self.level)

    @cached_property
    def items(self) -> choice.Items | None:
        """Touchpoints with a value and a price; None where the study names no budget or the data cannot tell."""
        settings = self.settings
        if (
            self.importance is None
            or self.link is None
            or not settings.touchpoints
            or settings.experience.budget is None
        ):
            return None
        return choice.items_of(
            settings.touchpoints,
            self.importance,
            self.link,
            self.polled,
            self.interactions,
            self.customers,
            exclude=settings.experience.exclude,
            suppress_below=settings.report.suppress_below,
            elsewhere=self.opened.small_groups,
            as_of=self.opened.as_of,
        )

    @question
    def drivers(self, answer: Answer) -> None:
        """What drives the score?"""
        importance = self.importance
        if importance is None:
            answer.say(translate(NEEDS_DRIVERS))
            return
        answer.show(drivers_display(importance))
        a_point = point_in_words(
            [self.main, *(name for members in importance.members for name in members)], self.settings.metrics
        )
        answer.find(driver_findings(importance, level=self.level, a_point=a_point))
        table = drivers_table(importance)
        answer.tables["drivers.csv"] = table
        answer.draw(figures.driver_map(table, self.main), "drivers", figures.caption("drivers"))

    @question
    def worth_of_a_point(self, answer: Answer) -> None:
        """What does one point of the score go along with?"""
        complained, told = None, self.interactions
        if told is not None and "complaint" in told.columns:
            complained = told.filter(told.complaint)
        steady = drivers.reliability_of(self.answers, complained, main=self.main, level=self.level)
        a_point, money = self.a_point, self.currency
        answer.find(link_findings(self.link, steady, main=self.main, currency=money, level=self.level, a_point=a_point))

    @question
    def kpi_tree(self, answer: Answer) -> None:
        """Who moves what, and who computes it?"""
        money, metrics, a_point = self.currency, self.settings.metrics, ""
        branches: tuple[drivers.Branch, ...] = ()
        if self.importance is None or self.link is None:
            answer.say(left_out_link())
        else:
            surveys, today = self.polled, self.opened.as_of
            touched = {
                name: drivers.touched_customers(name, surveys, self.interactions, as_of=today)
                for members in self.importance.members
                for name in members
            }
            branches = drivers.build_tree(self.importance, self.link, metrics, touched, level=self.level)
            a_point = point_in_words(touched, metrics)
            answer.say("" if branches else translate(NEEDS_DEPARTMENT))
        answer.show(kpi_display(branches, metrics, money))
        found = kpi_findings(branches, metrics, currency=money, level=self.level, a_point=a_point)
        answer.find(found)

    @question
    def best_choice(self, answer: Answer) -> None:
        """What, for whom, under this budget?"""
        items, budget = self.items, self.settings.experience.budget
        if items is None or budget is None:
            answer.say(translate(NEEDS_BUDGET))
            if self.link is None and self.settings.touchpoints and budget is not None:
                answer.find([no_choice_finding(self.currency)])
            return
        chosen = choice.choose_items(items, budget, level=self.level)
        answer.tables |= {
            "choice_items.csv": choice_table(chosen, items),
            "choice_budgets.csv": curve_table(chosen, items),
        }
        answer.show(choice_display(chosen, items, self.currency))
        answer.find(choice_findings(chosen, items, budget=budget, currency=self.currency, level=self.level))
