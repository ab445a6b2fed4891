"""What a study file says the figures rest on, and what was assumed where it says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.language.letters import begun
from cxvalue.language.words import named, words_for
from cxvalue.report.page_model import Assumption

if TYPE_CHECKING:
    from cxvalue.study import StudyFile
    from cxvalue.study.money import Benefit, LossRisk, Stated


def study_assumptions(
    study: StudyFile, *, observed_from: date | None = None, margin_column: bool = False
) -> tuple[Assumption, ...]:
    """List what the figures of a study assume, marking every default that its file does not set.

    `observed_from` is the first day the tables really cover, where the file leaves it to the data; `margin_column` says
    that transactions carry their own margin, so that the gross margin of the file was not needed.
    """
    words = words_for(study.language)
    written = study.model_fields_set
    bad_rows = study.bad_rows
    rows: list[tuple[str, str, bool]] = [
        ("assumption_money", words["assumption_money_value"], False),
        (
            "assumption_discount",
            words["assumption_discount_value"].format(rate=format_level(study.annual_discount_rate, words)),
            "annual_discount_rate" not in written,
        ),
        ("assumption_horizon", format_value(study.horizon_months, "months", words), "horizon_months" not in written),
        _margin(study, margin_column, words),
        (
            "assumption_dormancy",
            # Who has a contract is a customer until it ends, however silent.
            ""
            if study.contract == "contractual"
            else words["assumption_dormancy_value"].format(days=format_value(study.dormancy.days, "days", words)),
            "dormancy" not in written,
        ),
        ("assumption_contract", words.get(str(study.contract), str(study.contract)), "contract" not in written),
        ("assumption_level", format_level(study.level, words), "level" not in written),
        (
            "assumption_bad_rows",
            words["assumption_bad_rows_refuse"]
            if bad_rows is None
            else words["assumption_bad_rows_drop"].format(share=format_level(bad_rows.drop_up_to, words)),
            False,
        ),
    ]
    first_day = study.observed_from or observed_from
    if first_day is not None:
        rows.insert(2, ("assumption_observed", format_date(first_day, words), "observed_from" not in written))
    set_in_the_file = tuple(Assumption(words[key], value, assumed) for key, value, assumed in rows if value)
    return (*set_in_the_file, *_stated(study, words))


def _stated(study: StudyFile, words: Mapping[str, str]) -> Iterator[Assumption]:
    """Costs, benefits, risks and the market's erosion as somebody stated them, with who answers for each."""
    money = study.currency

    def line(label: str, ends: tuple[float, float, float], unit: str, one: Stated | Benefit | LossRisk) -> Assumption:
        value, low, high = ends
        text = format_value(value, unit, words)
        if low < high:
            text += words["bracketed"].format(what=format_range(low, high, unit, words))
        return Assumption(label, text, stated=True, owner=one.owner or "", source=one.source or "")

    for programme in study.programmes:
        title = begun(programme.name.replace("_", " ").replace("-", " "))
        for key in ("one_off", "monthly", "per_treated_customer_month"):
            cost = getattr(programme.costs, key)
            low, value, high = cost.range
            if value or high:
                yield line(named(title, words[f"cost_{key}"], words), (value, low, high), money, cost)
        for benefit in programme.benefits:
            label = words["benefit_of"].format(name=benefit.name, kind=words[f"benefit_{benefit.kind}"])
            yield line(named(title, label, words), benefit.ends, money, benefit)
        for risk in programme.risks:
            mean = risk.per_year * risk.mean_loss
            yield line(named(title, words["risk_of"].format(name=risk.name), words), (mean, mean, mean), money, risk)
    if study.market is not None:
        low, value, high = study.market.erosion_per_year.range
        yield line(words["market_takes"], (value, low, high), "share", study.market.erosion_per_year)


def _margin(study: StudyFile, margin_column: bool, words: Mapping[str, str]) -> tuple[str, str, bool]:
    if margin_column:
        return "assumption_margin", words["assumption_margin_column"], False
    if study.gross_margin is None:
        return "assumption_margin", "", False
    if study.money == "revenue":
        return "assumption_margin", words["assumption_margin_unknown"], False
    share = format_level(study.gross_margin, words)
    return (
        "assumption_margin",
        words["assumption_margin_value"].format(share=share),
        "gross_margin" not in study.model_fields_set,
    )
