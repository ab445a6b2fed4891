"""Whether the programmes of a study pay (notebook 80)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.language.catalogue import translate
from cxvalue.money import yearly_loss
from cxvalue.money.bridge import cash_bridge
from cxvalue.money.sensitivity import scenarios, tornado
from cxvalue.questions.programmes import case_display, declared_case
from cxvalue.questions.programmes.case_findings import case_findings
from cxvalue.questions.programmes.display import (
    bridge_table,
    months_display,
    scenarios_display,
    stack,
    tornado_display,
    tornado_table,
    uncounted_display,
    with_programme,
)
from cxvalue.questions.programmes.effect_findings import title_of
from cxvalue.questions.programmes.portfolio_findings import (
    credits_display,
    ledger_table,
    luck_sentence,
    overlap_table,
    portfolio_findings,
)
from cxvalue.questions.programmes.risk_findings import (
    further_findings,
    goodwill_findings,
    market_findings,
    risk_findings,
    so_far_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxvalue.money import Case
    from cxvalue.money.verdict import Verdict
    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import Programme


class CaseAnswers(Asked):
    """Whether the programmes of a study pay."""

    @cached_property
    def fits(self) -> Mapping[str, ProgrammeFit]:
        """The effect of each declared programme by its name."""
        return {fit.name: fit for fit in self.opened.programmes}

    @cached_property
    def declared(self) -> Mapping[str, Programme]:
        """What the study file says of each programme, by its name."""
        return dict(zip(self.fits, self.settings.programmes, strict=True))

    @cached_property
    def cases(self) -> Mapping[str, Case]:
        """The business case of each programme that has one, by its name."""
        found = {
            name: declared_case.case_of(self.fits[name], one, self.settings) for name, one in self.declared.items()
        }
        return {name: case for name, case in found.items() if case}

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict | None]:
        """The verdict on each programme by its name; None where no criterion was registered."""
        return {
            name: declared_case.verdict_of(self.fits[name], self.cases.get(name), one)
            for name, one in self.declared.items()
        }

    @question
    def verdict(self, answer: Answer) -> None:
        """Does each programme pass the test that was set for it?"""
        found = []
        for name, one in self.declared.items():
            fit = self.fits[name]
            registered = declared_case.registration_of(one, fit.effect, self.opened.history.criteria)
            case, verdict = self.cases.get(name), self.verdicts[name]
            found += case_findings(fit, one, case, verdict, registered, currency=self.currency)
        answer.find(found)

    @question
    def measures(self, answer: Answer) -> None:
        """What are its net present value, return and payback?"""
        for name, case in self.cases.items():
            answer.head(title_of(name))
            answer.show(case_display.measures_display(case, self.currency))
        tables = [case_display.measures_table(case, name) for name, case in self.cases.items()]
        answer.tables["case_measures.csv"] = stack(tables)

    @question
    def months(self, answer: Answer) -> None:
        """What goes out and comes in, month by month?"""
        for name, case in self.cases.items():
            answer.head(title_of(name))
            caption = figures.caption("programme_money", title=title_of(name))
            answer.draw(figures.case_money(case, self.currency), f"programme_{name}_money", caption)
            answer.show(months_display(case, self.currency))
            answer.say(so_far_sentence(case, currency=self.currency))
        answer.tables["case_months.csv"] = stack(
            [with_programme(one.table(), name) for name, one in self.cases.items()]
        )

    @question
    def bridge(self, answer: Answer) -> None:
        """What is left of the claim?"""
        tables = []
        for name, case in self.cases.items():
            steps = cash_bridge(case)
            caption = figures.caption("programme_bridge", title=title_of(name))
            answer.draw(figures.case_bridge(steps, self.currency), f"programme_{name}_bridge", caption)
            tables.append(bridge_table(steps, name))
        answer.tables["case_bridge.csv"] = stack(tables)

    @question
    def assumptions(self, answer: Answer) -> None:
        """What does the money rest on, and who answers for it?"""
        tables = []
        for name, case in self.cases.items():
            tables.append(case_display.assumptions_table(case, self.declared[name], self.settings))
            answer.head(title_of(name), grade=self.fits[name].effect.grade)
            answer.show(case_display.assumptions_display(tables[-1]))
        answer.tables["case_assumptions.csv"] = stack(tables)

    @question
    def what_moves_it(self, answer: Answer) -> None:
        """What moves the result most, and how often does it come out where?"""
        tables = []
        for name, case in self.cases.items():
            found = tornado(case, self.currency)
            caption = figures.caption("programme_tornado", title=title_of(name))
            answer.draw(
                figures.case_tornado(found, case.npv.value, self.currency), f"programme_{name}_tornado", caption
            )
            answer.show(tornado_display(found, self.currency))
            caption = figures.caption("programme_draws", title=title_of(name))
            answer.draw(figures.case_draws(case, self.currency), f"programme_{name}_draws", caption)
            tables.append(tornado_table(found, name))
        answer.tables["case_tornado.csv"] = stack(tables)

    @question
    def other_assumptions(self, answer: Answer) -> None:
        """What would the result be under other assumptions?"""
        tables = []
        for name, case in self.cases.items():
            fit = self.fits[name]
            market = declared_case.market_of(fit, self.settings)
            found = scenarios(case, everyone=fit.everyone, market=market)
            stated = self.settings.market is not None
            moved = market_findings(case, market, name, currency=self.currency, declared=stated)
            answer.head(title_of(name))
            caption = figures.caption("programme_scenarios", title=title_of(name))
            answer.draw(figures.case_scenarios(found, self.currency), f"programme_{name}_scenarios", caption)
            answer.show(scenarios_display(found, self.currency))
            tables.append(with_programme(found, name))
            if moved:
                answer.find(moved)
        answer.tables["case_scenarios.csv"] = stack(tables)

    @question
    def goodwill_rules(self, answer: Answer) -> None:
        """Up to which amount, and how often a year, should fees be waived?"""
        for fit in self.opened.goodwill:
            answer.head(title_of(fit.name))
            answer.find(goodwill_findings(fit, currency=self.currency, level=self.level))
            rule = (fit.current_cap, fit.current_times)
            caption = figures.caption("programme_rules", title=title_of(fit.name))
            answer.draw(figures.goodwill_rules(fit.table, rule, self.currency), f"programme_{fit.name}_rules", caption)
            answer.show(case_display.rules_display(fit, self.currency))
        if self.opened.goodwill:
            answer.tables["policy_rules.csv"] = stack([case_display.rules_table(fit) for fit in self.opened.goodwill])
        else:
            answer.say(translate("No programme of this study compares goodwill rules (programmes: goodwill:)."))

    @question
    def risks(self, answer: Answer) -> None:
        """What does the risk cost, in an average year and in a bad one?"""
        for name, case in self.cases.items():
            loss = yearly_loss(case.settings.risks)
            found = risk_findings(case, loss, name, currency=self.currency)
            if found:
                benefit = float(case.effect_flow[1:].mean()) * 12
                answer.head(title_of(name))
                answer.find(found)
                caption = figures.caption("programme_risk", title=title_of(name))
                answer.draw(figures.yearly_risk(loss, benefit, self.currency), f"programme_{name}_risk", caption)

    @question
    def not_counted(self, answer: Answer) -> None:
        """What is part of no figure?"""
        for name, case in self.cases.items():
            if case.settings.capacity:
                answer.head(title_of(name))
                answer.show(uncounted_display(case, self.currency))
        answer.say(translate("Also not counted: word of mouth, and effects on customers of other units."))

    @question
    def what_would_change_our_mind(self, answer: Answer) -> None:
        """At which measured effect would the verdict turn, and when is it measured again?"""
        today = self.opened.as_of
        for name, case in self.cases.items():
            verdict, one = self.verdicts[name], self.declared[name]
            answer.find(further_findings(case, verdict, one, currency=self.currency, as_of=today))

    @question
    def all_together(self, answer: Answer) -> None:
        """What do all programmes bring together, with every customer-month counted once?"""
        together = self.opened.portfolio
        fits = self.opened.programmes
        sums = portfolio_findings(together, fits, self.cases, currency=self.currency, level=self.level)
        if sums and together is not None:
            answer.tables["overlap_matrix.csv"] = overlap_table(together)
            answer.tables["programme_ledger.csv"] = ledger_table(together)
            answer.find(sums)
            answer.show(credits_display(together, self.currency))
            answer.say(luck_sentence(together, self.cases, self.currency))
        else:
            answer.say(translate("The study declares one programme only: there is nothing to count twice."))
