"""What is wrong with a study's campaigns and programmes, found in its tables before any notebook starts, all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cxvalue.effects.checks.data_checks import data_checks
from cxvalue.effects.together import with_neighbours
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.money.portfolio import Portfolio
from cxvalue.questions.choice.items import segment_problems
from cxvalue.questions.discounts.occasions import offer_problems
from cxvalue.questions.levels.customer_quarters import starter_problems
from cxvalue.questions.lifetime_value.covariates import covariate_problems
from cxvalue.questions.programmes.goodwill import GoodwillFit, fit_goodwill
from cxvalue.questions.programmes.joint import measure_portfolio
from cxvalue.questions.programmes.measure import ProgrammeFit, StudyTables, design_of, fit_programme
from cxvalue.tables.checks.campaign_rows import held_and_sent, product_problems, second_control, unnamed_control
from cxvalue.tables.panels.by_unit import population
from cxvalue.tables.panels.overlap import holdout_problems
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import Campaign, Programme, StudyFile
    from cxvalue.tables.cautions import Caution

FEW_CUSTOMERS = 20_000
"""Up to so many customers a check estimates a design that takes them one by one."""

Tables = Callable[[str], "ir.Table | None"]


@dataclass(frozen=True)
class Fitted:
    """What was estimated for the programmes of a study, their goodwill rules, and all of them together."""

    programmes: tuple[ProgrammeFit, ...] = ()
    goodwill: tuple[GoodwillFit, ...] = ()
    portfolio: Portfolio | None = None


def fit_declared(tables: StudyTables, cautions: Sequence[Caution] = ()) -> Fitted:
    """Estimate every declared programme and its goodwill rules.

    `cautions` about the tables behind a programme are among its checks. Raises `BadInput` with everything that is wrong
    with any campaign or programme.
    """
    study = tables.study
    problems = _problems_of_campaigns(tables)
    fits: list[ProgrammeFit] = []
    rules: list[GoodwillFit] = []
    for programme in study.programmes:
        try:
            fit = fit_programme(tables, programme)
            doubts = data_checks(cautions, _behind(programme), programme.name)
            if doubts:
                fit = replace(fit, effect=fit.effect.with_checks([*fit.effect.checks, *doubts]))
            fits.append(fit)
            if programme.goodwill is not None:
                rules.append(fit_goodwill(tables, programme, programme.goodwill, fit))
        except BadInput as error:
            problems += error.problems
    problems += _column_problems(study, tables.table)
    if problems:
        raise BadInput(problems)
    if not fits:
        return Fitted()
    sources = [tables.source(one) for one in study.programmes]
    together = measure_portfolio(study, fits, sources, tables.table)
    effects = with_neighbours([fit.effect for fit in fits], together.programmes, together.contained)
    found = tuple(replace(fit, effect=effect) for fit, effect in zip(fits, effects, strict=True))
    return Fitted(found, tuple(rules), together)


def _behind(programme: Programme) -> tuple[str, ...]:
    """The tables that the effect of a programme rests on."""
    outcome = ("interactions",) if programme.outcome == "interactions" else ("transactions", "subscriptions")
    return ("rollout", "customers", *outcome)


def _column_problems(study: StudyFile, table: Tables) -> list[Problem]:
    """Columns and values that the study names and that its tables do not have, and values that mean nothing."""
    held, offers = study.universal_holdout, table("offers")
    problems = covariate_problems(study.cltv.covariates, table("customers"))
    problems += segment_problems(study.touchpoints, table("customers"))
    problems += starter_problems(table("interactions"))
    problems += [] if offers is None else offer_problems(offers, study.gross_margin)
    return problems + ([] if held is None else holdout_problems(table("customers"), held.column, held.value))


def try_declared(tables: StudyTables) -> None:
    """The same search for problems; designs with many customers one by one are not estimated, which would take long."""
    study = tables.study
    problems = _problems_of_campaigns(tables)
    for programme in study.programmes:
        try:
            design, _ = design_of(programme, tables.rollout(programme))
            # Columns of the customers table are looked at once, below.
            alone = {
                "programmes": (programme,),
                "campaigns": (),
                "universal_holdout": None,
                "touchpoints": (),
                "cltv": study.cltv.model_copy(update={"covariates": ()}),
            }
            if design == "matched" or (design == "experiment" and programme.unit == CUSTOMER):
                people = population(tables.source(programme))[1]
                if int(people.count().to_pyarrow().as_py()) > FEW_CUSTOMERS:
                    continue
            fit_declared(replace(tables, study=study.model_copy(update=alone)))
        except BadInput as error:
            problems += error.problems
    problems += _column_problems(study, tables.table)
    if problems:
        raise BadInput(dict.fromkeys(problems))  # what is no programme's own was met with each of them


def _problems_of_campaigns(tables: StudyTables) -> list[Problem]:
    campaigns = tables.study.campaigns
    return [one for campaign in campaigns for one in _campaign_problems(campaign, tables.table)]


def _campaign_problems(campaign: Campaign, table: Tables) -> list[Problem]:
    """A product that nobody sells, held-out customers who were contacted all the same or are not named."""
    problems: list[Problem] = []
    contacts, lines = table("contacts"), table("transactions")
    if campaign.product is not None and lines is not None:
        problems += product_problems(campaign.product, lines, campaign.name)
    if contacts is None:
        return problems
    if campaign.control is None:
        return problems + unnamed_control(contacts, campaign.name)
    problems += held_and_sent(contacts, campaign.name, campaign.control)
    return problems + second_control(contacts, campaign.name, campaign.control)
