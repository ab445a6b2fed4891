"""Settings of a study that are each legal but contradict one another."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import Problem, nearest, quoted
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.currencies import rates_and_zones
from cxvalue.study.find import project_root

if TYPE_CHECKING:
    from cxvalue.study.file import Programme, StudyFile

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
        found = translate("{name!r} is in the folder 'data/{folder}'.", name=study.name, folder=study.folder.name)
        add("name", found, translate("Give both the same name."))
    as_of = study.as_of if isinstance(study.as_of, date) else None
    if study.money == "revenue" and study.gross_margin != 1:
        found = translate("is revenue: no margin is known, and yet gross_margin is not 1.")
        add("money", found, translate("Write gross_margin: 1, or leave out 'money' and give the margin."))
    if as_of and study.observed_from and study.observed_from > as_of:
        found = translate("{day} is after as_of {as_of}.", day=str(study.observed_from), as_of=str(as_of))
        add("observed_from", found, translate("It must be on or before it."))
    start = study.cltv.holdout_start
    if start and study.observed_from and start <= study.observed_from:
        found = translate(
            "{start} leaves no history before it (observed_from {day}).", start=str(start), day=str(study.observed_from)
        )
        add("cltv.holdout_start", found, translate("Choose a later day."))
    for kind, items in (("campaigns", study.campaigns), ("programmes", study.programmes)):
        names = [item.name for item in items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            found = translate_count(
                "the name {name!r} is used {count} time.",
                "the name {name!r} is used {count} times.",
                names.count(name),
                name=name,
            )
            add(kind, found, translate("Give each its own name."))
    for campaign in study.campaigns:
        if campaign.budget is not None and campaign.minimum_profit is not None:
            found = translate("has a budget and a minimum profit; either one already decides where the list ends.")
            add(f"campaigns.{campaign.name}", found, translate("Keep one of 'budget' and 'minimum_profit'."))
    for programme in study.programmes:
        if programme.success and (programme.success.at_least is None) == (programme.success.at_most is None):
            found, remedy = translate("has no single threshold."), translate("Give 'at_least' or 'at_most'.")
            add(f"programmes.{programme.name}.success", found, remedy)
        for key, found, remedy in programme.disagreements:
            add(f"programmes.{programme.name}.{key}", found, remedy)
        problems += counted_already(programme, label)
    problems += (
        rates_and_zones(study, label) + covariates_that_do_not_go(study, label) + periods_that_do_not_go(study, label)
    )
    problems += experience_that_does_not_go(study, label) + tables_of_no_engine(study, label)
    if study.universal_holdout and "customers" not in study.tables:
        add("universal_holdout", *_needs_customers())
    needs = {"campaigns": ("contacts", study.campaigns), "programmes": ("rollout", study.programmes)}
    for kind, (table, declared) in needs.items():
        if declared and table not in study.tables:
            found = translate("declared, but the table '{table}' is not in the study.", table=table)
            add(kind, found, translate("Add it under 'tables: {table}:'.", table=table))
    wanted = "subscriptions" if study.contract == "contractual" else "transactions"
    if wanted not in study.tables and "transactions" not in study.tables:
        remedy = translate("Add it under 'tables: {table}:'.", table=wanted)
        add("tables", translate(_WANTED[study.contract], table=wanted), remedy)
    return problems


def _needs_customers() -> tuple[str, str]:
    """What is said of a key that rests on the customers where the study lacks them, and what to do."""
    table = "customers"
    return translate("needs the table '{table}'.", table=table), translate(
        "Add it under 'tables: {table}:'.", table=table
    )


_WANTED = {
    "contractual": translatable("a contractual study needs the table '{table}'."),
    "noncontractual": translatable("a noncontractual study needs the table '{table}'."),
}


SMALL = ("rollout", "employees", "benchmarks")
"""Tables that may come from a file in a study whose other tables are in an engine."""
_OF_FILES = ("read", "layout", "member", "sheet", "footer", "copies", "same", "package")


def tables_of_no_engine(study: StudyFile, label: str) -> list[Problem]:
    """Tables of an engine in a study without one, large tables of files beside an engine, and what only files have."""
    problems, written, where = [], study.work.write_back, f"{label}: work.write_back"
    if written is not None and study.engine is None:
        found = translate("{table!r} is a table of an engine, and none is named.", table=written)
        remedy = translate(
            "Leave it out: customers.parquet of the report contains the same, with real ids where pseudonymise is false."
        )
        problems.append(Problem(where, found, remedy))
    if written is not None and written in {source.table for source in study.tables.values()}:
        found = translate("{table!r} is a table that the study reads.", table=written)
        problems.append(Problem(where, found, translate("Name another table, one that does not exist yet.")))
    for name, source in study.tables.items():
        where = f"{label}: tables.{name}"
        if source.in_engine and study.engine is None:
            remedy = translate(
                "Add '{line}' to the study file, or say with 'path:' or 'database:' where the table is.",
                line="engine: ${NAME}",
            )
            found = translate("the table {table!r} is one of an engine, and none is named.", table=source.table)
            problems.append(Problem(where, found, remedy))
        elif study.engine is not None and not source.in_engine and name not in SMALL:
            remedy = translate(
                "Load it there and name it with 'table:'. From files or databases may come: {tables}.",
                tables=enumerated(SMALL),
            )
            found = translate("is not in the study's engine, as it is not a small table.")
            problems.append(Problem(where, found, remedy))
        if not source.in_engine:
            continue
        if files := [key for key in _OF_FILES if key in source.model_fields_set]:
            found = translate("has {keys}, which only files have.", keys=quoted(files))
            remedy = translate("Leave it out: a table of an engine has its types already.")
            problems.append(Problem(where, found, remedy))
        if source.is_shaped or source.rows_without_customer != "refuse":
            found = translate("selects rows or computes columns, which is possible for files only.")
            remedy = translate("Make a view that does it, and name the view as the table.")
            problems.append(Problem(where, found, remedy))
    return problems


def counted_already(programme: Programme, label: str) -> list[Problem]:
    """Benefits that are margin of customers who stay: the effect on margin holds it, a customer who left counting as 0."""
    if programme.outcome == "interactions":
        return []
    return [
        Problem(
            f"{label}: programmes.{programme.name}.benefits",
            translate(
                "{name!r} counts customers who stay, and so does the effect on {outcome}: there a customer who left counts "
                "as 0.",
                name=one.name,
                outcome=programme.outcome,
            ),
            translate(
                "Value them through the margin or through their lifetime value, never both: take the benefit out. If it is "
                "a cost saved, name it after the cost."
            ),
        )
        for one in programme.benefits
        if one.kind != "capacity" and _STAYING.search(one.name)
    ]


def experience_that_does_not_go(study: StudyFile, label: str) -> list[Problem]:
    """More than one main metric, an item listed twice, and pairs of touchpoints that nobody declared."""
    problems = []
    main = [name for name, rules in study.metrics.items() if rules.main]
    if len(main) > 1:
        found = translate("{metrics} are all 'main: true'.", metrics=enumerated(main))
        remedy = translate("Keep it at the one score that the others explain.")
        problems.append(Problem(f"{label}: metrics", found, remedy))
    items = [(one.name, one.segment) for one in study.touchpoints]
    for name, segment in sorted({item for item in items if items.count(item) > 1}):
        found = translate_count(
            "{name!r} for {segment!r} is listed {count} time, and would be bought that often.",
            "{name!r} for {segment!r} is listed {count} times, and would be bought that often.",
            items.count((name, segment)),
            name=name,
            segment=segment,
        )
        problems.append(Problem(f"{label}: touchpoints", found, translate("Keep one.")))
    known = sorted({name for name, _ in items})
    for name in sorted({name for pair in study.experience.exclude for name in pair} - set(known)):
        found = translate("there is no touchpoint {name!r} among 'touchpoints'.", name=name)
        remedy = nearest(name, known) if known else translate("Add it.")
        problems.append(Problem(f"{label}: experience.exclude", found, remedy))
    return problems


def covariates_that_do_not_go(study: StudyFile, label: str) -> list[Problem]:
    """Covariates in a study without a customers table, under contracts, or with models that know none."""
    names, asked, where = study.cltv.covariates, study.cltv.models, f"{label}: cltv.covariates"
    if not names:
        return []
    problems = [
        Problem(
            where,
            translate_count(
                "the column {name!r} is named {count} time.",
                "the column {name!r} is named {count} times.",
                names.count(name),
                name=name,
            ),
            translate("Keep one."),
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if study.contract == "contractual":
        found = translate("is only for customers without a contract.")
        problems.append(Problem(where, found, translate("Leave it out.")))
    elif "customers" not in study.tables:
        problems.append(Problem(where, *_needs_customers()))
    if asked != "auto" and not set(COVARIATE_MODELS) & set(asked):
        models = enumerated(COVARIATE_MODELS)
        found = translate("needs one of {models}, and none of them is among cltv.models.", models=models)
        problems.append(Problem(where, found, translate("Add one of them, or write models: auto.")))
    return problems


def periods_that_do_not_go(study: StudyFile, label: str) -> list[Problem]:
    """The model bg_bb beside others, or with a unit of time that is no period; and periods that only bg_bb knows."""
    wanted, problems = study.cltv, []
    if wanted.period is None:
        if wanted.time_unit in _COUNTED:
            remedy = translate("Allowed without it: {units}.", units="day, week, month")
            problems.append(Problem(f"{label}: cltv.time_unit", translate(_COUNTED[wanted.time_unit]), remedy))
        return problems
    others = [name for name in wanted.models if name != "bg_bb"]
    if others:
        found = translate(
            "names bg_bb beside {models}: it counts periods, they count days, so no holdout can compare them.",
            models=enumerated(others),
        )
        remedy = translate("Write models: bg_bb, or leave bg_bb out.")
        problems.append(Problem(f"{label}: cltv.models", found, remedy))
    if wanted.time_unit == "day":
        found = translate("'day' is not a period of bg_bb, in which a customer can buy once.")
        remedy = translate("Allowed: {words}.", words="week, month, quarter, year")
        problems.append(Problem(f"{label}: cltv.time_unit", found, remedy))
    return problems


_COUNTED = {
    "quarter": translatable("'quarter' goes with models: bg_bb, which counts the quarters with a purchase."),
    "year": translatable("'year' goes with models: bg_bb, which counts the years with a purchase."),
}
