"""One small programme with a business case, written out as a run publishes it: made once for all tests of the papers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from cxvalue.effects.effect import Cohort, Effect
from cxvalue.findings.finding import Finding
from cxvalue.money import Case
from cxvalue.money.sensitivity import tornado
from cxvalue.questions.programmes import declared_case
from cxvalue.questions.programmes.case_display import assumptions_table, measures_table
from cxvalue.questions.programmes.case_findings import case_findings
from cxvalue.questions.programmes.display import event_table, stack, tornado_table, with_programme
from cxvalue.questions.programmes.measure import ProgrammeFit
from cxvalue.report.page import build_page
from cxvalue.report.page_model import Assumption, PageFigure, PageNotes, RunMeta
from cxvalue.report.paper_model import ReportModel
from cxvalue.report.storyline import build_model
from cxvalue.study import load_study_file

FORMULA = "=cmd|'/C calc'!A0"
MARKUP = 'What is #panic("x") worth? *bold* $x^2$ <b>&amp;'
STUDY = """
name: small
title: {title}
currency: EUR
as_of: 2025-12-31
annual_discount_rate: 0.12
horizon_months: 18
gross_margin: 0.3
tables: {{transactions: {{path: orders.csv}}, customers: {{path: c.csv}}, rollout: {{path: r.csv}}}}
programmes:
  - name: waiver
    design: experiment
    unit: customer_id
    outcome: margin
    horizon_months: 18
    costs:
      one_off: {{value: 30000, low: 25000, high: 40000, owner: "@SUM(1+1)", source: "+1+1"}}
      monthly: 500
      per_treated_customer_month: 0.2
    benefits: [{{name: {formula}, class: cash, monthly: 300, low: 200, high: 500, owner: IT}}]
    risks: [{{name: friends, per_year: 2, mean_loss: 500, loss_exceeded_in_5_percent: 1500}}]
    success: {{metric: npv, at_least: 0, confidence: 0.9, registered_on: 2023-12-01}}
"""


def an_effect() -> Effect:
    """An effect that builds up over eight months in two groups of units, measured with some error."""
    vector = np.array([1.0, 1.5, 2.0, 2.2, 2.4, 2.5, 2.5, 2.6])
    covariance = np.full((8, 8), 0.02) + 0.05 * np.eye(8)
    before = np.array([-3, -2, -1])
    return Effect(
        design="experiment", outcome="margin", unit="customer_id", estimate=float(vector.mean()), se=0.17, df=np.inf,
        low=1.76, high=2.42, level=0.95, event_time=np.arange(8), event_effect=vector, covariance=covariance,
        event_weight=np.full(8, 4000.0), pre_time=before, pre_effect=np.array([0.1, -0.2, 0.0]),
        pre_covariance=0.04 * np.eye(3),
        cohorts=(Cohort(date(2024, 1, 1), 3, 3000), Cohort(date(2024, 3, 1), 1, 1000)), treated_units=4, control_units=4,
        treated_customers=4000, control_customers=4000, treated_customer_months=32_000, unidentified_customer_months=0,
        naive=4.0, naive_se=None, checks=(), grade="A", last_month=date(2024, 8, 1),
    )  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A case, and the model of the report that was published of it."""

    case: Case
    model: ReportModel
    rebuilt: Callable[..., ReportModel]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A programme whose names would be formulas in a spreadsheet and markup in a document."""
    return published_in(tmp_path_factory.mktemp("published"), "en")


def published_in(folder: Path, language: str, title: str = MARKUP, benefit: str = FORMULA) -> Published:
    """That programme, told in the language that is spoken."""
    text = STUDY.format(title=json.dumps(title), formula=json.dumps(benefit))
    (folder / "study.yml").write_text(text, encoding="utf-8")
    study = load_study_file(folder / "study.yml")
    programme = study.programmes[0]
    fit = ProgrammeFit("waiver", an_effect(), 1.0, 5000, "")
    case = declared_case.case_of(fit, programme, study)
    assert case is not None
    case = case.changed(draws=400)
    registered = declared_case.registration_of(programme, fit.effect, {})
    verdict = declared_case.verdict_of(fit, case, programme)
    findings = case_findings(fit, programme, case, verdict, registered, currency="EUR")
    findings.append(
        Finding(
            "programme.waiver.effect",
            "Waiver: effect",
            2.1,
            1.8,
            2.4,
            0.95,
            "EUR",
            "A",
            "Each customer brought EUR 2.10.",
        )
    )
    tables = {
        "case_months": with_programme(case.table(), "waiver"),
        "case_tornado": stack([tornado_table(tornado(case, "EUR"), "waiver")]),
        "case_measures": measures_table(case, "waiver"),
        "case_assumptions": assumptions_table(case, programme, study),
        "programme_effects": event_table(fit.effect, "waiver"),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "figure.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#1F5FA8"/></svg>'
    )
    figures = [PageFigure(f"Figure {number}", "It shows a box.", folder / "figure.svg") for number in (1, 2)]
    notes = PageNotes(assumptions=(Assumption("Horizon", "18 months"),))
    meta = RunMeta(
        "small", study.heading, date(2025, 12, 31), datetime(2026, 1, 5, tzinfo=UTC), "EUR", "9.9", language,
        simulated=True,
    )  # fmt: skip

    def rebuilt(
        title: str = title, made: datetime = meta.made, some: list[Finding] = findings, tables: Path = folder,
        in_revenue: bool = False, drawn: list[PageFigure] = figures,
    ) -> ReportModel:  # fmt: skip
        about = replace(meta, title=title, made=made)
        return build_model(about, build_page(about, some, drawn, (), notes), some, tables, in_revenue=in_revenue)

    return Published(case, rebuilt(), rebuilt)
