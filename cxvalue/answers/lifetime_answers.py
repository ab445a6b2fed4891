"""What the customers will still be worth (notebook 20)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.display import sentences
from cxvalue.findings.finding import behind_a_colon, opening
from cxvalue.findings.numbers import format_date, format_value
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import begun
from cxvalue.lifetime import value_levers
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.customers import crosssell, referral
from cxvalue.questions.customers.crosssell_findings import crosssell_findings, referral_findings
from cxvalue.questions.customers.display import pairs_display, products_display
from cxvalue.questions.lifetime_value import horizons, past_forecasts, tracking
from cxvalue.questions.lifetime_value.base_forecast import record_of
from cxvalue.questions.lifetime_value.covariate_findings import covariate_findings, covariates_display, levels_display
from cxvalue.questions.lifetime_value.display import (
    deciles_display,
    holdout_display,
    horizons_display,
    levers_display,
    lifetimes_display,
    models_display,
    note,
    ranking_display,
    robust_sentence,
    rolling_display,
)
from cxvalue.questions.lifetime_value.findings import cltv_findings, record_sentence
from cxvalue.questions.lifetime_value.lever_sentences import levers_report
from cxvalue.questions.lifetime_value.tables import (
    covariates_table,
    customers_table,
    holdout_table,
    models_table,
    season_table,
)
from cxvalue.questions.lifetime_value.value_findings import (
    horizons_sentence,
    rolling_sentence,
    season_findings,
    value_findings,
)

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.lifetime.evidence.past import Past
    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.questions.lifetime_value.past_states import PastStates


class LifetimeAnswers(Asked):
    """What the customers will still be worth."""

    @property
    def fit(self) -> CltvFit:
        """The models of purchases: held against the holdout, fitted again on all data, and one chosen."""
        return self.opened.cltv

    @property
    def base(self) -> WholeBase:
        """The forecast of all customers."""
        return self.opened.base

    @property
    def past(self) -> Past:
        """What the same ways of forecasting said on earlier dates, and what came."""
        past = self.fit.past
        assert past is not None  # kept with every fit of an opened study
        return past

    @cached_property
    def customers(self) -> pd.DataFrame:
        """A row a customer: purchases, whether still there, value with its range."""
        ids = self.opened.ids() if self.states.customer_id is None else None
        return customers_table(self.base.value, self.states, dormancy_days=self.settings.dormancy.days, ids=ids)

    @property
    def _then(self) -> PastStates:
        return self.opened.then

    @question
    def value(self, answer: Answer) -> None:
        """What are today's customers still worth, and where does it sit?"""
        months = self.settings.horizon_months
        answer.find(cltv_findings(self.base, self.fit, customers=self.states.customers, currency=self.currency))
        caption = figures.caption("future_value", horizon=format_value(months, "months"))
        worth = self.customers["cltv"].to_numpy()
        answer.draw(figures.equity_by_decile(worth, self.currency), "future_value", caption)
        answer.tables["customers.parquet"] = self.customers
        answer.tables["future_value_deciles.csv"] = tracking.concentration_table(worth)

    @question
    def horizons(self, answer: Answer) -> None:
        """How much of it lies how far ahead?"""
        rate = self.settings.annual_discount_rate
        table = horizons.horizons_table(self.fit, self.base, self.states, annual_discount_rate=rate)
        answer.tables["horizons.csv"] = table
        answer.say(horizons_sentence(table, rate, self.currency))
        answer.show(horizons_display(table, self.currency))

    @question
    def past_forecasts(self, answer: Answer) -> None:
        """Would earlier forecasts have been right?"""
        fit, opened, months = self.fit, self.opened, self.settings.horizon_months
        record = record_of(self.base)
        answer.say(record_sentence(record, months))
        equity, money, level = self.base.value.equity, self.currency, self.level
        drawn = figures.forecast_record(record, equity, opened.as_of, currency=money, level=level)
        answer.draw(drawn, "forecast_record", figures.caption("forecast_record"))
        rolled = past_forecasts.rolling_table(fit, self.purchases, opened.observed_from, then=self._then)
        answer.say(rolling_sentence(rolled, fit))
        answer.show(rolling_display(rolled))
        answer.draw(figures.rolling_bias(rolled, MODEL_TITLES, chosen=fit.selected, things=fit.things))
        answer.tables["rolling.csv"] = past_forecasts.with_past_totals(rolled, self.base, self.past)

    @question
    def ranking(self, answer: Answer) -> None:
        """Were the best customers foreseen as such?"""
        fit = self.fit
        if fit.holdout_start is not None:
            ranked = past_forecasts.ranking(fit, self.purchases, then=self._then)
            answer.show(ranking_display(ranked), deciles_display(ranked, fit.selected, fit.things))
            answer.tables |= {"holdout_deciles.csv": ranked.deciles, "holdout_ranking.csv": ranked.summary}

    @question
    def still_there(self, answer: Answer) -> None:
        """Who is still a customer, and from whom are purchases to come?"""
        fit = self.fit
        if fit.withheld:
            answer.say(opening("withheld") + behind_a_colon(fit.withheld))
        else:
            answer.draw(figures.p_alive_distribution(self.customers["p_alive"].to_numpy()))
        months, today = self.settings.horizon_months, self.opened.as_of
        answer.draw(figures.frequency_recency(fit.model.typical, self.customers, months, today))

    @question
    def models(self, answer: Answer) -> None:
        """Which model was chosen, and how did each do on the part held back?"""
        fit, start = self.fit, self.settings.cltv.holdout_start
        if fit.holdout_start is None:
            answer.say(note("no_holdout"))
        else:
            answer.say(note("holdout", start=format_date(fit.holdout_start), end=format_date(fit.as_of)))
            answer.say(note("not_scored", customers=fit.first_seen_in_holdout))
            if fit.sample:
                few, known = fit.sample
                answer.say(note("sampled", sample=few, customers=known, start=format_date(fit.holdout_start)))
            answer.show(holdout_display(fit))
        answer.say(note("counted", things=translate(fit.things), day=format_date(fit.as_of)))
        answer.say(note("chosen", chosen=MODEL_TITLES[fit.selected], used=MODEL_TITLES[fit.forecast]))
        if start and start >= self.opened.as_of:
            answer.say(note("start_ignored", start=format_date(start), day=format_date(self.opened.as_of)))
        answer.say(fit.withheld)
        answer.tables["holdout.csv"] = holdout_table(fit)

    @question
    def holdout(self, answer: Answer) -> None:
        """Does the forecast follow what happened?"""
        fit = self.fit
        if fit.holdout_start is not None:
            by_time = tracking.tracking_table(fit, self.purchases, self._then)
            step = fit.period or "week"
            drawn = figures.holdout_tracking(
                by_time, fit.holdout_start, MODEL_TITLES, chosen=fit.selected, things=fit.things, each=step
            )
            key = "holdout_tracking_by_period" if fit.period else "holdout_tracking"
            things = begun(translate(fit.things))
            answer.draw(drawn, "holdout_tracking", figures.caption(key, things=things))

    @question
    def by_frequency(self, answer: Answer) -> None:
        """Does it hold for rare and for frequent customers?"""
        fit = self.fit
        if fit.holdout_start is not None:
            table = tracking.calibration_by_frequency(fit, self.purchases, then=self._then)
            answer.draw(figures.holdout_calibration(table, MODEL_TITLES, chosen=fit.selected, things=fit.things))

    @question
    def season(self, answer: Answer) -> None:
        """Do purchases follow the seasons?"""
        fit, table = self.fit, season_table(self.fit)
        answer.findings += season_findings(fit)
        if not table.empty:
            answer.tables["seasonal_index.csv"] = table
        if answer.findings:
            answer.show(sentences(answer.findings))
        elif fit.season is not None:
            answer.say(fit.season.reason)
        if not table.empty and fit.season is not None and not fit.season.reason:
            answer.draw(figures.seasonal_index(table), "seasonal_index", figures.caption("seasonal_index"))

    @question
    def parameters(self, answer: Answer) -> None:
        """What are the parameters of the models?"""
        table = models_table(self.fit, self.level, self.base)
        answer.tables["models.csv"] = table
        answer.show(models_display(table[table["parameter"] != ""]))
        answer.say(robust_sentence(self.fit, self.states))

    @question
    def spend(self, answer: Answer) -> None:
        """Do customers who buy more often also spend more each time?"""
        spend = self.fit.spend
        answer.say(note("correlation", pearson=spend.pearson, spearman=spend.spearman))
        answer.say(spend.reason or note("spend", customers=spend.customers))

    @question
    def in_lifetimes(self, answer: Answer) -> None:
        """What does the package lifetimes say of the same customers?"""
        answer.show(lifetimes_display(self.fit, self.states))

    @question
    def segments(self, answer: Answer) -> None:
        """Do segments differ?"""
        few, others = self.settings.report.suppress_below, self.opened.small_groups
        before = self.opened.history.shown("covariate_levels.csv", self.opened.as_of)
        differs = covariates_table(self.fit, self.level, suppress_below=few, elsewhere=others)
        by_level = horizons.value_by_level(
            self.fit, self.base, self.states, suppress_below=few, elsewhere=others, before=before
        )
        answer.findings += covariate_findings(self.fit, self.level)
        if self.settings.cltv.covariates:
            answer.show(
                sentences(answer.findings), covariates_display(differs), levels_display(by_level, self.currency)
            )
            answer.tables |= {"covariates.csv": differs, "covariate_levels.csv": by_level}
        else:
            answer.say(note("no_covariates"))

    @question
    def levers(self, answer: Answer) -> None:
        """What would move the value?"""
        fit, months = self.fit, self.settings.horizon_months
        by_model = value_levers(
            fit.model,
            fit.spend,
            self.states,
            dormancy_days=self.settings.dormancy.days,
            horizon_months=months,
            annual_discount_rate=self.settings.annual_discount_rate,
            level=self.level,
        )
        table = levers_report(horizons.levers_as_forecast(by_model, self.base), self.currency, fit.thing)
        answer.tables["levers.csv"] = table
        answer.show(levers_display(table))
        caption = figures.caption("value_levers", horizon=format_value(months, "months"))
        answer.draw(figures.value_levers(table, self.currency, fit.thing), "value_levers", caption)

    @question
    def payback(self, answer: Answer) -> None:
        """When has a new customer paid back what it cost to win them?"""
        fit, rate = self.fit, self.settings.annual_discount_rate
        known = self.opened.table_or_none("customers")
        cost = None if known is None else horizons.acquisition_cost(known)
        paid_back = None
        if cost is None:
            answer.say(note("no_cost"))
        else:
            miss = self.base.total.shared
            paid_back = horizons.payback(
                fit.model, fit.spend, self.states, cost, annual_discount_rate=rate, level=self.level, miss=miss
            )
        tested = past_forecasts.backtest_margin(fit, self.purchases, self.past, level=self.level, then=self._then)
        answer.find(value_findings(tested, paid_back, currency=self.currency, discount=rate, thing=fit.thing))

    @question
    def next_product(self, answer: Answer) -> None:
        """What else would they buy?"""
        crossed = crosssell.cross_selling(
            self.opened.table("transactions"),
            as_of=self.opened.as_of,
            observed_from=self.opened.observed_from,
            dormancy_days=self.settings.dormancy.days,
            fewest=self.settings.report.suppress_below,
            level=self.level,
        )
        if crossed is None:
            answer.say(note("no_products"))
            return
        answer.find(crosssell_findings(crossed, currency=self.currency))
        answer.show(products_display(crossed.products, self.currency), pairs_display(crossed.pairs))
        answer.tables |= {"cross_selling.csv": crossed.products, "next_product.csv": crossed.pairs}

    @question
    def referrals(self, answer: Answer) -> None:
        """What are referrals worth?"""
        last, brought = self.fit.as_of, None
        known = self.opened.table_or_none("customers")
        if known is not None:
            brought = referral.referrals(
                known,
                self.purchases.filter(self.purchases.date <= last),
                self.customers,
                as_of=last,
                equity_relative_error=self.base.value.equity_relative_error,
                level=self.level,
            )
        told = referral_findings(brought, currency=self.currency, horizon_months=self.settings.horizon_months)
        if told:
            answer.find(told)
        else:
            answer.say(note("no_referrals"))

    def handed_over(self) -> dict[str, Any]:
        """What all questions hand over: season and segments come last, and the past forecasts are the first picture."""
        given = super().handed_over()
        last = [*self.season().findings, *self.segments().findings]
        given["findings"] = [*(one for one in given["findings"] if one not in last), *last]
        names = ("forecast_record", "holdout_tracking", "seasonal_index", "future_value", "value_levers")
        given["figures"] = {name: given["figures"][name] for name in names if name in given["figures"]}
        return given
