"""A day however it is given."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 6, 30),
        datetime(2026, 6, 30, 23, 59),
        "2026-06-30",
        "2026-06-30 08:00",
        pd.Timestamp("2026-06-30 23:00", tz="Asia/Tokyo"),
        np.datetime64("2026-06-30T12:00"),
    ],
)
def test_days(value: Any) -> None:
    assert as_day(value) == date(2026, 6, 30)


@pytest.mark.parametrize("value", ["June", "30.06.2026", 20260630, None, pd.NaT, ""])
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(BadInput, match="as_of"):
        as_day(value)
