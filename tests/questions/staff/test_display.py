"""Units as a table: small ones are left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.questions.staff import fit_turnover_link
from cxvalue.questions.staff.display import lags_display, staff_table
from tests.questions.staff.test_turnover_link import drawn


def test_units_with_few_customers_or_people_are_left_out() -> None:
    rows = drawn(1)
    customers = rows.customers.copy()
    customers[0] = 6.0
    people = rows.people.copy()
    people[1] = 3.0
    table = staff_table(replace(rows, customers=customers, people=people), 10)
    assert "0" not in set(table["unit"])
    assert "1" not in set(table["unit"])
    assert len(table) == 38
    assert np.isfinite(table["lost_within_three_months"]).all()


def test_each_month_has_its_own_lost_customers() -> None:
    link = fit_turnover_link(drawn(1))
    assert link is not None
    shown = lags_display(link).data
    assert list(shown.columns) == ["turnover of", "goes with lost customers"]
    assert shown.iloc[:, 0].tolist() == ["the month itself", "one before", "two before", "three before"]
    assert [float(text) for text in shown.iloc[:, 1]] == [round(float(lag), 3) for lag in link.lags]
