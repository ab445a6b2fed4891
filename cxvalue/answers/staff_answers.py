"""What staff turnover costs in customers (notebook 63)."""

from __future__ import annotations

from functools import cached_property

from cxvalue.answers.answer import Answer, question
from cxvalue.answers.experience_answers import Surveyed
from cxvalue.language.catalogue import translate
from cxvalue.questions import staff
from cxvalue.questions.staff.display import lags_display, staff_table
from cxvalue.questions.staff.findings import (
    NEEDS_UNITS,
    link_of_staff_findings,
    replacement_finding,
    turnover_findings,
)


class StaffAnswers(Surveyed):
    """What staff turnover costs in customers."""

    @cached_property
    def people(self) -> staff.HeadCount | None:
        """Who was there, and who left, at each unit in each month; None where no whole month was observed."""
        employed, opened = self.opened.table("employees"), self.opened
        return staff.head_count_of(employed, observed_from=opened.observed_from, as_of=opened.as_of)

    @question
    def turnover(self, answer: Answer) -> None:
        """Who leaves, and how long do people stay?"""
        people = self.people
        if people is None:
            answer.say(translate("Left out: no full month was observed, or nobody was employed."))
            return
        months = self.settings.experience.replacement_months
        replaced = replacement_finding(people, months, currency=self.currency)
        found = turnover_findings(people, staff.turnover_of(people, level=self.level), level=self.level)
        answer.find([*found, *([] if replaced is None else [replaced])])

    @question
    def customers_follow(self, answer: Answer) -> None:
        """Do customers follow?"""
        people = self.people
        homes = staff.units_of_customers(self.customers, self.surveys, self.interactions)
        rows = None
        if people is not None and homes is not None:
            rows = staff.shop_months(self.purchases, homes, people, as_of=self.opened.as_of)
        link = None if rows is None else staff.fit_turnover_link(rows, level=self.level)
        if rows is None or link is None:
            answer.say(translate(NEEDS_UNITS))
            return
        answer.find(link_of_staff_findings(link, currency=self.currency, level=self.level))
        answer.show(lags_display(link))
        answer.tables["staff_units.csv"] = staff_table(
            rows,
            self.settings.report.suppress_below,
            elsewhere=self.opened.small_groups,
            before=self.opened.history.shown("staff_units.csv", self.opened.as_of, "unit").of("unit"),
        )
