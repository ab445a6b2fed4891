"""A corner shop with a line of every table and hardly anything in it, as analysts meet it who just begin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxvalue.simulate import insurer, write_world
from cxvalue.workspace.from_tables import study_from
from cxvalue.workspace.opened import Study, load_study
from tests.conftest import no_forecast

NAMES = [f"c{number:02d}" for number in range(60)]


@pytest.fixture(scope="package")
def little(once: Callable[[str, Callable[[Path], Any]], Any], common: Path) -> Study:
    """60 customers over 18 months, a survey of two scores, a campaign that every third was left out of, a few offers."""
    path = once("little", _made)
    with no_forecast(common / "little_cache"):
        return load_study(path)


@pytest.fixture(scope="package")
def insured(once: Callable[[str, Callable[[Path], Any]], Any]) -> Study:
    """A small simulated insurer."""
    return load_study(once("insured", lambda folder: write_world(insurer(400, seed=5), folder / "insured")))


def _made(folder: Path) -> Path:
    with no_forecast(folder.parent / "little_cache"):
        study_from(
            name="little",
            folder=folder / "little",
            currency="EUR",
            gross_margin=0.5,
            as_of="2026-06-30",
            campaigns=[{"name": "spring", "control": "held"}],
            **_tables(),
        )
    return folder / "little" / "study.yml"


def _tables() -> dict[str, pd.DataFrame]:
    chance = np.random.default_rng(4)
    days = pd.date_range("2025-01-01", "2026-06-28", freq="3D")
    who = chance.choice(NAMES, 600)
    sold = {"customer_id": who, "date": chance.choice(days, 600), "revenue": chance.uniform(5, 50, 600).round(2)}
    asked = {"customer_id": NAMES[:8], "date": pd.Timestamp("2026-03-01"), "metric": "overall", "score": 8.0}
    touched = {"customer_id": NAMES[:3], "date": pd.Timestamp("2026-02-01"), "channel": "phone", "reason": "late"}
    sent = {"customer_id": NAMES, "date": pd.Timestamp("2026-02-01"), "campaign": "spring", "cost": 0.5}
    arms = ["held" if number % 3 == 0 else "mail" for number in range(60)]
    shown = {"customer_id": NAMES * 3, "date": np.repeat(days[[100, 110, 120]], 60), "rung": 1, "occasion_id": None}
    depth = chance.choice([0.05, 0.1, 0.2], 180)
    offers = pd.DataFrame(shown | {"depth": depth, "accepted": chance.random(180) < 3 * depth, "basket_value": 40.0})
    staff = {"employee_id": ["e1", "e2"], "unit": "north", "hired": pd.Timestamp("2025-01-01"), "left": pd.NaT}
    return {
        "transactions": pd.DataFrame(sold),
        "surveys": pd.DataFrame(asked),
        "interactions": pd.DataFrame(touched),
        "contacts": pd.DataFrame(sent | {"arm": arms}),
        "offers": offers.assign(occasion_id=[f"o{number}" for number in range(180)]),
        "employees": pd.DataFrame(staff),
    }
