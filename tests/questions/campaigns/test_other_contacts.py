"""Whom of a campaign's customers other campaigns contacted, and when, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.questions.campaigns.test_contacts_apart import DAY, to_the_held_out, world
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
