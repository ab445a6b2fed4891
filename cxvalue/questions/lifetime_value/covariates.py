"""Customers who differ by what the customers table says of them: segment, channel, source; models fitted with it.

The columns that a study names under ``cltv: covariates`` become labels of customers. Levels that too few customers have
are counted together, by a rule that is made once, before the holdout, and kept; then every model that can is fitted with
the labels beside the plain ones (`cxvalue.lifetime.fitting.by_covariates`), and the holdout judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.errors import Problem, nearest, one_of
from cxvalue.foundation.plain import Plain
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.families.registry import COVARIATES, variant_of
from cxvalue.lifetime.fitting.by_covariates import fit_with_covariates
from cxvalue.lifetime.models.by_level import CovariateModel, Members
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.tables.labels import MOST_LEVELS, NOT_KNOWN, NOT_LABELS, labels_of_all
from cxvalue.tables.states import PurchaseStates

if TYPE_CHECKING:
    import ibis


FEWEST_ALIKE = 50
"""Customers that a level must have before the holdout to stand for itself."""
OTHER = "other"
NOT_TEXT = (*NOT_LABELS, "referred_by")


@dataclass(frozen=True, eq=False)
class Labels:
    """What the customers table says of each customer: ids in ascending order, and a column of labels by name."""

    customer_id: NDArray[np.object_]
    columns: Mapping[str, NDArray[np.object_]]

    def of(self, ids: NDArray[np.object_]) -> dict[str, NDArray[np.object_]]:
        """The labels of each id; who has no row is not known."""
        place = Members(self.customer_id, np.arange(self.customer_id.size)).of(ids)
        return {
            name: np.where(place >= 0, np.append(column, NOT_KNOWN)[place], NOT_KNOWN).astype(object)
            for name, column in self.columns.items()
        }


def labels_of(customers: ibis.Table, names: Sequence[str]) -> Labels:
    """The labels of all customers of a customers table; an empty cell is a level of its own, "not known"."""
    text = labels_of_all(customers, names)
    cleaned = {name: text[name].str.strip().replace("", None).fillna(NOT_KNOWN).to_numpy(object) for name in names}
    return Labels(text.index.to_numpy(object), cleaned)


def covariate_problems(names: Sequence[str], customers: ibis.Table | None) -> list[Problem]:
    """What is wrong with the covariates of a study: no customers table, no such column, a column without levels."""
    if not names:
        return []
    if customers is None:
        found = translate("needs the table 'customers', which the study lacks.")
        return [Problem("cltv.covariates", found, translate("Add it."))]
    problems = []
    able = [name for name in customers.columns if name not in NOT_TEXT]
    for name in names:
        where = f"cltv.covariates.{name}"
        if name not in customers.columns:
            remedy = nearest(name, able) if able else translate("Add it to the table, or leave the covariate out.")
            found = translate("the column {name!r} is not in the table 'customers'.", name=name)
            problems.append(Problem(where, found, remedy))
        elif name in NOT_TEXT:
            remedy = one_of(able) if able else translate("Add a column such as segment or channel.")
            problems.append(Problem(where, translate("{name!r} does not hold labels.", name=name), remedy))
        else:
            levels = np.unique(labels_of(customers, [name]).columns[name].astype(str)).size
            if levels > MOST_LEVELS:
                found = translate(
                    "the column {name!r} has {levels:,} different values; at most {most} can be levels.",
                    name=name,
                    levels=levels,
                    most=MOST_LEVELS,
                )
                remedy = translate("Combine values into fewer labels, or leave it out.")
                problems.append(Problem(where, found, remedy))
            elif levels < 2:
                found = translate("the column {name!r} has the same value for every customer.", name=name)
                problems.append(Problem(where, found, translate("Leave it out: it cannot tell customers apart.")))
    return problems


@dataclass(frozen=True)
class Covariate:
    """A column whose labels tell customers apart: the levels that stand for themselves, the most frequent one first, and
    what all others count as."""

    name: str
    levels: tuple[str, ...]
    rest: str

    def read(self, labels: NDArray[np.object_]) -> NDArray[np.object_]:
        """The level of each label."""
        return np.where(np.isin(labels.astype(str), self.levels), labels, self.rest).astype(object)

    def groups(self, labels: NDArray[np.object_]) -> NDArray[np.object_]:
        """The level of each label, where rare labels that count as the most frequent one keep their names.

        Counted with it, they could be taken off again by whoever knows from another table how many it has.
        """
        return self.read(labels) if self.rest == OTHER else labels.astype(str).astype(object)


@dataclass(frozen=True)
class Covariates(Plain):
    """The covariates of a study that can be used, and in words why one cannot (empty when all can)."""

    used: tuple[Covariate, ...]
    reason: str = ""

    @classmethod
    def found(cls, labels: Labels, states: PurchaseStates) -> Covariates:
        """The rule for each column, made from the customers of per-customer states."""
        assert states.customer_id is not None
        used, said = [], []
        for name, column in labels.of(states.customer_id).items():
            levels, counts = np.unique(column.astype(str), return_counts=True)
            kept = {str(level): int(n) for level, n in zip(levels, counts, strict=True) if n >= FEWEST_ALIKE}
            rare = int(counts.sum()) - sum(kept.values())
            if rare >= FEWEST_ALIKE:
                kept[OTHER] = kept.get(OTHER, 0) + rare
            if len(kept) < 2:
                said.append(
                    translate(
                        "Fewer than two levels of {name} have {fewest} customers, so it is left out.",
                        name=name,
                        fewest=FEWEST_ALIKE,
                    )
                )
                continue
            rest = OTHER if OTHER in kept else max(kept, key=lambda level: kept[level])
            used.append(Covariate(name, tuple(sorted(kept, key=lambda level: -kept[level])), rest))
        return cls(tuple(used), " ".join(said))

    def drop_needless(self, labels: Labels, states: PurchaseStates, plain: Sequence[LifetimeModel]) -> Covariates:
        """Without the covariates that say nothing beside the others: one by one, as long as that lowers the AIC.

        Judged on the states given and by the first sound model that can; the last covariate is kept.
        """
        base = next((one for one in plain if one.name in COVARIATES.values() and one.status == "ok"), None)
        if base is None or len(self.used) < 2:
            return self

        def aic(used: tuple[Covariate, ...]) -> float:
            models = Covariates(used).fitted(labels, states, plain, [variant_of(base.name, "covariates")])
            return models[0].aic if models else base.aic

        used, best, said = self.used, aic(self.used), [self.reason] if self.reason else []
        while len(used) > 1:
            fewer = {one.name: tuple(other for other in used if other is not one) for one in used}
            scores = {name: aic(rest) for name, rest in fewer.items()}
            name = min(scores, key=lambda one: scores[one])
            if scores[name] > best:
                break
            used, best = fewer[name], scores[name]
            said.append(
                translate(
                    "Given the others, {name} describes the purchases no better than chance, so it is left out.",
                    name=name,
                )
            )
        return Covariates(used, " ".join(said))

    def groups(self, labels: Labels, ids: NDArray[np.object_]) -> dict[str, NDArray[np.object_]]:
        """The group of each customer, by the name of the covariate, see `Covariate.groups`."""
        found = labels.of(ids)
        return {one.name: one.groups(found[one.name]) for one in self.used}

    def read(self, labels: Labels, ids: NDArray[np.object_]) -> dict[str, NDArray[np.object_]]:
        """The level of each customer, by the name of the covariate."""
        found = labels.of(ids)
        return {one.name: one.read(found[one.name]) for one in self.used}

    def fitted(
        self, labels: Labels, states: PurchaseStates, plain: Sequence[LifetimeModel], names: Sequence[str]
    ) -> tuple[LifetimeModel, ...]:
        """The models of those names with the covariates, fitted to the same per-customer states as the `plain` ones.

        A covariate of which these states show one level only says nothing and is left out; without any nothing is fitted.
        """
        assert states.customer_id is not None
        levels = self.read(labels, states.customer_id)
        levels = {name: column for name, column in levels.items() if (column != column[0]).any()}
        if not levels:
            return ()
        known = {model.name: model for model in plain}
        order = {one.name: one.levels for one in self.used}
        models = [
            fit_with_covariates(states, levels, COVARIATES[name], plain=known[COVARIATES[name]], order=order)
            for name in names
        ]
        return tuple(self.tell_levels(model, labels) for model in models)

    def tell_levels(self, model: LifetimeModel, labels: Labels) -> LifetimeModel:
        """The model, told which levels each customer has; one without covariates as it is."""
        if not isinstance(model, CovariateModel):
            return model
        # The last element stands for everybody without a row in the customers table.
        every = {one.name: one.read(np.append(labels.columns[one.name], NOT_KNOWN)) for one in self.used}
        number = np.zeros(labels.customer_id.size + 1, dtype=np.int64)
        seen = np.zeros(len(model.groups), dtype=np.int64)
        for place, (name, levels) in enumerate(model.covariates):
            order = [level.name for level in levels]
            code = np.select([every[name] == level for level in order], range(len(order)), -1)
            number = np.where((number < 0) | (code < 0), -1, number * (len(order) + 1) + code)
            seen = seen * (len(order) + 1) + np.array([group[place] for group in model.groups])
        sorter = np.argsort(seen)
        at = np.minimum(np.searchsorted(seen, number, sorter=sorter), seen.size - 1)
        group = np.where(seen[sorter[at]] == number, sorter[at], -1).astype(np.intp)
        return model.with_members(Members(labels.customer_id, group[:-1], int(group[-1])))


def find_no_better(models: Sequence[LifetimeModel]) -> set[str]:
    """The models with covariates whose AIC is no lower than that of the same model without: chance would do as well."""
    aic = {model.name: model.aic for model in models}
    return {name for name, plain in COVARIATES.items() if name in aic and not aic[name] < aic[plain]}
