"""Whether the score can be trusted, and where the company stands (notebook 62)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, question
from cxvalue.answers.experience_answers import Surveyed
from cxvalue.language.catalogue import translate
from cxvalue.questions import market, survey_truth, wallet
from cxvalue.questions.experience.answers import rules_of
from cxvalue.questions.market.display import gaps_table
from cxvalue.questions.market.findings import NEEDS as NEEDS_MARKET
from cxvalue.questions.market.findings import do_nothing_finding, gap_findings
from cxvalue.questions.survey_truth.display import scores_display, scores_table
from cxvalue.questions.survey_truth.findings import NEEDS as NEEDS_INVITED
from cxvalue.questions.survey_truth.findings import (
    NEEDS_DATES,
    minimum_finding,
    response_findings_of,
    timing_findings,
)
from cxvalue.questions.wallet.findings import NEEDS as NEEDS_WALLET
from cxvalue.questions.wallet.findings import wallet_findings
from cxvalue.tables.ask import ask

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding


class ScoreAnswers(Surveyed):
    """Whether the score can be trusted, and where the company stands."""

    @question
    def who_answers(self, answer: Answer) -> None:
        """Who answers, and who does not?"""
        frame = self._invited(self.main) if self.main else None
        scores = None if frame is None else survey_truth.reweight(frame, level=self.level)
        if frame is None or scores is None:
            answer.say(translate(NEEDS_INVITED))
            return
        if not frame.answered.all():
            answer.tables["survey_scores.csv"] = scores_table(scores)
            answer.show(scores_display(scores))
        answer.find(response_findings_of(scores, frame, main=self.main, level=self.level))

    @question
    def memory(self, answer: Answer) -> None:
        """What do delay and expectation do to memory?"""
        main, level = self.main, self.level
        if not main:
            return
        scale, detect = rules_of(main, self.settings.metrics).scale, self.settings.experience.detect_points
        late = survey_truth.lateness_of(self.answers, main=main, level=level)
        expected = survey_truth.expectation_of(self.answers, main=main, scale=scale, level=level)
        found = timing_findings(late, expected, main=main, level=level)
        if not found:
            answer.say(translate(NEEDS_DATES))
        own = self.answers.filter(self.answers.metric == main)
        away = own.filter(own.points.notnull()).select(by=own.points - own.points.mean())
        spread = ask(away.aggregate(n=away.count(), squares=(away.by * away.by).sum()))
        if spread["n"] > 1 and spread["squares"]:
            variance = spread["squares"] / (spread["n"] - 1)
            found.append(
                minimum_finding(survey_truth.minimum_n(variance, detect), detect, main=main, a_point=self.a_point)
            )
        answer.find(found)

    @question
    def main_store(self, answer: Answer) -> None:
        """Whose main store are we?"""
        bought = self.purchases
        surveys, (since, today) = self.polled, (self.opened.observed_from, self.opened.as_of)
        told = wallet.wallet_rows(surveys, bought, self.customers, as_of=today, observed_from=since)
        if told is None:
            answer.say(translate(NEEDS_WALLET))
            return
        sums = bought.aggregate(margin=bought.margin.sum(), revenue=bought.revenue.sum()).to_pyarrow().to_pylist()[0]
        rate = sums["margin"] / sums["revenue"] if sums["revenue"] else None
        answering = survey_truth.answer_weights(self._invited("main_store"))
        mine = wallet.fit_wallet(told, rate, level=self.level, answering=answering)
        answer.find(wallet_findings(mine, currency=self.currency, level=self.level))

    @question
    def competitors(self, answer: Answer) -> None:
        """Where do we stand against competitors?"""
        metrics, today, level = self.settings.metrics, self.opened.as_of, self.level
        benchmarks = self.opened.table_or_none("benchmarks")
        gaps: tuple[market.Gap, ...] = ()
        if benchmarks is not None:
            gaps = market.gaps_of(benchmarks, self.answers, metrics, as_of=today, level=level)
        if not gaps:
            answer.say(translate(NEEDS_MARKET))
            return
        scenario: Finding | None = do_nothing_finding(
            gaps,
            None if self.link is None else self.link.link,
            main=self.main,
            metrics=metrics,
            active=market.active_customers(self.purchases, today, self.settings.dormancy.days),
            currency=self.currency,
            level=level,
        )
        answer.find([*gap_findings(gaps, level=level), *([] if scenario is None else [scenario])])
        table = gaps_table(gaps)
        answer.tables["market_gaps.csv"] = table
        answer.draw(figures.gap_trend(table), "market_gaps", figures.caption("market_gaps"))

    def _invited(self, metric: str) -> survey_truth.Invited | None:
        """Everyone who was invited to answer, whether they did, and what was known of them before."""
        return survey_truth.invited_of(
            self.polled,
            self.purchases,
            interactions=self.interactions,
            customers=self.customers,
            metric=metric,
            metrics=self.settings.metrics,
            as_of=self.opened.as_of,
        )
