"""How deep a discount should be (notebook 50)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.questions import discounts
from cxvalue.questions.discounts.display import (
    curve_table,
    families_display,
    families_table,
    learning_sentence,
    lost_sentence,
    misfit_sentence,
    no_curve_sentence,
    outcomes_display,
    outcomes_table,
    segments_display,
    segments_table,
)
from cxvalue.questions.discounts.findings import discount_findings, extrapolation_sentence

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


class DiscountAnswers(Asked):
    """How deep a discount should be."""

    @cached_property
    def data(self) -> discounts.Occasions:
        """The visits at which a discount was named: above which depth and up to which one a customer bought."""
        customers, margin = self.opened.table_or_none("customers"), self.settings.gross_margin
        return discounts.occasions_of(
            self.opened.table("offers"),
            customers,
            segment=self._segment,
            gross_margin=margin,
            purchases=self._bought,
            transactions=self.opened.table_or_none("transactions"),
        )

    @cached_property
    def found(self) -> discounts.DiscountResult:
        """How many buy at which discount, and what each policy would earn."""
        return discounts.analyse(
            self.data,
            level=self.level,
            suppress_below=self.settings.report.suppress_below,
            elsewhere=[group for column, group in self.opened.small_groups if column == self._segment],
        )

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The share that buys and what is earned at every depth."""
        return curve_table(self.found)

    @property
    def _bought(self) -> ir.Table | None:
        return self.purchases if "transactions" in self.opened.tables.paths else None

    @property
    def _segment(self) -> str | None:
        return discounts.segment_column(self.opened.table_or_none("customers"))

    @question
    def best_discount(self, answer: Answer) -> None:
        """How deep should a discount be, and what does each policy earn a visit?"""
        answer.find(discount_findings(self.found, self.data, currency=self.currency, level=self.level))
        answer.say(extrapolation_sentence(self.found, self.data))

    @question
    def acceptance(self, answer: Answer) -> None:
        """How many buy at which discount?"""
        data = self.data
        at, share = discounts.turnbull(data.low, data.high, data.count.sum(axis=0))
        answer.tables["discount_curve.csv"] = self.curve
        drawn = figures.discount_acceptance(self.curve, at, share)
        answer.draw(drawn, "discount_acceptance", figures.caption("discount_acceptance"))

    @question
    def shapes(self, answer: Answer) -> None:
        """Which shape does the curve have?"""
        answer.tables["discount_families.csv"] = families_table(self.found)
        answer.show(families_display(self.found))
        answer.say(misfit_sentence(self.found))

    @question
    def policies(self, answer: Answer) -> None:
        """What would each policy earn?"""
        found, money = self.found, self.currency
        if found.flat is None or found.optimal_depth is None:
            answer.say(no_curve_sentence(found))
            return
        drawn = figures.discount_profit(self.curve, found.optimal_depth.value, money)
        answer.draw(drawn, "discount_profit", figures.caption("discount_profit"))
        drawn = figures.discount_policies(found, money)
        answer.draw(drawn, "discount_policies", figures.caption("discount_policies"))

    @question
    def segments(self, answer: Answer) -> None:
        """Who should get what?"""
        if self.found.by_segment:
            answer.tables["discount_segments.csv"] = segments_table(self.found)
            answer.show(segments_display(self.found, self.currency))

    @question
    def walkaways(self, answer: Answer) -> None:
        """How much margin is lost with customers who leave?"""
        opened, silent, money = self.opened, self.settings.dormancy.days, self.currency
        followed = discounts.afterwards(opened.table("offers"), self._bought, days=silent, as_of=opened.as_of)
        lost, worth = discounts.lost_share(followed, level=self.level), None
        if opened.values_customers:
            active = opened.states(ids=False).days_silent < silent
            worth = opened.base.of_some(active).each_mean if active.any() else None
        answer.say(lost_sentence(followed, lost, worth, self.settings.horizon_months, money))
        outcomes = discounts.policy_outcomes(self.found, lost, worth)
        if outcomes:
            answer.tables["discount_walkaways.csv"] = outcomes_table(outcomes)
            answer.show(outcomes_display(outcomes, money))

    @question
    def learning(self, answer: Answer) -> None:
        """Do customers learn to wait?"""
        ladder = self.found.ladder
        answer.say(learning_sentence(self.data, self.currency, ladder.value if ladder else None))
