"""Which contracts are about to end, and what goes with it (notebook 30 for customers with a contract)."""

from __future__ import annotations

from functools import cached_property

from cxvalue import figures
from cxvalue.answers.answer import Answer, question
from cxvalue.answers.churn_answers import draw_bands
from cxvalue.answers.contract_answers import Contractual
from cxvalue.questions.churn import early_warning
from cxvalue.questions.churn.display import reasons_display, span_words
from cxvalue.questions.contracts import accounts, contract_warning, drivers
from cxvalue.questions.contracts.display import (
    account_bands_display,
    calibration_display,
    ending_bands_display,
    note,
    ratios_display,
    scores_display,
    scores_table,
    warnings_display,
)
from cxvalue.questions.contracts.ending_findings import account_findings, contract_churn_findings, driver_findings


class EndingAnswers(Contractual):
    """Which contracts are about to end, and what goes with it."""

    @question
    def at_risk(self, answer: Answer) -> None:
        """Which contracts are about to end, and what is at risk?"""
        answer.say(self.forecast.why)
        answer.find(contract_churn_findings(self.forecast, currency=self.currency))

    @question
    def bands(self, answer: Answer) -> None:
        """Where is it?"""
        bands = self.forecast.bands(self.settings.report.suppress_below)
        answer.tables["churn_bands.csv"] = bands
        answer.show(ending_bands_display(bands, self.currency))
        caption = figures.caption("churn_bands_of_contracts")
        draw_bands(answer, bands, self.forecast.losses, self.currency, caption, contractual=True)

    @question
    def last_warning(self, answer: Answer) -> None:
        """Did the last warning come true?"""
        past = self.forecast.backtest
        if past is None:
            answer.say(note("no_comparison"))
            return
        scores, tenths = scores_table(self.forecast.scores, self.forecast.model), past.calibration(self.level)
        answer.tables |= {"contract_scores.csv": scores, "churn_calibration.csv": tenths}
        answer.show(scores_display(scores), calibration_display(tenths))
        drawn = figures.churn_calibration(tenths, span_words(past.start, past.end), contractual=True)
        answer.draw(drawn, "churn_calibration", figures.caption("churn_calibration_of_contracts"))

    @question
    def what_goes_with_it(self, answer: Answer) -> None:
        """What goes with the end of a contract?"""
        hazard = self.forecast.hazard
        answer.findings += driver_findings(self.forecast, level=self.level)
        if hazard is None:
            answer.say(note("no_hazard", reason=self.forecast.no_hazard))
            return
        model = hazard.model
        ratios = model.ratios(self.level)
        answer.tables["hazard_ratios.csv"] = ratios
        answer.say(note("hazard", months=model.months, ends=model.ends, accounts=model.clusters))
        answer.show(ratios_display(ratios))
        answer.draw(figures.hazard_ratios(ratios), "hazard_ratios", figures.caption("hazard_ratios"))

    @question
    def account_renewals(self, answer: Answer) -> None:
        """Do accounts whose users are satisfied renew more often?"""
        renewed = self.renewed
        answer.find(account_findings(renewed, currency=self.currency, level=self.level))
        if renewed is None or renewed.gap is None:
            return
        answer.tables["account_renewals.csv"] = renewed.bands
        answer.show(account_bands_display(renewed.bands, self.currency))
        drawn = figures.renewal_by_satisfaction(renewed.bands)
        answer.draw(drawn, "account_renewals", figures.caption("account_renewals"))
        if renewed.slope is not None:
            slope, low, high = (100 * part for part in renewed.slope)
            answer.say(note("slope", metric=renewed.metric, slope=slope, low=low, high=high))

    @question
    def whom_to_reach(self, answer: Answer) -> None:
        """Whom to reach first?"""
        warnings = contract_warning.contract_warning(self.forecast, self.contracts, self.opened.driver_tables)
        fewest = self.settings.report.suppress_below
        reasons = early_warning.reason_table(warnings, contract_warning.CONTRACT_REASONS, suppress_below=fewest)
        answer.tables["churn_reasons.csv"], answer.private["early_warning.csv"] = reasons, warnings
        answer.show(reasons_display(reasons, self.currency), warnings_display(warnings, self.currency))

    @cached_property
    def renewed(self) -> accounts.AccountRenewals | None:
        """Accounts by how satisfied their users are, and whether they renewed; None where nobody was asked."""
        return accounts.account_renewals(
            self.contracts,
            drivers.scores_of(self.opened.driver_tables, self.opened.as_of),
            gross_margin=self.settings.gross_margin,
            suppress_below=self.settings.report.suppress_below,
            level=self.level,
        )
