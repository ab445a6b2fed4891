"""What a better experience is worth, and how well complaints are answered (notebook 60)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.display import sentences
from cxvalue.language.catalogue import translate
from cxvalue.questions import drivers, journey, levels, response
from cxvalue.questions.experience.answers import answered, main_metric, point_in_words
from cxvalue.questions.journey.findings import (
    NEEDS_STEPS,
    channel_findings,
    match_findings,
    step_findings,
    suppressed_finding,
)
from cxvalue.questions.levels.display import levels_display, levels_table, moves_display, moves_table
from cxvalue.questions.levels.findings import NEEDS as NEEDS_LEVELS
from cxvalue.questions.levels.findings import habituation_findings, level_findings
from cxvalue.questions.response.display import open_table, recovery_display
from cxvalue.questions.response.findings import NEEDS as NEEDS_COMPLAINTS
from cxvalue.questions.response.findings import response_findings

if TYPE_CHECKING:
    import ibis.expr.types as ir


class Surveyed(Asked):
    """What the notebooks about experience share: who was asked, what they said, what happened to them.

    No customer is named in them, so that numbers stand for them where there are many.
    """

    @property
    def purchases(self) -> ir.Table:
        """A row for each customer and day with a purchase."""
        return self.numbered_purchases

    @property
    def surveys(self) -> ir.Table | None:
        """Answers of the surveys; None where the study has none."""
        return self.opened.numbered("surveys")

    @property
    def polled(self) -> ir.Table:
        """Answers of the surveys; raises `CxvalueError` where the study has none."""
        surveys = self.surveys
        return self.opened.table("surveys") if surveys is None else surveys

    @property
    def interactions(self) -> ir.Table | None:
        """Contacts of customers with the company; None where the study has none."""
        return self.opened.numbered("interactions")

    @property
    def customers(self) -> ir.Table | None:
        """What is known of each customer; None where the study has no such table."""
        return self.opened.numbered("customers")

    @cached_property
    def main(self) -> str:
        """The metric that stands for the whole experience; empty where customers were not asked for one."""
        return "" if self.surveys is None else main_metric(self.surveys, self.settings.metrics) or ""

    @property
    def a_point(self) -> str:
        """What a point of the main score is, in words, where that is not plain."""
        return point_in_words([self.main], self.settings.metrics)

    @cached_property
    def answers(self) -> ir.Table:
        """Every answer as points of its scale."""
        return answered(self.polled, self.settings.metrics)

    @cached_property
    def link(self) -> drivers.ScoreLink | None:
        """What goes along with a point of the score in margin; None where the data cannot tell."""
        rows = drivers.link_rows(
            self.answers,
            self.purchases,
            self.customers,
            main=self.main,
            observed_from=self.opened.observed_from,
            as_of=self.opened.as_of,
        )
        found = None if rows is None else drivers.fit_link(rows, level=self.level)
        # Whom chance puts together hangs on the ids, not on their numbers.
        return None if found is None else replace(found, ids=self.opened.ids_of(found.ids))


class ExperienceAnswers(Surveyed):
    """What a better experience is worth, and how well complaints are answered."""

    @cached_property
    def rows(self) -> levels.CustomerQuarters | None:
        """The level of each customer in each quarter; None where the tables cannot tell."""
        return levels.classify(
            self.purchases,
            surveys=self.surveys,
            interactions=self.interactions,
            customers=self.customers,
            metrics=self.settings.metrics,
            rules=self.settings.experience,
            observed_from=self.opened.observed_from,
            as_of=self.opened.as_of,
            dormancy_days=self.settings.dormancy.days,
        )

    @cached_property
    def worth(self) -> tuple[levels.LevelWorth, int] | None:
        """What goes with each level, small cells withheld, and how many of them; None where the tables cannot tell."""
        if self.rows is None:
            return None
        of_all = levels.shares_of_all(
            self.rows,
            self.surveys,
            self.purchases,
            interactions=self.interactions,
            customers=self.customers,
            metric=self.main or None,
            metrics=self.settings.metrics,
            level=self.level,
        )
        cltv = levels.values_of(self.rows, self.opened.handed("20_cltv", "customers.parquet", numbered=True))
        found = levels.level_worth(self.rows, level=self.level, cltv=cltv, of_all=of_all)
        return levels.hide_small(found, self.settings.report.suppress_below)

    @question
    def levels(self, answer: Answer) -> None:
        """How many customers are at each level, and what goes with it?"""
        if self.rows is None or self.worth is None:
            answer.say(translate(NEEDS_LEVELS))
            return
        worth, _ = self.worth
        answer.findings += level_findings(worth, self.rows, currency=self.currency, level=self.level)
        answer.show(levels_display(worth, self.currency))
        answer.show(sentences([one for one in answer.findings if ".transition." not in one.id]))

    @question
    def moves(self, answer: Answer) -> None:
        """Where are customers of each level a quarter later?"""
        if self.worth is not None:
            worth, _ = self.worth
            moves = moves_table(worth)
            answer.tables |= {"experience_levels.csv": levels_table(worth), "experience_transitions.csv": moves}
            answer.show(moves_display(worth))
            if (moves["share"] > 0).where(moves["to"] != "unknown", False).any():
                answer.draw(figures.level_moves(moves), "experience_levels", figures.caption("experience_levels"))

    @question
    def habituation(self, answer: Answer) -> None:
        """Does the same experience wear off?"""
        fits = levels.habituation_of(
            self.interactions,
            self.opened.numbered("contacts"),
            self.purchases,
            controls=[one.control for one in self.settings.campaigns],
            observed_from=self.opened.observed_from,
            as_of=self.opened.as_of,
            level=self.level,
        )
        if fits:
            answer.find(habituation_findings(fits, currency=self.currency, level=self.level))
        else:
            answer.say(
                translate(
                    "Left out: no touchpoint of the interactions and no campaign of the contacts was met twice by 50 "
                    "customers."
                )
            )

    @question
    def complaints(self, answer: Answer) -> None:
        """What is a fast answer to a complaint worth?"""
        opened, rules = self.opened, self.settings.experience
        found = response.complaints_of(self.interactions, observed_from=opened.observed_from, as_of=opened.as_of)
        if found is None:
            answer.say(translate(NEEDS_COMPLAINTS))
            return
        speed = response.answer_speed(found, rules.target_days, level=self.level)
        index = response.index_complaints(found, self.purchases, rules)
        recovery = None if index is None else response.fit_recovery(index, level=self.level)
        by, money = found.answered_by, self.currency
        answer.find(response_findings(speed, recovery, rules, answered_by=by, currency=money, level=self.level))
        if recovery is not None:
            answer.show(recovery_display(recovery, money))
        if speed is not None:
            waiting = open_table(speed, self.level)
            answer.tables["complaints_open.csv"] = waiting
            drawn = figures.open_complaints(waiting, rules.target_days)
            answer.draw(drawn, "complaints_open", figures.caption("complaints_open"))

    @question
    def journey(self, answer: Answer) -> None:
        """Does the whole picture hold together?"""
        rules, least = self.settings.experience, self.settings.report.suppress_below
        steps: tuple[journey.Step, ...] = ()
        told = self.interactions
        if told is not None and "touchpoint" in told.columns and len(rules.journey) > 1:
            steps = journey.steps_of(told, rules.journey, as_of=self.opened.as_of, level=self.level)
        if not steps:
            answer.say(translate(NEEDS_STEPS))
        found, hidden = step_findings(steps, least=least, level=self.level)
        if (known := self.opened.table_or_none("customers")) is not None:
            found += match_findings(journey.match_rates(known, self.opened.table_or_none))
        if self.main:
            gaps = journey.channel_gaps(self.answers, self.main, level=self.level)
            found += channel_findings(gaps, main=self.main, level=self.level, a_point=self.a_point)
        withheld = hidden + (self.worth[1] if self.worth else 0)
        answer.find([*found, suppressed_finding(withheld, least)])
