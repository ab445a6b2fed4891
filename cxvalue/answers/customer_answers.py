"""Who the customers are, and who left (notebook 10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.numbers import format_date
from cxvalue.foundation import calendar
from cxvalue.questions import discounts
from cxvalue.questions.customers import audit
from cxvalue.questions.customers.display import bridge_table, note, period_table
from cxvalue.questions.customers.findings import base_findings
from cxvalue.questions.discounts.display import depths_display
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def lost_and_won(
    answer: Answer,
    bridge: audit.Waterfall | None,
    currency: str,
    note: Callable[..., str],
    again: str,
    caption: tuple[str, str],
) -> None:
    """How the active customers of one day became those of another, with the note `again` of who came and went between."""
    if bridge is None:
        answer.say(note("no_bridge"))
        return
    answer.tables["waterfall.csv"] = bridge.table()
    answer.show(bridge_table(bridge, currency))
    answer.say(note(again, customers=bridge.new_and_lost))
    answer.draw(figures.customer_bridge(bridge), "customer_bridge", caption)


class CustomerAnswers(Asked):
    """Who the customers are, and who left."""

    @property
    def year_ago(self) -> date:
        """The day 12 months before the last one observed."""
        return calendar.months_before(self.opened.as_of, 12)

    @cached_property
    def margins(self) -> NDArray[np.float64]:
        """What each customer brought in the last 12 months."""
        return audit.margin_per_customer(self.numbered_purchases, after=self.year_ago, until=self.opened.as_of)

    @cached_property
    def bridge(self) -> audit.Waterfall | None:
        """From the customers active a year ago to those of today; None where the history is too short."""
        return audit.waterfall(
            self.numbered_purchases,
            as_of=self.opened.as_of,
            observed_from=self.opened.observed_from,
            dormancy_days=self.settings.dormancy.days,
        )

    @cached_property
    def log(self) -> PurchaseLog:
        """All purchases as arrays."""
        if self.opened.values_customers:
            return self.opened.log
        return purchase_log(self.numbered_purchases, self.opened.as_of)

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """What is left of each cohort of new customers at each age."""
        return audit.cohort_table(
            self.numbered_purchases,
            as_of=self.opened.as_of,
            observed_from=self.opened.observed_from,
            suppress_below=self.settings.report.suppress_below,
            new_from=self.settings.new_from,
            log=self.log,
        )

    @question
    def today(self, answer: Answer) -> None:
        """Where do we stand?"""
        opened, silent = self.opened, self.settings.dormancy.days
        answer.find(
            base_findings(
                audit.base_counts(self.numbered_purchases, as_of=opened.as_of, dormancy_days=silent),
                self.bridge,
                as_of=opened.as_of,
                observed_from=opened.observed_from,
                dormancy_days=silent,
                currency=self.currency,
                level=self.level,
            )
        )

    @question
    def lost_and_won(self, answer: Answer) -> None:
        """How do last year's active customers become today's?"""
        bridge = self.bridge
        lost_and_won(answer, bridge, self.currency, note, "silent_again", figures.caption("customer_bridge"))
        if bridge is not None and bridge.opening_margin is not None:
            drawn = figures.margin_bridge(bridge, self.currency)
            answer.draw(drawn, "margin_bridge", figures.caption("margin_bridge"))

    @question
    def concentration(self, answer: Answer) -> None:
        """How few customers carry the business?"""
        caption = figures.caption("value_concentration", day=format_date(self.year_ago))
        answer.draw(figures.value_concentration(self.margins), "value_concentration", caption)
        answer.draw(figures.value_distribution(self.margins, self.currency))

    @question
    def change(self, answer: Answer) -> None:
        """How does behaviour change from one period to the next?"""
        pair = audit.period_pair(self.opened.as_of, self.opened.observed_from)
        change = audit.period_change(self.numbered_purchases, pair)
        answer.tables["period_change.csv"] = change
        days = {name: format_date(getattr(pair, name)) for name in ("start", "middle", "end")}
        answer.say(note("periods", months=pair.months, **days))
        answer.show(period_table(change, self.currency))
        answer.draw(figures.period_change(change, self.currency))

    @question
    def ageing(self, answer: Answer) -> None:
        """How does one cohort age?"""
        oldest = audit.oldest_cohort(self.cohorts)
        if oldest.empty:
            answer.say(note("no_quarter"))
        else:
            answer.draw(figures.cohort_ageing(oldest, self.currency))

    @question
    def comparison(self, answer: Answer) -> None:
        """Are newer customers better than older ones were at their age?"""
        answer.tables["cohorts.csv"] = self.cohorts
        if self.cohorts.empty:
            answer.say(note("no_cohort"))
        else:
            answer.draw(figures.cohort_comparison(self.cohorts))

    @question
    def layers(self, answer: Answer) -> None:
        """Is the business healthy, or does it live on new customers?"""
        layers = audit.margin_by_cohort(
            self.numbered_purchases,
            as_of=self.opened.as_of,
            observed_from=self.opened.observed_from,
            suppress_below=self.settings.report.suppress_below,
            log=self.log,
        )
        answer.tables["margin_by_cohort.csv"] = layers
        answer.draw(figures.margin_by_cohort(layers, self.currency))

    @question
    def given_away(self, answer: Answer) -> None:
        """What do discounts give away, product by product?"""
        depths = discounts.depth_by_product(self.opened.table("transactions"))
        if depths is None:
            answer.say(note("no_discounts"))
        else:
            answer.tables["discounts_given.csv"] = depths
            answer.show(depths_display(depths, self.currency))
