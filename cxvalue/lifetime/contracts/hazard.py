"""Who leaves, and what goes with it: a discrete-time hazard model with drivers, for contracts, staff or any member.

In each whole month a member may leave. With the complementary log-log link, P(leaving in a month) is
1 - exp(-exp(intercept + sum of effects)), so that exp(effect) is the ratio of two hazards, exactly as in a Cox model for
times counted in whole months (Prentice and Gloeckler, Biometrics 34, 1978; Allison, Sociological Methodology 13,
1982). Members who come into the data late enter at their age. Input are *cells*: all member-months of equal drivers
together. The covariance is robust to members of one cluster (an account, a branch) going together (Liang and Zeger 1986).

A hazard ratio compares who is alike in the other drivers. It does not say that the driver is the cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import p_value_of, reach_of

if TYPE_CHECKING:
    import pandas as pd

OTHER = "other"
FEWEST_EVENTS = 5
FEWEST_IN_ALL = 20
_STEPS, _TOLERANCE = 100, 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class HazardModel:
    """A fitted hazard model.

    Attributes:
        drivers: the drivers in the model; `levels` gives of each the level compared with, then the others.
        coef: intercept, then the log hazard ratio of each further level, driver by driver.
        covariance: of `coef`; from the information matrix until `robust` replaces it.
        log_likelihood: of the cells.
        at_risk, ended: member-months and ends in each level of each driver, by "driver=level".
        months, ends: in all.
        clusters: groups of members that the covariance takes to go together; 0 before `robust`.
    """

    drivers: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    coef: Floats
    covariance: Floats
    log_likelihood: float
    at_risk: Mapping[str, int]
    ended: Mapping[str, int]
    months: int
    ends: int
    clusters: int = 0

    def design(self, table: pd.DataFrame) -> Floats:
        """Rows of the design matrix for a table with a column a driver; a level never seen counts as `other`.

        Where nothing was gathered into `other`, it counts as the level with most member-months.
        """
        import pandas as pd

        columns = [np.ones(len(table))]
        for driver in self.drivers:
            names = self.levels[driver]
            counted = [self.at_risk[f"{driver}={name}"] for name in names]
            spare = names.index(OTHER) if OTHER in names else int(np.argmax(counted))
            code = pd.Index(names, dtype=object).get_indexer(table[driver].astype(object))
            code = np.where(code < 0, spare, code)
            columns += [(code == number).astype(float) for number in range(1, len(names))]
        return np.column_stack(columns)

    def hazard(self, table: pd.DataFrame, coef: Floats | None = None) -> Floats:
        """P(leaving in the month), a row of the table each; with draws of `coef` (draws x effects) a column a draw."""
        score = self.design(table) @ (self.coef if coef is None else coef.T)
        return np.asarray(-np.expm1(-np.exp(np.minimum(score, 30.0))))

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of the coefficients, shape (n, effects), from their normal approximation."""
        return self.coef + rng.standard_normal((n, self.coef.size)) @ principal_steps(self.covariance)

    def ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Hazard ratios with their interval: driver, level, compared_with, ratio, low, high, at_risk, ended, p_value."""
        import pandas as pd

        z, se = reach_of(level), np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        rows: list[tuple[Any, ...]] = []
        place = 1
        for driver in self.drivers:
            base, *rest = self.levels[driver]
            counted = {name: f"{driver}={name}" for name in (base, *rest)}
            rows.append((driver, base, base, 1.0, np.nan, np.nan, self.at_risk[counted[base]],
                         self.ended[counted[base]], np.nan))  # fmt: skip
            for name in rest:
                effect, error = float(self.coef[place]), float(se[place])
                p_value = p_value_of(effect, error) if error > 0 else 0.0
                ends = np.exp([effect, effect - z * error, effect + z * error])
                rows.append((driver, name, base, *ends.tolist(), self.at_risk[counted[name]],
                             self.ended[counted[name]], p_value))  # fmt: skip
                place += 1
        names = ("driver", "level", "compared_with", "ratio", "low", "high", "at_risk", "ended", "p_value")
        return pd.DataFrame(rows, columns=list(names))


def fit_hazard(
    cells: pd.DataFrame,
    drivers: Sequence[str],
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    fewest: int = FEWEST_EVENTS,
) -> HazardModel:
    """Fit the model to cells by maximum likelihood.

    Args:
        cells: a column a driver (text), and `at_risk` and `ended`: member-months (need not be whole) and ends of the cell.
        drivers: the columns to use. Levels with fewer than `fewest` ends are gathered as `other` (or left with the largest
            level where even those are too few); a driver with one level left drops out.
        order: of the levels of a driver, the first being the one to compare with; levels that are not named come last, those
            with most member-months first.

    Raises:
        CxvalueError: fewer than 20 ends in all, or no member-month.

    >>> import pandas as pd
    >>> cells = pd.DataFrame({"plan": ["a", "b"], "at_risk": [1000, 1000], "ended": [100, 190]})
    >>> round(float(fit_hazard(cells, ["plan"], order={"plan": ["a"]}).ratios()["ratio"][1]), 4)  # ln .81 / ln .9
    2.0
    """
    n, d = cells["at_risk"].to_numpy(dtype=float), cells["ended"].to_numpy(dtype=float)
    if d.sum() < FEWEST_IN_ALL:
        raise CxvalueError(
            "Too few contracts ended: {ends:,}. At least {fewest} ends are needed before drivers can be told apart.",
            ends=int(d.sum()),
            fewest=FEWEST_IN_ALL,
        )
    labels: dict[str, NDArray[np.object_]] = {}
    levels: dict[str, tuple[str, ...]] = {}
    at_risk: dict[str, int] = {}
    ended: dict[str, int] = {}
    for driver in drivers:
        column = _gathered(cells[driver].astype(str).to_numpy(object), n, d, fewest)
        asked = (order or {}).get(driver, ())
        names = sorted(set(column), key=lambda name: (-float(n[column == name].sum()), name))
        names = [*(name for name in asked if name in names), *(name for name in names if name not in asked)]
        if len(names) > 1:
            labels[driver], levels[driver] = column, tuple(map(str, names))
            at_risk |= {f"{driver}={name}": round(float(n[column == name].sum())) for name in names}
            ended |= {f"{driver}={name}": round(float(d[column == name].sum())) for name in names}
    kept = tuple(labels)
    columns = [np.ones(n.size), *((labels[name] == one).astype(float) for name in kept for one in levels[name][1:])]
    x = np.column_stack(columns)
    coef, information, value = _maximise(x, n, d)
    return HazardModel(
        kept,
        levels,
        coef,
        np.asarray(np.linalg.pinv(information), dtype=np.float64),
        value,
        at_risk,
        ended,
        round(float(n.sum())),
        round(float(d.sum())),
    )


def _gathered(column: NDArray[np.object_], n: Floats, d: Floats, fewest: int) -> NDArray[np.object_]:
    """The levels of a driver, rare ones (by ends, or by those who did not end) together."""
    names, code = np.unique(column.astype(str), return_inverse=True)
    ends, stays = np.bincount(code, d), np.bincount(code, n - d)
    rare = (ends < fewest) | (stays < fewest)
    if not rare.any():
        return names.astype(object)[code]
    enough = ends[rare].sum() >= fewest and stays[rare].sum() >= fewest
    into = OTHER if enough else names[np.argmax(np.where(rare, -1.0, ends + stays))]
    return np.where(rare, into, names).astype(object)[code]


def _maximise(x: Floats, n: Floats, d: Floats) -> tuple[Floats, Floats, float]:
    """Fisher scoring with halved steps; the log-likelihood of this link is concave."""
    coef = np.zeros(x.shape[1])
    coef[0] = np.log(-np.log1p(-min(d.sum() / n.sum(), 1 - 1e-9)))
    value = log_likelihood(x @ coef, n, d)
    information = np.eye(x.shape[1])
    for _ in range(_STEPS):
        score, weight = derivatives(x @ coef, n, d)
        gradient, information = x.T @ score, (x * weight[:, None]).T @ x
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        for _ in range(40):
            better = log_likelihood(x @ (coef + step), n, d)
            if better >= value:
                break
            step = step / 2
        coef = coef + step
        gained, value = better - value, better
        if gained < _TOLERANCE * (1 + abs(value)):
            break
    return coef, information, float(value)


def log_likelihood(score: Floats, n: Floats, d: Floats) -> float:
    """Of cells with the complementary log-log `score` of leaving, `n` member-months at risk and `d` ends in each."""
    rate = np.exp(np.clip(score, -50.0, 30.0))
    return float(d @ np.log(-np.expm1(-rate)) - (n - d) @ rate)


def derivatives(score: Floats, n: Floats, d: Floats) -> tuple[Floats, Floats]:
    """First derivative and expected second derivative of the log-likelihood by the score of each cell."""
    rate = np.exp(np.clip(score, -50.0, 30.0))
    gone = -np.expm1(-rate)
    odds = rate * np.exp(-rate) / gone
    return d * odds - (n - d) * rate, n * rate * odds


def cell_scores(model: HazardModel, cells: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Design matrix of cells, and the score of one member-month in each: of one that ended, and of one that did not."""
    x = model.design(cells)
    rate = np.exp(np.clip(x @ model.coef, -50.0, 30.0))
    return x, rate * np.exp(-rate) / -np.expm1(-rate), -rate


def robust(model: HazardModel, meat: Floats, clusters: int) -> HazardModel:
    """The model with the sandwich covariance; `meat` is the sum over clusters of the outer product of their scores."""
    if clusters < 2:
        return model
    bread = model.covariance
    return replace(model, covariance=bread @ meat @ bread * clusters / (clusters - 1), clusters=clusters)


def worth_keeping(cells: pd.DataFrame, drivers: Sequence[str], asked: str) -> bool:
    """Whether leaving `asked` out of the drivers makes the model clearly worse (likelihood-ratio test, 1%)."""
    rest = [name for name in drivers if name != asked]
    with_it, without = (fit_hazard(cells, list(names)) for names in (drivers, rest))
    more = with_it.coef.size - without.coef.size
    return more > 0 and float(chdtrc(more, 2 * (with_it.log_likelihood - without.log_likelihood))) < 0.01
