"""A lifetime model whose parameters differ by the levels of covariates, and how anything is worked out with it.

Every combination of levels has a plain model of its own, and these share one joint uncertainty. What is said of a customer
comes from the model of the customer's combination; what is said of all of them adds the combinations up, each evaluated at
the same draws of the joint parameters (`cxvalue.lifetime.models.model.LifetimeModel.root`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.plain import NOT_KEPT
from cxvalue.lifetime.families.family import Params
from cxvalue.lifetime.models.model import LifetimeModel

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.tables.states import PurchaseStates

ABOUT = ("purchases", "leaving")
RECENT_DAYS = 365
"""New customers are taken to come from the combinations of levels of those who came in so many days."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """What one level changes against the first level of its covariate.

    `about` is purchases or leaving; `ratio` multiplies the purchase rate, or the odds (Pareto/NBD: the rate) of
    leaving, with the bounds of its 95% interval; `estimate` and `se` are on the log scale. `customers` are of the level.
    """

    about: str
    covariate: str
    level: str
    against: str
    estimate: float
    se: float
    ratio: float
    low: float
    high: float
    customers: int


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a covariate and the customers who have it."""

    name: str
    customers: int


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Which combination of levels each customer has: ids in ascending order, and the number of the combination.

    `absent` is the number for everybody else; a number of -1 stands for a combination that the model has not seen.
    """

    customer_id: NDArray[np.object_]
    group: NDArray[np.intp]
    absent: int = -1

    def of(self, ids: NDArray[np.object_]) -> NDArray[np.intp]:
        """The combination of each id."""
        if not self.customer_id.size:
            return np.full(ids.size, self.absent)
        place = np.minimum(np.searchsorted(self.customer_id, ids), self.customer_id.size - 1)
        return np.where(self.customer_id[place] == ids, self.group[place], self.absent).astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CovariateModel(LifetimeModel):
    """A lifetime model in which customers of different levels buy and leave differently.

    `params` are those of the first levels, followed by a ratio for each other level and for purchases and leaving;
    `covariance` is of the logarithms of them all. There are no parameters that hold for everybody: `values`, and with
    them what is said of a new customer, are refused; see `parts` and `Newcomers`.

    Attributes:
        name: bg_nbd_covariates, mbg_nbd_covariates or pareto_nbd_covariates.
        covariates: the levels of each covariate by its name; the first one is what the others are compared with.
        groups: the combinations of levels, as numbers of the levels.
        p_value: of the likelihood-ratio test against the model without covariates.
        plain: the model without covariates on the same customers; None in a model that was read back.
        group_of: the combination of each state that the model was fitted to.
        members: the combination of each customer, so that states with ids can be asked about.
    """

    covariates: tuple[tuple[str, tuple[Level, ...]], ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    p_value: float = float("nan")
    plain: LifetimeModel | None = field(default=None, metadata=NOT_KEPT)
    group_of: NDArray[np.intp] | None = field(default=None, metadata=NOT_KEPT)
    members: Members | None = field(default=None, metadata=NOT_KEPT)

    # the combinations --------------------------------------------------------------------------------------------

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """The combinations of levels in words, in the order of the covariates."""
        names = [[level.name for level in levels] for _, levels in self.covariates]
        return tuple(tuple(one[number] for one, number in zip(names, group, strict=True)) for group in self.groups)

    @property
    def turns(self) -> tuple[Floats, ...]:
        """For each combination the matrix from the logarithms of `params` to those of its own parameters."""
        own, size = self.family.parameters, len(self.family.parameters)
        columns = sum(len(levels) - 1 for _, levels in self.covariates)
        turns = []
        for group in self.groups:
            turn = np.zeros((size, len(self.params)))
            turn[:, :size] = np.eye(size)
            for kind, (moved, sign) in enumerate(self.family.moves):
                begin = size + kind * columns
                for (_, levels), number in zip(self.covariates, group, strict=True):
                    if number:
                        turn[own.index(moved), begin + number - 1] = sign
                    begin += len(levels) - 1
            turns.append(turn)
        return tuple(turns)

    @property
    def joint(self) -> Floats:
        """Steps of one standard error of the logarithms of `params` in independent directions, a row each."""
        return principal_steps(self.covariance)

    @property
    def models(self) -> tuple[LifetimeModel, ...]:
        """The model of each combination; `root` makes draws of them joint."""
        theta, root = np.log(list(self.params.values())), self.joint.T
        made = []
        for turn in self.turns:
            values, covariance = np.exp(turn @ theta), turn @ self.covariance @ turn.T
            errors = values * np.sqrt(np.diag(covariance))
            made.append(
                LifetimeModel(
                    name=self.family.name,
                    params=dict(zip(self.family.parameters, values.tolist(), strict=True)),
                    se=dict(zip(self.family.parameters, errors.tolist(), strict=True)),
                    covariance=covariance,
                    log_likelihood=float("nan"),
                    customers=self.customers,
                    time_unit=self.time_unit,
                    status=self.status,
                    reason=self.reason,
                    likelihood_ratio=self.likelihood_ratio,
                    root=turn @ root,
                )
            )
        return tuple(made)

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """What each level but the first changes, for purchases and then for leaving, with 95% intervals."""
        return self.coefficients_at(0.95)

    def coefficients_at(self, level: float) -> tuple[Coefficient, ...]:
        """The coefficients with intervals of a level."""
        z, place, found = reach_of(level), len(self.family.parameters), []
        values, errors = list(self.params.values()), np.sqrt(np.diag(self.covariance)).tolist()
        for about in ABOUT:
            for covariate, levels in self.covariates:
                for one in levels[1:]:
                    ratio, error = values[place], errors[place]
                    ends = ratio * float(np.exp(-z * error)), ratio * float(np.exp(z * error))
                    log = float(np.log(ratio))
                    who = covariate, one.name, levels[0].name
                    found.append(Coefficient(about, *who, log, error, ratio, *ends, one.customers))
                    place += 1
        return tuple(found)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """The coefficients as a table."""
        import pandas as pd

        columns = list(Coefficient.__slots__)
        return pd.DataFrame(
            [[getattr(one, c) for c in columns] for one in self.coefficients_at(level)], columns=columns
        )

    @property
    def typical(self) -> LifetimeModel:
        """The model of the first levels, which most customers have."""
        first = min(range(len(self.groups)), key=lambda number: self.groups[number])
        return self.models[first]

    def number_of(self, states: PurchaseStates) -> NDArray[np.intp]:
        """The combination of each state; raises `CxvalueError` where it is not known."""
        found: NDArray[np.intp] | None = None
        if self.members is not None and states.customer_id is not None:
            found = self.members.of(states.customer_id)
        elif states.customer_id is None and self.group_of is not None and self.group_of.size == len(states):
            found = self.group_of
        if found is None or (found < 0).any():
            raise CxvalueError("These are not the customers that the covariates were given for.")
        return found

    def with_members(self, members: Members) -> CovariateModel:
        """The same model for states with these ids."""
        return replace(self, members=members, group_of=None)

    # predictions -------------------------------------------------------------------------------------------------

    @property
    def values(self) -> Params:
        """Refused: no parameters hold for everybody."""
        raise CxvalueError(
            "{model} has parameters for each combination of levels, not one set for everybody: see `parts`.",
            model=self.name,
        )

    @property
    def directions(self) -> Floats:
        """Refused, as `values` is."""
        raise CxvalueError("{model} is drawn for each combination of levels: see `models`.", model=self.name)

    def p_alive(self, states: PurchaseStates) -> Floats:
        """P(still alive at T) of each customer; nan throughout when it is withheld."""
        return self._by_group("p_alive", states)

    def p_silence(self, states: PurchaseStates) -> Floats:
        """P(a silence as long as the present one | the history before it, alive) of each customer."""
        return self._by_group("p_silence", states)

    def expected_transactions(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """E[purchases in (T, T + t]] of each customer."""
        return self._by_group("expected_transactions", states, t)

    def p_return(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """P(at least one purchase in (T, T + t]] of each customer."""
        return self._by_group("p_return", states, t)

    def p_count(self, states: PurchaseStates, t: ArrayLike, n: ArrayLike) -> Floats:
        """P(exactly n purchases in (T, T + t]] of each customer."""
        return self._by_group("p_count", states, t, n)

    def foresee(self, states: PurchaseStates, t: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """`expected_transactions` and `p_count` of each customer."""
        return self.expected_transactions(states, t), self.p_count(states, t, n)

    def _by_group(self, what: str, states: PurchaseStates, *more: ArrayLike) -> Floats:
        result = np.empty(len(states))
        each = [np.broadcast_to(np.asarray(one, dtype=float), result.shape) for one in more]
        for part in parts(self, states):
            result[part.rows] = getattr(part.model, what)(part.states, *(one[part.rows] for one in each))
        return result


class Part(NamedTuple):
    """Some rows of states, the model that holds for them, and the states themselves."""

    rows: Any
    model: LifetimeModel
    states: PurchaseStates


def parts(model: LifetimeModel, states: PurchaseStates) -> list[Part]:
    """The states by the model that holds for them: all at once, or a part for each combination of levels."""
    if not isinstance(model, CovariateModel):
        return [Part(slice(None), model, states)]
    number, found = model.number_of(states), []
    for group, one in enumerate(model.models):
        rows = np.flatnonzero(number == group)
        if rows.size:
            found.append(Part(rows, one, states.take(rows)))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """New customers as a mix of combinations of levels: the model of each, and how many customers the mix was seen in."""

    models: tuple[LifetimeModel, ...]
    customers: Floats

    @classmethod
    def of(cls, model: LifetimeModel, states: PurchaseStates) -> Newcomers:
        """The mix of those who came in the last year, or of everybody where nobody did; one model where it holds for all."""
        if not isinstance(model, CovariateModel):
            return cls((model,), np.ones(1))
        recent = states.age_days < RECENT_DAYS
        recent = recent if recent.any() else np.ones(len(states), dtype=bool)
        counted = np.bincount(model.number_of(states)[recent], states.count[recent], len(model.groups))
        seen, models = np.flatnonzero(counted), model.models
        return cls(tuple(models[number] for number in seen), counted[seen].astype(np.float64))

    def expected(self, ends: Floats) -> Floats:
        """Purchases expected of a new customer until each of the times, (1, times)."""
        centre = [np.array([list(model.params.values())]) for model in self.models]
        return self._path(centre, self.customers[None, :] / self.customers.sum(), ends)

    def drawn(self, ends: Floats, n: int, rng: np.random.Generator) -> Floats:
        """The same at n draws of the parameters and of the mix, (n, times)."""
        if len(self.models) == 1:
            return self._path([self.models[0].draw(n, rng)], np.ones((n, 1)), ends)
        seed = int(rng.integers(2**62))
        # Equal generators: what the combinations share is the same in the same draw.
        parameters = [model.draw(n, np.random.default_rng(seed)) for model in self.models]
        return self._path(parameters, rng.dirichlet(self.customers, n), ends)

    def _path(self, parameters: list[Floats], shares: Floats, ends: Floats) -> Floats:
        total = np.zeros((len(shares), ends.size))
        for model, values, share in zip(self.models, parameters, shares.T, strict=True):
            stays, future = model.family.newcomer(tuple(values.T))
            total = total + (share * stays)[:, None] * model.family.expected(future, ends[None, :])
        return total
