"""Which answers were given together."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np

from cxvalue.questions.drivers.answered_together import occasions_together


def answers(occasion: bool) -> ibis.Table:
    """120 customers; a is answered with the main score, b half a year later, c by ten of them."""
    rows = []
    for k in range(120):
        rows.append((f"c{k}", "main", 50.0 + k, date(2025, 1, 1), "o1"))
        rows.append((f"c{k}", "a", 1.0 * k, date(2025, 1, 1), "o1"))
        rows.append((f"c{k}", "b", 2.0 * k, date(2025, 7, 1), "o1"))
        if k < 10:
            rows.append((f"c{k}", "c", 3.0, date(2025, 1, 1), "o1"))
    names = ["customer_id", "metric", "points", "date", "occasion_id"]
    table = ibis.memtable({name: [row[i] for row in rows] for i, name in enumerate(names)})
    return table if occasion else table.drop("occasion_id")


def test_an_occasion_is_a_day_unless_the_survey_names_one() -> None:
    by_day, named = occasions_together(answers(False), "main"), occasions_together(answers(True), "main")
    assert by_day is not None
    assert named is not None
    assert (by_day.drivers, by_day.left_out) == (("a",), ("c",))
    assert (named.drivers, named.left_out) == (("a", "b"), ("c",))
    assert named.x.shape == (120, 2)
    assert np.array_equal(named.y, 50 + named.x[:, 0])


def test_too_few_occasions_or_no_driver_are_none() -> None:
    rows = answers(False)
    assert occasions_together(rows.filter(rows.metric != "a"), "main") is None
    few = rows.filter(rows.customer_id < "c2")
    assert occasions_together(few, "main") is None
    assert occasions_together(rows, "nothing") is None
