from __future__ import annotations

from cxvalue.report.assumptions import study_assumptions
from cxvalue.report.page_model import Assumption
from tests.report.test_page import study

PROGRAMME = {
    "name": "penalty_waiver", "design": "experiment", "unit": "customer_id", "horizon_months": 12,
    "costs": {"one_off": {"value": 60_000, "low": 50_000, "high": 70_000, "owner": "IT", "source": "budget"},
              "monthly": 2000},
    "benefits": [{"name": "approvals", "class": "capacity", "monthly": 3000, "owner": "contact centre"}],
    "risks": [{"name": "favours", "per_year": 3, "mean_loss": 2000, "loss_exceeded_in_5_percent": 6000}],
}  # fmt: skip


def test_what_somebody_stated_stands_with_who_answers_for_it() -> None:
    said = study(
        gross_margin=0.3,
        tables={"transactions": {"path": "a.csv"}, "rollout": {"path": "r.csv"}},
        programmes=[PROGRAMME],
        market={"erosion_per_year": {"value": 0.03, "low": 0.01, "high": 0.06, "owner": "strategy"}},
    )
    assert [row for row in study_assumptions(said) if row.stated] == [
        Assumption("Penalty waiver: one-off cost", "USD 60,000 (between USD 50,000 and 70,000)", stated=True,
                   owner="IT", source="budget"),
        Assumption("Penalty waiver: cost a month", "USD 2,000", stated=True),
        Assumption("Penalty waiver: approvals a month (capacity, not counted as money)", "USD 3,000", stated=True,
                   owner="contact centre"),
        Assumption("Penalty waiver: risk “favours”, a year on average", "USD 6,000", stated=True),
        Assumption("The market takes from margin, per year", "3.0% (between 1.0% and 6.0%)", stated=True, owner="strategy"),
    ]  # fmt: skip
    assert not any(row.stated for row in study_assumptions(study(gross_margin=0.3)))
