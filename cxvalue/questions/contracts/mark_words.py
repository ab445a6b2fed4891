"""What the contracts show beside the falling rate of leaving, in sentences: `renewal_marks` told to readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.sbg import BEGAN, CHANCE

if TYPE_CHECKING:
    from cxvalue.lifetime.contracts.sbg import Mark, RenewalModel


def own_rates(model: RenewalModel) -> str:
    """The months (or years) of a contract with a rate of leaving of their own, in sentences; empty where there are none."""
    return " ".join(_own_rate(model, mark) for mark in model.marks if mark.kind == CHANCE)


def changes_told(model: RenewalModel) -> str:
    """That newer customers, or everybody of late, leave at another rate than before; empty where they do not."""
    factors = list(model.params.values())[2:]
    return " ".join(
        _changed(mark, factor) for mark, factor in zip(model.marks, factors, strict=True) if mark.kind != CHANCE
    )


def _own_rate(model: RenewalModel, mark: Mark) -> str:
    told = {"number": mark.months + 1, "share": format_value(1 - float(model.survival(1, mark.months)), "share")}
    if model.time_unit == "year":
        return translate(
            "At the end of year {number} of a contract {share} leave, which differs from what other years suggest, so the "
            "forecast uses that rate.",
            **told,
        )
    return translate(
        "At the end of month {number} of a contract {share} leave, which differs from what other months suggest, so the "
        "forecast uses that rate.",
        **told,
    )


def _changed(mark: Mark, factor: float) -> str:
    times, months = factor, mark.months
    if mark.kind == BEGAN:
        if not months:
            return translate(
                "Caution: at the same age, customers won in one year have left {times:.2f} times as fast as those won the "
                "year before. A new customer is assumed to leave as the newest do.",
                times=times,
            )
        return translate(
            "Caution: customers who began in the last {months} months leave {times:.1f} times as fast as earlier ones did "
            "at the same age. A new customer is assumed to leave as they do.",
            months=months,
            times=times,
        )
    if not months:
        return translate(
            "Caution: customers have left {times:.2f} times as fast each year as in the year before. The forecast stays at "
            "today's pace, and the range also covers one more such year.",
            times=times,
        )
    return translate(
        "Caution: in the last {months} months customers have left {times:.1f} times as fast as before. The forecast assumes "
        "that this lasts, and the range also covers a return to the earlier pace.",
        months=months,
        times=times,
    )
