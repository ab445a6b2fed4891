"""Whether a campaign brought customers back, and what it was worth (notebook 40)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cxvalue import figures
from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.numbers import format_value
from cxvalue.questions import campaigns
from cxvalue.questions.campaigns import (
    arm_findings,
    claims,
    dormancy,
    next_contacts,
    not_randomised,
    second_life,
    segments,
)
from cxvalue.questions.campaigns.display import (
    arms_display,
    balance_display,
    campaign_checks_display,
    capped_sentence,
    groups_display,
    no_customers_sentence,
    no_model_sentence,
    no_rule_sentence,
    no_segments_sentence,
    not_told,
    qini_sentence,
    rankings,
    returns_display,
    second_lives_display,
    segments_display,
    sleeping_sentence,
    windows_display,
)
from cxvalue.questions.campaigns.findings import (
    campaign_title,
    not_begun_findings,
    reactivation_findings,
    targeting_sentence,
)
from cxvalue.questions.campaigns.open_windows import has_begun, not_begun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxvalue.findings.finding import Finding
    from cxvalue.study import Campaign


class CampaignAnswers(Asked):
    """Whether a campaign brought customers back, and what it was worth."""

    @property
    def silent_days(self) -> int:
        """After how many days without a purchase a customer is inactive."""
        return self.settings.dormancy.days

    @cached_property
    def declared(self) -> Mapping[str, Campaign]:
        """What the study file says of each campaign, by its name."""
        return {one.name: one for one in self.settings.campaigns}

    @cached_property
    def begun(self) -> Mapping[str, Campaign]:
        """Those that had begun for both their groups when the data end."""
        if not self.declared:
            return {}
        contacts = self.opened.table("contacts")
        return {name: one for name, one in self.declared.items() if has_begun(contacts, name, one.control)}

    @cached_property
    def data(self) -> Mapping[str, campaigns.CampaignData]:
        """Who was to be contacted and who was held out, and what they did, by campaign."""
        return {name: self._data_of(one) for name, one in self.begun.items()}

    @cached_property
    def results(self) -> Mapping[str, campaigns.CampaignResult]:
        """What each campaign changed, by its name."""
        found = {}
        for name, one in self.begun.items():
            rows, silent = self.data[name], self.silent_days
            if one.control:
                share = one.expected_share
                result = campaigns.campaign_result(rows, expected_share=share, level=self.level, dormancy_days=silent)
            else:
                result = campaigns.matched_campaign_result(rows, level=self.level, dormancy_days=silent)
            found[name] = campaigns.with_cautions(result, self.opened.tables.cautions)
        return found

    @question
    def asleep(self, answer: Answer) -> None:
        """Who is inactive?"""
        opened = self.opened
        table = dormancy.dormancy_by_month(
            self.purchases, days=self.silent_days, as_of=opened.as_of, observed_from=opened.observed_from
        )
        answer.tables["dormancy_months.csv"] = table
        caption = figures.caption("dormancy_flow", silence=format_value(self.silent_days, "days"))
        answer.draw(figures.dormancy_flow(table), "dormancy_flow", caption)

    @question
    def by_themselves(self, answer: Answer) -> None:
        """How many come back by themselves?"""
        table = dormancy.return_curve(self.purchases, days=self.silent_days, as_of=self.opened.as_of, level=self.level)
        answer.tables["dormancy_returns.csv"] = table
        answer.show(returns_display(table))

    @question
    def worth_of_the_inactive(self, answer: Answer) -> None:
        """What are inactive customers still worth, if nobody does anything?"""
        opened, silent = self.opened, self.silent_days
        if opened.values_customers:
            worth = dormancy.sleeping_value(opened.cltv, opened.base, opened.states(), days=silent)
            answer.say(sleeping_sentence(worth, silent, self.settings.horizon_months, self.currency))
        else:
            answer.say(no_model_sentence())

    @question
    def effects(self, answer: Answer) -> None:
        """What did each campaign change, and what was that worth?"""
        answer.find(finding for name in self.declared for finding in self._findings_of(name))

    @question
    def checks(self, answer: Answer) -> None:
        """Can it be believed?"""
        money = self.currency
        for name, found in self.results.items():
            answer.head(campaign_title(name), grade=found.grade)
            answer.show(campaign_checks_display(found.checks))
            answer.say(found.note, found.interim)
            if found.capped:
                answer.say(capped_sentence(found, money), claims.adjustment_sentence(found))
            answer.say(claims.break_even_sentence(found, money))
            if not found.randomised:
                balance = not_randomised.balance_table(self.data[name])
                answer.tables[f"campaign_{name}_balance.csv"] = balance
                answer.show(balance_display(balance))

    @question
    def windows(self, answer: Answer) -> None:
        """Does it last?"""
        money = self.currency
        for name, rows in self.data.items():
            found = self.results[name]
            table = campaigns.windows_table(rows, self.level, unlike=bool(found.unlike))
            answer.tables[f"campaign_{name}_windows.csv"] = table
            if found.judged:
                caption = figures.caption("campaign_uplift", title=campaign_title(name))
                answer.draw(figures.campaign_uplift(table, money), f"campaign_{name}", caption)
                answer.show(windows_display(table, money, rows.window_days))
                answer.say(found.unlike)
                answer.say(claims.pull_forward_sentence(table, money))
        answer.say(*not_told(self.results.values()))

    @question
    def claims(self, answer: Answer) -> None:
        """What would counting every sale have claimed?"""
        money = self.currency
        for name, rows in self.data.items():
            silent, expected = rows.silent_rule_days, None
            if silent is None:
                answer.say(no_rule_sentence(name))
            else:
                expected = dormancy.expected_recovery(
                    self.purchases,
                    silent_days=silent,
                    window_days=rows.window_days,
                    before=rows.began,
                    observed_from=self.opened.observed_from,
                )
                answer.say(claims.recovery_sentence(expected, silent, rows.window_days, money))
            claimed = claims.claim_finding(self.results[name], expected, currency=money)
            answer.findings.append(claimed)
            answer.say(claimed.text)

    @question
    def arms(self, answer: Answer) -> None:
        """Which arm earned most?"""
        money = self.currency
        for name, rows in self.data.items():
            found = self.results[name]
            if found.judged:
                table = campaigns.arms_table(rows, self.level, unlike=bool(found.unlike))
                against = campaigns.arms_compared(rows, self.level)
                answer.tables[f"campaign_{name}_arms.csv"] = table
                answer.findings += arm_findings.arm_findings(found, table, against, currency=money, level=self.level)
                answer.show(arms_display(table, money))
                answer.say(found.unlike)
                answer.say(
                    arm_findings.arms_sentence(against, money),
                    arm_findings.other_days_sentence(campaigns.arms_on_other_days(rows)),
                    arm_findings.other_contacts_sentence(campaigns.arms_contacted_elsewhere(rows)),
                )
        answer.say(*not_told(self.results.values(), again=True))
        answer.say(*(one.text for one in self.opened.tables.cautions if one.kind == "two_arms"))

    @question
    def who_responds(self, answer: Answer) -> None:
        """Who responds?"""
        customers = self.opened.table_or_none("customers")
        for name, rows in self.data.items():
            if not self.results[name].judged:
                continue
            if customers is None:
                answer.say(no_segments_sentence(name))
                continue
            file = f"campaign_{name}_segments.csv"
            table = segments.segments_table(
                rows,
                segments.campaign_segments(rows, customers),
                self.level,
                suppress_below=self.settings.report.suppress_below,
                elsewhere=self.opened.small_groups,
                before=self.opened.history.shown(file, self.opened.as_of),
                unlike=bool(self.results[name].unlike),
            )
            answer.tables[file] = table
            answer.show(segments_display(table, self.currency))
            answer.say(self.results[name].unlike)
            answer.say(claims.segments_sentence(table))
        answer.say(*not_told(self.results.values(), again=True))

    @question
    def second_lifetimes(self, answer: Answer) -> None:
        """Do those who came back fall silent again?"""
        for name, rows in self.data.items():
            if self.results[name].judged:
                silent = self.silent_days
                lives = second_life.second_lives(rows, self.purchases, dormancy_days=silent, level=self.level)
                answer.show(second_lives_display(lives, self.currency))
                answer.draw(figures.second_lifetimes(second_life.survival_after_return(lives)))
        answer.say(*not_told(self.results.values(), again=True))

    @question
    def whom_to_contact(self, answer: Answer) -> None:
        """Whom to contact next?"""
        for name in self.data:
            if self.results[name].judged:
                self._contact(answer, name)
        answer.say(*not_told(self.results.values(), again=True))

    def _contact(self, answer: Answer, name: str) -> None:
        rows, result, rules, money = self.data[name], self.results[name], self.declared[name], self.currency
        found = next_contacts.whom_to_contact(
            rows,
            result,
            self.purchases,
            as_of=self.opened.as_of,
            silent_days=self.silent_days,
            budget=rules.budget,
            minimum_profit=rules.minimum_profit,
            level=self.level,
        )
        if found is None:
            answer.say(no_customers_sentence(result))
            return
        risk = claims.risk_sentence(found.gap, next_contacts.CONTACTED_SHARE, money)
        answer.say(targeting_sentence(found.ranked, money), risk)
        answer.say(qini_sentence(found.qini, found.contacted))
        answer.show(groups_display(found.ranked, money))
        curves = dict(zip(rankings(), (found.by_effect, found.by_risk), strict=True))
        caption = figures.caption("campaign_targeting", title=campaign_title(name))
        answer.draw(figures.policy_value(curves, money), f"campaign_{name}_targeting", caption)
        answer.tables[f"campaign_{name}_qini.csv"] = found.bands
        answer.tables[f"campaign_{name}_policy.csv"] = found.by_effect
        answer.private[f"contact_list_{name}.csv"] = found.listed.table
        whom = claims.next_contacts_finding(
            found.listed,
            name,
            currency=money,
            level=self.level,
            grade=result.grade,
            differs=found.ranked.differs,
            days=rows.window_days,
        )
        answer.findings.append(whom)
        answer.say(whom.text)

    def _data_of(self, campaign: Campaign) -> campaigns.CampaignData:
        return campaigns.campaign_data(
            self.opened.table("contacts"),
            self.purchases,
            name=campaign.name,
            control=campaign.control,
            window_days=campaign.window_days,
            as_of=self.opened.as_of,
            transactions=self.opened.table("transactions"),
            customers=self.opened.table_or_none("customers"),
            declared=self.settings.campaigns,
        )

    def _findings_of(self, name: str) -> list[Finding]:
        campaign, buyers = self.declared[name], None
        if name not in self.begun:
            reason = not_begun(campaign.window_days, self.opened.as_of)
            return not_begun_findings(name, reason, self.currency)
        if campaign.product:
            buyers = campaigns.first_ever_buyers(
                self.opened.table("contacts"),
                self.purchases,
                self.opened.table("transactions"),
                name=name,
                product=campaign.product,
                window_days=campaign.window_days,
                as_of=self.opened.as_of,
                control=campaign.control,
            )
        return reactivation_findings(
            self.results[name], buyers, currency=self.currency, level=self.level, product=campaign.product
        )
