"""A panel drawn by month: means over customers, whoever had none that month left out."""

from __future__ import annotations

import pandas as pd
import pytest

from cxvalue.figures import message_of, panel_months
from cxvalue.foundation.errors import CxvalueError

MONTHS = pd.date_range("2025-01-01", periods=3, freq="MS")


def test_the_lines_are_means_of_customers() -> None:
    cells = pd.DataFrame(
        {
            "start": [*[pd.Timestamp("2025-02-01")] * 3, *[pd.NaT] * 3],
            "month": [*MONTHS, *MONTHS],
            "customers": [10, 10, 20, 5, 5, 0],
            "margin": [100.0, 150.0, 400.0, 25.0, 30.0, 0.0],
        }
    )
    treated, never = panel_months(cells, "margin", "EUR").axes[0].get_lines()[:2]
    assert list(treated.get_ydata()) == [10.0, 15.0, 20.0]
    assert message_of(panel_months(cells, "margin", "EUR")) == "Margin per customer in March 2025: EUR 20.00"
    assert message_of(panel_months(cells[cells["month"] < MONTHS[2]], "margin", "EUR")) == (
        "Margin per customer in February 2025: EUR 15.00 with the programme, EUR 6.00 where it never comes"
    )
    assert list(never.get_ydata()) == [5.0, 6.0]  # nobody was there in the third month
    with pytest.raises(CxvalueError, match="revenue"):
        panel_months(cells, "revenue")
