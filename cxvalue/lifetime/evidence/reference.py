"""How far this way of forecasting missed on real companies: what is believed before a company's own past has a say.

The numbers are learnt by ``make reality`` (tests/reality) on logs of real purchases and usage; where they were learnt, and
what they reach on companies that they were not learnt from, stands in tests/reality/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CANDIDATES = ("bg_nbd", "pareto_nbd", "cells", "year_ago", "last_period")

BELIEVED_AT_FIRST = MappingProxyType({"last_period": 0.3})
"""Shares, before a company's own past has a say, of what every other candidate has: the last period is a yardstick."""


@dataclass(frozen=True)
class Reference:
    """What other companies teach, for logarithms of actual over forecast totals.

    Attributes:
        miss: mean absolute miss of each candidate.
        drift: how much lower than forecast what came was, for a horizon as long as the history.
        floor, by_length, by_growth: variance of a miss of a base that does not grow, what is added for a horizon as long as
            the history, and for each unit of the logarithm of the growth of the base.
    """

    miss: Mapping[str, float] = field(default_factory=dict)
    drift: float = 0.0
    floor: float = 0.02
    by_length: float = 0.0
    by_growth: float = 0.0


# Learnt on 2026-11-28 on ten logs, which tests/reality/README.md describes.
REFERENCE = Reference(
    miss=MappingProxyType(
        {"bg_nbd": 0.380, "pareto_nbd": 0.395, "cells": 0.397, "year_ago": 0.590, "last_period": 0.438}
    ),
    drift=-0.030,
    floor=0.020,
    by_length=0.0122,
    by_growth=0.1179,
)
