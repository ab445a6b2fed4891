"""Everything that was fitted for the customers of a study, as it is kept and opened again: `CltvFit`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.plain import NOT_KEPT, Plain
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.lifetime import HoldoutScore, LifetimeModel, SpendModel
from cxvalue.lifetime.evidence.past import Past
from cxvalue.lifetime.families.bgbb_family import BG_BB
from cxvalue.lifetime.families.registry import MODEL_TITLES, MODELS
from cxvalue.lifetime.fitting import sampled
from cxvalue.lifetime.models.by_level import CovariateModel
from cxvalue.questions.lifetime_value.covariates import Covariates, Labels
from cxvalue.questions.lifetime_value.seasonality import Season
from cxvalue.tables.periods import Period, by_period

if TYPE_CHECKING:
    import ibis


def days_counted(start: date, until: date, period: Period | None) -> float:
    """Days from `start` to `until`, both inclusive, as models measure them: periods all have the same length."""
    if period is None:
        return (until - start).days + 1
    return (period.number(until) - period.number(start) + 1) * TimeUnit(period.value).days


_THINGS = {
    None: (translatable("purchase"), translatable("purchases")),
    Period.WEEK: (translatable("week with a purchase"), translatable("weeks with a purchase")),
    Period.MONTH: (translatable("month with a purchase"), translatable("months with a purchase")),
    Period.QUARTER: (translatable("quarter with a purchase"), translatable("quarters with a purchase")),
    Period.YEAR: (translatable("year with a purchase"), translatable("years with a purchase")),
}
"""One and several of what is counted, where it is purchases and where it is periods with one."""


@dataclass(frozen=True)
class CltvFit(Plain):
    """Everything fitted for a study's customers; read back with covariates it needs `with_labels` before it is asked.

    `selected` is the model that won the holdout (without a holdout: the lowest AIC among the sound ones); `forecast` is
    the model that values the customers: the selected one refitted on all data, or `nbd` when that refit is not sound.
    `first_seen_in_holdout` counts the customers whom no calibration could know and who are therefore not scored.
    `covariates` are those that the study asks for, and `labels` what the customers table says of each customer. `past` are
    forecasts from past days with what came; `combines` says that the customers are valued by several candidates together,
    and not by one model that the study asks for by name.

    Where opportunities are counted (bg_bb), `as_of` is the end of the last whole period and `holdout_start` the first
    day of one; in place of `nbd` stands `bb`, which forecasts only where all data identify no dropout, and every count is
    one of periods with a purchase.
    """

    as_of: date
    holdout_start: date | None
    time_unit: TimeUnit
    calibration: tuple[LifetimeModel | CovariateModel, ...]
    full: tuple[LifetimeModel | CovariateModel, ...]
    spend_calibration: SpendModel | None
    spend: SpendModel
    scores: tuple[HoldoutScore, ...]
    selected: str
    forecast: str
    first_seen_in_holdout: int
    season: Season | None = None
    covariates: Covariates | None = None
    labels: Labels | None = field(default=None, metadata=NOT_KEPT)
    past: Past | None = None
    combines: bool = True

    def need_holdout(self, what: str) -> date:
        """First day of the holdout, for what cannot be done without one; `what` says it in words.

        Raises:
            CxvalueError: these models were fitted without a holdout.
        """
        if self.holdout_start is None:
            raise CxvalueError(
                "{what} needs a holdout, and these models were fitted without one. Where the history allows it, name "
                "its first day as cltv.holdout_start.",
                what=what,
            )
        return self.holdout_start

    @property
    def sample(self) -> tuple[int, int] | None:
        """Customers to whom the models before the holdout were fitted, and of how many; None where that is everybody."""
        if not self.calibration:
            return None
        fitted, known = self.calibration[0].customers, self.full[0].customers - self.first_seen_in_holdout
        return (fitted, known) if fitted < known > sampled.LARGEST_WHOLE else None

    @property
    def seasonal(self) -> bool:
        """Whether the forecast follows a seasonal index."""
        return MODELS[self.forecast].variant == "season"

    @property
    def period(self) -> Period | None:
        """The calendar period in which opportunities come; None where the models count days."""
        return Period(self.time_unit.value) if any(model.family.by_period for model in self.full) else None

    @property
    def thing(self) -> str:
        """One of what the models count: a purchase, or a period with one; in English, for `translate` to tell."""
        return _THINGS[self.period][0]

    @property
    def things(self) -> str:
        """Several of them, in English too."""
        return _THINGS[self.period][1]

    def counted(self, purchases: ibis.Table) -> ibis.Table:
        """Day-level purchases as these models count them."""
        return purchases if self.period is None else by_period(purchases, as_of=self.as_of, period=self.period)

    def days(self, start: date, until: date) -> float:
        """Days from `start` to `until`, both inclusive, as the models measure them."""
        return days_counted(start, until, self.period)

    @property
    def model(self) -> LifetimeModel:
        """The model that values the customers, fitted on all data."""
        return next(model for model in self.full if model.name == self.forecast)

    @property
    def score(self) -> HoldoutScore | None:
        """The holdout score of the selected model."""
        return next((score for score in self.scores if score.model == self.selected), None)

    @property
    def withheld(self) -> str:
        """Why figures about being alive are withheld, or an empty text."""
        if self.model.family.dropout:
            return ""
        # Where periods are counted only one model was asked for.
        asked = self.selected if self.period is None else BG_BB.name
        reasons = [model.reason for model in self.full if model.name == asked and model.reason]
        if reasons:
            return reasons[0]
        finders = [MODEL_TITLES[one.name] for one in self.full if one.family.dropout and one.status == "ok"]
        if not finders and self.scores:
            return translate(
                "These data do not show customers leaving for good, so nothing is said about who left: a model "
                "in which nobody leaves gave the best forecast of the holdout."
            )
        if not finders:
            return translate(
                "These data do not show customers leaving for good, so nothing is said about who left: a model in which "
                "nobody leaves describes the data best."
            )
        names = finders[0]
        for name in finders[1:]:
            names = translate("{some} and {last}", some=names, last=name)
        if self.scores:
            return translate_count(
                "It is unclear whether customers leave for good: {models} finds that they do, but a model in "
                "which nobody leaves gave the best forecast of the holdout.",
                "It is unclear whether customers leave for good: {models} find that they do, but a model in "
                "which nobody leaves gave the best forecast of the holdout.",
                len(finders),
                models=names,
            )
        return translate_count(
            "It is unclear whether customers leave for good: {models} finds that they do, but a model in "
            "which nobody leaves describes the data best.",
            "It is unclear whether customers leave for good: {models} find that they do, but a model in "
            "which nobody leaves describes the data best.",
            len(finders),
            models=names,
        )

    def with_labels(self, labels: Labels) -> CltvFit:
        """The fit, told again what the customers table says of each customer."""
        if self.covariates is None:
            return self
        tell = self.covariates.tell_levels
        calibration, full = (tuple(tell(m, labels) for m in models) for models in (self.calibration, self.full))
        return replace(self, calibration=calibration, full=full, labels=labels)


def model_of(fit: CltvFit) -> CovariateModel | None:
    """The model that shows what differs: the one that values the customers, else the soundest with covariates."""
    found = [model for model in fit.full if isinstance(model, CovariateModel) and model.status == "ok"]
    chosen = [model for model in found if model.name == fit.forecast]
    return min(chosen or found, key=lambda model: model.aic, default=None)
