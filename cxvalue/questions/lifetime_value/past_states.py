"""Customers as they were known on past days, and what they bought in the days after: `PastStates`."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import day_number
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.candidates.by_model import states_of
from cxvalue.questions.lifetime_value.base_forecast import PastForecast, forecast_then
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log
from cxvalue.tables.states import PurchaseStates, holdout_counts, purchase_states_from_purchases

if TYPE_CHECKING:
    import ibis

    from cxvalue.lifetime import LifetimeModel
    from cxvalue.lifetime.evidence.past import Past
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit


class PastStates:
    """What was known of customers on past days, and what came: the purchases are read once for all of these days.

    Where models count days and every customer has the same parameters, histories and counts come from the purchases as
    arrays, without ids; else the engine counts them, a question a day. Customers are in the order of their ids. `log` are
    all purchases up to the day of the fit as arrays, where they have been read, and `asked` is what `forecast` says with the
    past of the fit, where that is known.
    """

    def __init__(
        self,
        fit: CltvFit,
        purchases: ibis.Table,
        log: PurchaseLog | None = None,
        asked: PastForecast | None = None,
    ) -> None:
        self._fit, self._purchases = fit, purchases
        self._read, self._asked = log, asked
        self._foreseen: dict[tuple[str, date, date], Floats] = {}
        self._before_holdout: PurchaseStates | None = None

    @cached_property
    def log(self) -> PurchaseLog:
        """All purchases up to the day of the fit."""
        return self._read or purchase_log(self._purchases, self._fit.as_of)

    @cached_property
    def _from_log(self) -> bool:
        return self._fit.period is None and not any(
            model.variant in ("rhythm", "covariates") for model in self._fit.calibration
        )

    def forecast(self, past: Past, level: float) -> PastForecast | None:
        """What would have been forecast before the holdout of all of it, and what came; None where nothing could be.

        `past` are forecasts from past days, usually those of the fit, `level` is that of the range.
        """
        start = self._fit.need_holdout(translate("A comparison with actual results"))
        if self._asked is not None and self._asked.level == level and past is self._fit.past:
            return self._asked
        return forecast_then(self._fit, self.log, past, start, self._fit.as_of, level)

    def known_before(self, origin: date) -> PurchaseStates:
        """Customers as they were known on the day before `origin`; those before the holdout are kept."""
        if origin != self._fit.holdout_start:
            return self._known_before(origin)
        if self._before_holdout is None:
            self._before_holdout = self._known_before(origin)
        return self._before_holdout

    def _known_before(self, origin: date) -> PurchaseStates:
        if self._from_log:
            return states_of(self.log.known(day_number(origin) - 1), self._fit.time_unit)
        return purchase_states_from_purchases(
            self._fit.counted(self._purchases),
            as_of=origin - timedelta(days=1),
            time_unit=self._fit.time_unit,
            per_customer=True,
            log_gaps=any(model.variant == "rhythm" for model in self._fit.calibration),
        )

    def bought(self, origin: date, until: date) -> Floats:
        """The purchase days of each of them from `origin` to `until`, both inclusive."""
        if self._from_log:
            return self.log.came(day_number(origin) - 1, day_number(until)).astype(np.float64)
        counted = holdout_counts(self._fit.counted(self._purchases), holdout_start=origin, as_of=until).count
        return counted.astype(np.float64)

    def expected(self, model: LifetimeModel, states: PurchaseStates, origin: date, until: date) -> Floats:
        """What a model that was fitted before the holdout expected of each of the states known before its start."""
        key = model.name, origin, until
        if key not in self._foreseen:
            ahead = model.time_unit.from_days(self._fit.days(origin, until))
            self.keep(*key, model.expected_transactions(states, ahead))
        return self._foreseen[key]

    def keep(self, name: str, origin: date, until: date, expected: Floats) -> None:
        """Keep what `expected` would say where it was worked out together with something else."""
        self._foreseen[name, origin, until] = expected
