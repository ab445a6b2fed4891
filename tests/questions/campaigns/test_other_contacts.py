"""Whom of a campaign's customers other campaigns contacted, and when, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.questions.campaigns.test_contacts_apart import BOTH, DAY, to_the_held_out, world
from tests.questions.campaigns.test_reactivation import small


def test_whom_another_campaign_held_out_was_not_contacted_by_it():
    held = world(9, to_the_held_out)
    assert set(held.elsewhere) == {"b"}
    assert np.array_equal(np.sort(held.elsewhere["b"].place), np.flatnonzero(held.control))
    assert (held.elsewhere["b"].since == 5).all()
    unknown = [("x", DAY, "c", "yes", 0.0), ("y", DAY, "c", "no", 0.0), ("x", DAY, "b", "Control group", 0.0),
               ("y", DAY, "b", "mail", 0.0), ("y", DAY - pd.Timedelta(days=3), "b", "mail", 0.0)]  # fmt: skip
    rows = small(unknown, [("x", DAY, 1.0, 1.0), ("y", DAY, 1.0, 1.0)])
    assert rows.elsewhere["b"].place.tolist() == [1]
    assert rows.elsewhere["b"].since.tolist() == [-3]


@pytest.mark.parametrize(("gap", "back"), [(1, 365), (3, 364), (7, 361), (1, 30), (5, 28)])
def test_a_mailing_to_everybody_counts_for_both_groups_where_they_are_dated_some_days_apart(
    gap: int, back: int
) -> None:
    names = [f"c{number}" for number in range(20)]
    contacts = [
        (one, DAY + pd.Timedelta(days=gap * (i % 2)), "c", ("no", "yes")[i % 2], 0.5) for i, one in enumerate(names)
    ]
    contacts += [(one, DAY - pd.Timedelta(days=back), "b", "yes", 0.5) for one in names]
    rows = small(contacts, [(one, DAY, 1.0, 1.0) for one in names], name="c", declared=BOTH, control="no")
    for found in (rows.earlier, rows.elsewhere):
        reached = np.isin(np.arange(20), found["b"].place if "b" in found else [])
        assert reached[rows.control].mean() == reached[~rows.control].mean()
    assert rows.earlier.keys() != rows.elsewhere.keys() or not rows.earlier
