"""Settings of a study that are each legal but contradict one another."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.study.currencies import rates_and_zones
from cxvalue.study.find import project_root

if TYPE_CHECKING:
    from cxvalue.study.file import Programme, StudyFile

__all__ = ["COVARIATE_MODELS", "disagreements"]

COVARIATE_MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd")
"""The lifetime models that covariates go with."""

_STAYING = re.compile(r"(?i)\b(cltv|clv|ltv|lifetime value|retention|retained|churn|win-?back|customers? kept)\b")


def disagreements(study: StudyFile, label: str) -> list[Problem]:
    """Find settings that are each legal but contradict one another."""
    problems: list[Problem] = []

    def add(key: str, found: str, remedy: str) -> None:
        problems.append(Problem(f"{label}: {key}", found, remedy))

    data = project_root() / "data"
    if study.path.name == "study.yml" and study.folder.parent == data.resolve() and study.folder.name != study.name:
        add("name", f"{study.name!r} is in the folder 'data/{study.folder.name}'.", "Give both the same name.")
    as_of = study.as_of if isinstance(study.as_of, date) else None
    if study.money == "revenue" and study.gross_margin != 1:
        found = "is revenue: no margin is known, and yet gross_margin is not 1."
        add("money", found, "Write gross_margin: 1, or leave out 'money' and give the margin.")
    if as_of and study.observed_from and study.observed_from > as_of:
        add("observed_from", f"{study.observed_from} is after as_of {as_of}.", "It must be on or before it.")
    start = study.cltv.holdout_start
    if start and study.observed_from and start <= study.observed_from:
        found = f"{start} leaves no history before it (observed_from {study.observed_from})."
        add("cltv.holdout_start", found, "Choose a later day.")
    for kind, items in (("campaigns", study.campaigns), ("programmes", study.programmes)):
        names = [item.name for item in items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            add(kind, f"the name {name!r} is used {names.count(name)} times.", "Give each its own name.")
    for campaign in study.campaigns:
        if campaign.budget is not None and campaign.minimum_profit is not None:
            found = "has a budget and a minimum profit; each alone already says where the list ends."
            add(f"campaigns.{campaign.name}", found, "Keep one of 'budget' and 'minimum_profit'.")
    for programme in study.programmes:
        if programme.success and (programme.success.at_least is None) == (programme.success.at_most is None):
            add(f"programmes.{programme.name}.success", "has no single threshold.", "Give 'at_least' or 'at_most'.")
        for key, found, remedy in programme.disagreements:
            add(f"programmes.{programme.name}.{key}", found, remedy)
        problems += counted_already(programme, label)
    problems += (
        rates_and_zones(study, label) + covariates_that_do_not_go(study, label) + periods_that_do_not_go(study, label)
    )
    problems += experience_that_does_not_go(study, label) + tables_of_no_engine(study, label)
    if study.universal_holdout and "customers" not in study.tables:
        add("universal_holdout", "needs the table 'customers'.", "Add it under 'tables: customers:'.")
    needs = {"campaigns": ("contacts", study.campaigns), "programmes": ("rollout", study.programmes)}
    for kind, (table, declared) in needs.items():
        if declared and table not in study.tables:
            add(
                kind, f"declared, but the table '{table}' is not among the tables.", f"Add it under 'tables: {table}:'."
            )
    wanted = "subscriptions" if study.contract == "contractual" else "transactions"
    if wanted not in study.tables and "transactions" not in study.tables:
        add("tables", f"a {study.contract} study needs the table '{wanted}'.", f"Add it under 'tables: {wanted}:'.")
    return problems


SMALL = ("rollout", "employees", "benchmarks")
"""Tables that may come from a file in a study whose other tables are in an engine."""
_OF_FILES = ("read", "layout", "member", "sheet", "footer", "copies", "same", "package")


def tables_of_no_engine(study: StudyFile, label: str) -> list[Problem]:
    """Tables of an engine in a study without one, large tables of files beside an engine, and what only files have."""
    problems = []
    for name, source in study.tables.items():
        where = f"{label}: tables.{name}"
        if source.in_engine and study.engine is None:
            remedy = "Add 'engine: ${NAME}' to the study file, or say with 'path:' or 'database:' where the table is."
            problems.append(
                Problem(where, f"the table {source.table!r} is one of an engine, and none is named.", remedy)
            )
        elif study.engine is not None and not source.in_engine and name not in SMALL:
            remedy = f"Load it there and name it with 'table:'. From files or databases may come: {', '.join(SMALL)}."
            problems.append(Problem(where, "is not in the study's engine, as it is no small table.", remedy))
        if not source.in_engine:
            continue
        if files := [key for key in _OF_FILES if key in source.model_fields_set]:
            found = f"has {', '.join(map(repr, files))}, which only files have."
            problems.append(Problem(where, found, "Leave it out: a table of an engine has its types already."))
        if source.is_shaped or source.rows_without_customer != "refuse":
            found = "chooses rows or works out columns, which is done for files only."
            problems.append(Problem(where, found, "Make a view that does it, and name the view as the table."))
    return problems


def counted_already(programme: Programme, label: str) -> list[Problem]:
    """Benefits that are margin of customers who stay: the effect on margin holds it, a customer who left counting as 0."""
    if programme.outcome == "interactions":
        return []
    return [
        Problem(
            f"{label}: programmes.{programme.name}.benefits",
            f"{one.name!r} counts customers who stay, and so does the effect on {programme.outcome}: there a customer who "
            "left counts as 0.",
            "Value them through the margin or through their lifetime value, never both: take the benefit out. If it is a "
            "cost saved, name it after the cost.",
        )
        for one in programme.benefits
        if one.kind != "capacity" and _STAYING.search(one.name)
    ]


def experience_that_does_not_go(study: StudyFile, label: str) -> list[Problem]:
    """More than one main metric, an item listed twice, and pairs of touchpoints that nobody declared."""
    problems = []
    main = [name for name, rules in study.metrics.items() if rules.main]
    if len(main) > 1:
        found = f"{', '.join(main)} are all 'main: true'."
        problems.append(Problem(f"{label}: metrics", found, "Keep it at the one score that the others explain."))
    items = [(one.name, one.segment) for one in study.touchpoints]
    for name, segment in sorted({item for item in items if items.count(item) > 1}):
        found = (
            f"{name!r} for {segment!r} is listed {items.count((name, segment))} times, and would be bought as often."
        )
        problems.append(Problem(f"{label}: touchpoints", found, "Keep one."))
    known = sorted({name for name, _ in items})
    for name in sorted({name for pair in study.experience.exclude for name in pair} - set(known)):
        found = f"there is no touchpoint {name!r} among 'touchpoints'."
        problems.append(Problem(f"{label}: experience.exclude", found, nearest(name, known) if known else "Add it."))
    return problems


def covariates_that_do_not_go(study: StudyFile, label: str) -> list[Problem]:
    """Covariates in a study without a customers table, under contracts, or with models that know none."""
    names, asked, where = study.cltv.covariates, study.cltv.models, f"{label}: cltv.covariates"
    if not names:
        return []
    problems = [
        Problem(where, f"the column {name!r} is named {names.count(name)} times.", "Keep one.")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if study.contract == "contractual":
        problems.append(Problem(where, "goes with customers without a contract only.", "Leave it out."))
    elif "customers" not in study.tables:
        problems.append(Problem(where, "needs the table 'customers'.", "Add it under 'tables: customers:'."))
    if asked != "auto" and not set(COVARIATE_MODELS) & set(asked):
        found = f"goes with {', '.join(COVARIATE_MODELS)}, none of which is among cltv.models."
        problems.append(Problem(where, found, "Add one of them, or write models: auto."))
    return problems


def periods_that_do_not_go(study: StudyFile, label: str) -> list[Problem]:
    """The model bg_bb beside others, or with a unit of time that is no period; and periods that only bg_bb knows."""
    wanted, problems = study.cltv, []
    if wanted.period is None:
        if wanted.time_unit in ("quarter", "year"):
            found = (
                f"{wanted.time_unit!r} goes with models: bg_bb, which counts the {wanted.time_unit}s with a purchase."
            )
            problems.append(Problem(f"{label}: cltv.time_unit", found, "Allowed without it: day, week, month."))
        return problems
    others = [name for name in wanted.models if name != "bg_bb"]
    if others:
        found = (
            f"names bg_bb beside {', '.join(others)}: it counts periods, they count days, and no holdout compares them."
        )
        problems.append(Problem(f"{label}: cltv.models", found, "Write models: bg_bb, or leave bg_bb out."))
    if wanted.time_unit == "day":
        found = "'day' is no period of bg_bb, in which a customer can buy once."
        problems.append(Problem(f"{label}: cltv.time_unit", found, "Allowed: week, month, quarter, year."))
    return problems
