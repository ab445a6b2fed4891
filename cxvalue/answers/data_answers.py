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
    def sources(self, answer: Answer) -> None:
        """What was read?"""
        answer.show(sources_table(self.opened.tables))
        answer.findings += data_findings(self.opened.tables, currency=self.currency)

    @question
    def rows(self, answer: Answer) -> None:
        """What was left out on the way from rows to purchases?"""
        counts = self.counts
        answer.show(counts_display(counts[~counts["kind"].isin(["note", "match"])], self.currency))
        answer.draw(
            figures.rows_bridge(counts[counts["table"] == ("transactions" if self.bought else "subscriptions")])
        )
        answer.tables["row_counts.csv"] = counts

    @question
    def remarks(self, answer: Answer) -> None:
        """What was kept but deserves a look?"""
        self._of_kind(answer, "note", "no_cautions")

    @question
    def cautions(self, answer: Answer) -> None:
        """What to look at first?"""
        if self.opened.tables.cautions:
            answer.show(cautions_table(self.opened.tables))
        else:
            answer.say(note("nothing_found"))

    @question
    def matches(self, answer: Answer) -> None:
        """Do the tables know each other?"""
        self._of_kind(answer, "match", "one_table")

    @question
    def control_totals(self, answer: Answer) -> None:
        """Does the total agree with the ledger?"""
        answer.show(control_table(self.opened.tables, self.currency))

    @question
    def months(self, answer: Answer) -> None:
        """How much was bought each month, or how many contracts began and ended?"""
        if self.bought:
            monthly = audit.monthly_activity(self.purchases, as_of=self.opened.as_of)
            answer.draw(figures.monthly_purchases(monthly[monthly["complete"]], self.currency))
        else:
            monthly = contract_history.monthly_contracts(self.opened.contracts)
            answer.draw(figures.contract_flow(monthly[monthly["complete"]]))
        answer.tables["monthly.csv"] = monthly

    def _of_kind(self, answer: Answer, kind: str, none: str) -> None:
        found = self.counts[self.counts["kind"] == kind]
        if found.empty:
            answer.say(note(none))
        else:
            answer.show(counts_display(found, self.currency))
