"""Who is under contract, and what the contracts will still be worth (notebook 20 for customers with a contract)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.answers.customer_answers import lost_and_won
from cxvalue.findings.numbers import format_value
from cxvalue.questions.contracts import contract_base, contract_history, contract_value, endings, renewals, tables
from cxvalue.questions.contracts.display import following_display, note, scores_display, scores_table
from cxvalue.questions.contracts.findings import clock_words, contract_base_findings, renewal_findings
from cxvalue.questions.lifetime_value import tracking
from cxvalue.questions.lifetime_value.display import models_display

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.questions.customers.audit import Waterfall


class Contractual(Asked):
    """What both notebooks about contracts ask."""

    @property
    def contracts(self) -> contract_base.Contracts:
        """The contracts, and the relations that they make."""
        return self.opened.contracts

    @property
    def fit(self) -> renewals.RenewalFit:
        """The model that knows the age of a contract only."""
        return self.opened.renewals

    @cached_property
    def forecast(self) -> endings.ContractChurn:
        """Who ends within 12 months, by the model that was better on the past."""
        return endings.contract_churn(
            self.fit,
            self.contracts,
            self.opened.driver_tables,
            self.opened.engine,
            gross_margin=self.settings.gross_margin,
            missing=renewals.missing_margin(self.contracts, self.settings.gross_margin),
            suppress_below=self.settings.report.suppress_below,
            leaving=self.opened.past_renewals.leaving,
            level=self.level,
        )


class ContractAnswers(Contractual):
    """Who is under contract, and what the contracts will still be worth."""

    @cached_property
    def bridge(self) -> Waterfall | None:
        """From the customers under contract a year ago to those of today; None where the history is too short."""
        return contract_base.base_waterfall(self.contracts, margin=self.settings.gross_margin)

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The share of customers still here by age."""
        return contract_history.survival_table(self.contracts, level=self.level)

    @cached_property
    def value(self) -> contract_value.RenewalValue:
        """What each customer is still worth, and all of them."""
        return contract_value.renewal_value(
            self.fit,
            self.contracts,
            self.forecast,
            horizon_months=self.settings.horizon_months,
            annual_discount_rate=self.settings.annual_discount_rate,
            gross_margin=self.settings.gross_margin,
            before=self.opened.past_renewals.margin,
            leaving=self.opened.past_renewals.leaving,
            level=self.level,
        )

    @question
    def today(self, answer: Answer) -> None:
        """Where do we stand, and how do contracts follow one another?"""
        if self.contracts.users:
            answer.say(note("users", rows=self.contracts.users))
        answer.say(self.forecast.why)
        answer.find(contract_base_findings(self.contracts, self.bridge, currency=self.currency))
        following = contract_history.following_table(self.contracts)
        answer.tables["contracts_following.csv"] = following
        answer.show(following_display(following))
        monthly = contract_history.monthly_contracts(self.contracts)
        answer.draw(figures.contract_flow(monthly[monthly["complete"]]))

    @question
    def lost_and_won(self, answer: Answer) -> None:
        """How do last year's customers become today's?"""
        lost_and_won(answer, self.bridge, self.currency, note, "left_again", figures.caption("contract_bridge"))

    @question
    def survival(self, answer: Answer) -> None:
        """How long do customers stay?"""
        months = self.settings.horizon_months
        answer.tables["survival.csv"] = self.curve
        drawn = figures.contract_survival(self.curve, self.fit.full, horizon_months=months)
        answer.draw(drawn, "contract_survival", figures.caption("contract_survival"))

    @question
    def plans(self, answer: Answer) -> None:
        """Do plans differ?"""
        by_plan = self.curve.iloc[:0]
        if "plan" in self.contracts.relations.columns:
            fewest = self.settings.report.suppress_below
            by_plan = contract_history.survival_table(self.contracts, segment="plan", level=self.level, fewest=fewest)
            answer.draw(figures.contract_survival(by_plan))
        else:
            answer.say(note("no_plan"))
        answer.tables["survival_by_plan.csv"] = by_plan

    @question
    def models(self, answer: Answer) -> None:
        """Which model forecasts, and what would each have said?"""
        fit, forecast = self.fit, self.forecast
        table = renewals.renewal_models_table(fit, self.level, selected=not forecast.forecasts_by_hazard)
        answer.tables["models.csv"] = table
        answer.tables["holdout.csv"] = tables.renewal_holdout_table(fit, forecast)
        answer.show(models_display(table))
        answer.say(note("left_out", relations=fit.left_out))
        if not forecast.scores:
            answer.say(note("no_holdout"))
        else:
            answer.show(scores_display(scores_table(forecast.scores, forecast.model)))
        answer.say(fit.full.reason, clock_words(fit))

    @question
    def still_to_come(self, answer: Answer) -> None:
        """What are the contracts still worth, and would earlier forecasts have been right?"""
        value, money = self.value, self.currency
        level, customers = self.level, len(self.contracts.customers)
        answer.find(renewal_findings(value, self.fit, self.forecast, customers=customers, currency=money, level=level))
        if value.equity is not None:
            today = self.opened.as_of
            drawn = figures.forecast_record(value.record, value.equity, today, currency=money, level=level)
            answer.draw(drawn, "forecast_record", figures.caption("forecast_record"))
        if value.record is not None:
            answer.tables["past_forecasts.csv"] = value.record.table()

    @question
    def where_it_sits(self, answer: Answer) -> None:
        """How few customers carry the value still to come?"""
        value = self.value
        customers = tables.renewal_customers_table(value, self.contracts)
        answer.tables["customers.parquet"] = customers
        if value.missing:
            answer.say(value.missing)
        else:
            caption = figures.caption("future_value", horizon=format_value(self.settings.horizon_months, "months"))
            worth = customers["cltv"].to_numpy()
            drawn = figures.equity_by_decile(worth, self.currency)
            answer.tables["future_value_deciles.csv"] = tracking.concentration_table(worth)
            answer.draw(drawn, "future_value", caption)
