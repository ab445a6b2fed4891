"""Answers given together with the main score, a row an occasion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.questions.experience.answers import FEWEST_TO_FIT

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_DRIVERS = 12
LEAST_ANSWERED = 0.5
"""A driver is answered on at least this share of the occasions with the main score."""


@dataclass(frozen=True, slots=True)
class Occasions:
    """Occasions on which the main score and all drivers were answered, in points; `left_out` are metrics answered too
    rarely.

    `ids` are the customers, `y` the main score, `x` a column a driver.
    """

    main: str
    drivers: tuple[str, ...]
    ids: NDArray[Any]
    y: Floats
    x: Floats
    left_out: tuple[str, ...]


def occasions_together(answers: ir.Table, main: str) -> Occasions | None:
    """Wide rows of answers (see `answered`): an occasion is an occasion_id of a customer, else a day.

    None with fewer than 100 of them, or without a driver.
    """
    when = answers.date.cast("string")
    occasion = answers.occasion_id.fill_null(when) if "occasion_id" in answers.columns else when
    rows = answers.mutate(occasion=occasion)
    own = rows.filter(rows.metric == main).select("customer_id", "occasion").distinct()
    beside = rows.semi_join(own, ["customer_id", "occasion"])
    counted = beside.group_by("metric").agg(n=beside.count())
    counts = {str(one["metric"]): int(one["n"]) for one in counted.to_pyarrow().to_pylist()}
    total = counts.pop(main, 0)
    if total < FEWEST_TO_FIT:
        return None
    often = sorted(
        (name for name, n in counts.items() if n >= LEAST_ANSWERED * total), key=lambda name: (-counts[name], name)
    )
    drivers = tuple(sorted(often[:MOST_DRIVERS]))
    if not drivers:
        return None
    names = {f"m{k}": name for k, name in enumerate((main, *drivers))}
    wide = beside.group_by("customer_id", "occasion").agg(
        **{column: beside.points.mean(where=beside.metric == name) for column, name in names.items()}
    )
    for column in names:
        wide = wide.filter(wide[column].notnull())
    frame = wide.order_by("customer_id", "occasion").to_pandas()
    if len(frame) < FEWEST_TO_FIT:
        return None
    left_out = tuple(sorted(set(counts) - set(drivers)))
    columns = frame[list(names)].to_numpy(float)
    return Occasions(main, drivers, frame["customer_id"].to_numpy(), columns[:, 0], columns[:, 1:], left_out)
