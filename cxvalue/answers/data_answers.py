"""Whether the data of a study can carry the conclusions (notebook 00)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.questions.contracts import contract_history
from cxvalue.questions.customers import audit
from cxvalue.questions.data_check.display import (
    cautions_table,
    control_table,
    counts_display,
    counts_table,
    note,
    sources_table,
)
from cxvalue.questions.data_check.findings import data_findings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DataAnswers"]


class DataAnswers(Asked):
    """Whether the data of a study can carry the conclusions."""

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Every step from rows to purchases, every remark and every match between tables."""
        return counts_table(self.opened.tables)

    @property
    def bought(self) -> bool:
        """Whether the study has purchases; else it has contracts."""
        return "transactions" in self.opened.tables.paths

    @question
    def sources(self) -> Answer:
        """What was read?"""
        answer = Answer()
        answer.show(sources_table(self.opened.tables))
        answer.findings += data_findings(self.opened.tables, currency=self.currency)
        return answer

    @question
    def rows(self) -> Answer:
        """What was left out on the way from rows to purchases?"""
        answer, counts = Answer(), self.counts
        answer.show(counts_display(counts[~counts["kind"].isin(["note", "match"])], self.currency))
        answer.draw(
            figures.rows_bridge(counts[counts["table"] == ("transactions" if self.bought else "subscriptions")])
        )
        answer.tables["row_counts.csv"] = counts
        return answer

    @question
    def remarks(self) -> Answer:
        """What was kept but deserves a look?"""
        return self._of_kind("note", "no_cautions")

    @question
    def cautions(self) -> Answer:
        """What to look at first?"""
        answer = Answer()
        if self.opened.tables.cautions:
            answer.show(cautions_table(self.opened.tables))
        else:
            answer.say(note("nothing_found"))
        return answer

    @question
    def matches(self) -> Answer:
        """Do the tables know each other?"""
        return self._of_kind("match", "one_table")

    @question
    def control_totals(self) -> Answer:
        """Does the total agree with the ledger?"""
        answer = Answer()
        answer.show(control_table(self.opened.tables, self.currency))
        return answer

    @question
    def months(self) -> Answer:
        """How much was bought each month, or how many contracts began and ended?"""
        answer = Answer()
        if self.bought:
            monthly = audit.monthly_activity(self.purchases, as_of=self.opened.as_of)
            answer.draw(figures.monthly_purchases(monthly[monthly["complete"]], self.currency))
        else:
            monthly = contract_history.monthly_contracts(self.opened.contracts)
            answer.draw(figures.contract_flow(monthly[monthly["complete"]]))
        answer.tables["monthly.csv"] = monthly
        return answer

    def _of_kind(self, kind: str, none: str) -> Answer:
        answer, found = Answer(), self.counts[self.counts["kind"] == kind]
        if found.empty:
            answer.say(note(none))
        else:
            answer.show(counts_display(found, self.currency))
        return answer
