"""What a study file says the figures rest on, and what was assumed where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_value
from cxvalue.findings.words import words_for
from cxvalue.report.page import Assumption

if TYPE_CHECKING:
    from cxvalue.study import StudyFile

__all__ = ["study_assumptions"]


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
    return tuple(Assumption(words[key], value, assumed) for key, value, assumed in rows if value)


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
