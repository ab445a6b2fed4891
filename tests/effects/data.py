"""Published data sets as the arrays that the estimators take."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.inputs import PanelMonths


def panel_of(unit, period, first_treated, outcome) -> UnitPanel:
    """A balanced panel with a row a unit and period; `first_treated` is 0 or nan for never. One unit is one customer."""
    table = pd.DataFrame({"unit": unit, "period": period, "first": first_treated, "y": outcome})
    wide = table.pivot(index="unit", columns="period", values="y")
    periods = wide.columns.to_numpy()
    first = table.groupby("unit")["first"].first().reindex(wide.index).fillna(0).to_numpy()
    start = np.where((first > 0) & (first <= periods[-1]), first - periods[0], -1).astype(np.int64)
    months = len(periods)
    customers, total = (np.zeros((len(wide), months, months)) for _ in range(2))
    customers[:, 0] = 1.0
    total[:, 0] = wide.to_numpy()
    return UnitPanel(
        months=PanelMonths(date(2000, 1, 1), months),
        cluster=np.arange(len(wide)),
        names=tuple(str(name) for name in wide.index),
        start=start,
        base=np.where(start >= 0, start - 1, months).astype(np.int64),
        customers=customers,
        total=total,
        later=0,
        unlisted=0,
        outcome="margin",
        unit="unit",
    )


def mpdta() -> UnitPanel:
    """County teen employment 2003-2007 of Callaway and Sant'Anna (2021), in logarithms."""
    import moderndid

    data = moderndid.load_mpdta().to_pandas()
    return panel_of(data["countyreal"], data["year"], data["first.treat"], data["lemp"])


def ehec() -> UnitPanel:
    """Medicaid expansion 2008-2019: share insured by state, as in Mixtape-Sessions' Advanced-DID course."""
    import moderndid

    data = moderndid.load_ehec().to_pandas()
    return panel_of(data["stfips"], data["year"], data["yexp2"], data["dins"])


def df_het() -> pd.DataFrame:
    """Simulated panel of Gardner's did2s: 1,500 units of 40 states over 31 years, effects that differ by group and grow."""
    import pyfixest

    return pd.read_csv(Path(pyfixest.__file__).parent / "did" / "data" / "df_het.csv")
