"""Which customers without a contract will not buy again (notebook 30)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.finding import opening
from cxvalue.findings.numbers import format_date
from cxvalue.questions.churn import churn, early_warning, past_churn
from cxvalue.questions.churn.display import (
    bands_display,
    calibration_display,
    note,
    reasons_display,
    segments_display,
    span_words,
    warnings_display,
)
from cxvalue.questions.churn.findings import churn_findings
from cxvalue.tables.labels import segments_of

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.questions.churn.losses import Losses


def draw_bands(
    answer: Answer,
    bands: pd.DataFrame,
    found: Losses | None,
    currency: str,
    caption: tuple[str, str],
    *,
    contractual: bool = False,
) -> None:
    """Draw members and margin by how likely they are to leave; not where there is no second band to compare with."""
    if (bands["members"] > 0).sum() > 1:
        drawn = figures.churn_bands(bands, currency, found.expected if found else None, contractual=contractual)
        answer.draw(drawn, "churn_bands", caption)


class ChurnAnswers(Asked):
    """Which customers without a contract will not buy again."""

    @cached_property
    def forecast(self) -> churn.Churn:
        """Of each active customer: how likely no purchase is within 12 months, and what they bring now."""
        found = churn.study_churn(
            self.opened.cltv,
            self.opened.base,
            self.states,
            self.purchases,
            dormancy_days=self.settings.dormancy.days,
            observed_from=self.opened.observed_from,
            level=self.level,
            log=self.opened.log,
        )
        if found.active.customer_id is not None:
            return found
        # The active alone are called by name.
        names = self.opened.ids().take(pa.array(found.places)).to_numpy()
        return replace(found, active=replace(found.active, customer_id=names))

    @cached_property
    def past(self) -> past_churn.Backtest | None:
        """What would have been said before the part held back, and what came; None without such a part."""
        days, then = self.settings.dormancy.days, self.opened.then
        return past_churn.backtest(self.opened.cltv, self.purchases, dormancy_days=days, level=self.level, then=then)

    @question
    def at_risk(self, answer: Answer) -> None:
        """Who is about to leave, and what is at risk?"""
        answer.find(churn_findings(self.forecast, self.past, currency=self.currency))

    @question
    def bands(self, answer: Answer) -> None:
        """Where is it?"""
        if self._withheld(answer):
            return
        bands = self.forecast.bands(self.settings.report.suppress_below)
        answer.tables["churn_bands.csv"] = bands
        answer.show(bands_display(bands, self.currency))
        draw_bands(answer, bands, self.forecast.losses, self.currency, figures.caption("churn_bands"))

    @question
    def last_warning(self, answer: Answer) -> None:
        """Did the last warning come true?"""
        past = self.past
        if past is None:
            answer.say(note("no_comparison"))
            return
        tenths = past.calibration(self.level)
        answer.tables["churn_calibration.csv"] = tenths
        answer.say(note("asked", customers=past.customers, start=format_date(past.start), end=format_date(past.end)))
        answer.say(note("away", predicted=past.probabilities.sum(), actual=int(past.stayed_away.sum())))
        answer.say(note("scores", auc=past.auc, brier=past.brier, known=past.brier_of_rate))
        answer.show(calibration_display(tenths))
        drawn = figures.churn_calibration(tenths, span_words(past.start, past.end))
        answer.draw(drawn, "churn_calibration", figures.caption("churn_calibration"))

    @question
    def segments(self, answer: Answer) -> None:
        """Where do customers differ?"""
        customers = self.opened.table_or_none("customers")
        named = self.forecast.active.customer_id
        if customers is None or named is None or self.forecast.withheld:
            answer.say(note("no_customers"))
            return
        table = churn.segment_table(
            self.forecast,
            segments_of(customers, named),
            level=self.level,
            suppress_below=self.settings.report.suppress_below,
            elsewhere=self.opened.small_groups,
            everyone=churn.labels_elsewhere(customers, self.settings.cltv.covariates, self.states),
            before=self.opened.history.shown("churn_segments.csv", self.opened.as_of),
        )
        if table.empty:
            answer.say(note("no_segments"))
        else:
            answer.tables["churn_segments.csv"] = table
            answer.show(segments_display(table, self.currency))
            answer.draw(figures.churn_segments(table))

    @question
    def whom_to_reach(self, answer: Answer) -> None:
        """Whom to reach first?"""
        if self._withheld(answer):
            return
        interactions = self.opened.table_or_none("interactions")
        model, log = self.opened.cltv.model, self.opened.log
        warnings = early_warning.early_warning(self.forecast, model, self.purchases, interactions, log)
        reasons = early_warning.reason_table(warnings, suppress_below=self.settings.report.suppress_below)
        answer.tables["churn_reasons.csv"], answer.private["early_warning.csv"] = reasons, warnings
        answer.show(reasons_display(reasons, self.currency), warnings_display(warnings, self.currency))

    def _withheld(self, answer: Answer) -> bool:
        """Say why nothing is forecast, where it is so."""
        answer.say(*[opening("withheld") + self.forecast.withheld] if self.forecast.withheld else [])
        return bool(self.forecast.withheld)
