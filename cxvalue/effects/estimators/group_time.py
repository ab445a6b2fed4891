"""Group-time effects of a staggered roll-out (Callaway and Sant'Anna 2021), on panels added up by unit, bin and month.

For the units that start in month g and a month t, the effect is the long difference of the treated, from before the start
to t, less that of the units that are still untreated at t. Both are taken within bins of acquisition, and the bins
of the comparison are weighted as those of the treated: customers' margin depends on how long they have been customers, and a
unit takes in new ones until it starts. With indicators of the bins as the only covariates this is the doubly robust
estimator, since regression and weighting then agree.

Uncertainty is a jackknife over units (Efron and Stein 1981), which is conservative with few or unequal units (Hansen 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.estimators.pairs import PairSums, effects_of_pairs, pair_sums
from cxvalue.foundation.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

EVENTS = 2
"""Where the event-time effects begin in `GroupTime.vector`."""

FEW_AT_A_TIME = 5
"""With fewer treated units than this at an event time, its own spread says too little of its error."""

FEW_TREATED = 8
"""With fewer treated units than this nothing can be said of effects that differ with their size."""

BASE_MONTHS = 12
"""Months up to the start whose mean is the level before it: one month alone is as noisy as any other."""
AT_ONCE = 2_000_000
"""Sums of the comparisons that are held at once while units are left out in turn."""

FEWEST_IN_A_BIN = 30
"""Bins of acquisition with fewer customers than this in the comparison are merged with the next."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupTime:
    """Effects by cohort and month, with what they add up to.

    Attributes:
        cohorts: first treated month of each cohort.
        bases: last month before the start of each cohort.
        effects: cohorts x months; nan where nothing can be said. Before the base they are placebo effects.
        weights: treated customers behind each effect.
        post: cohorts x months: whether the month is a treated one.
        overall: mean of the treated months' effects, weighted.
        event_time, event_effect, event_weight: the same by months since the first treated one; before the start by months
            from the base, which is -1.
        naive: before and after, on the treated alone.
        identified, unidentified: treated customer-months with and without an effect.
    """

    cohorts: Ints
    bases: Ints
    effects: Floats
    weights: Floats
    post: Bools
    overall: float
    event_time: Ints
    event_effect: Floats
    event_weight: Floats
    naive: float
    identified: float
    unidentified: float

    @property
    def vector(self) -> Floats:
        """All that is judged together: overall, naive, then the event-time effects from `EVENTS` on."""
        return np.concatenate([[self.overall, self.naive], self.event_effect])


@dataclass(frozen=True, slots=True, eq=False)
class Jackknife:
    """Covariance of `GroupTime.vector`, degrees of freedom of the overall effect, and the effect without each cluster."""

    covariance: Floats
    df: float
    without: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Customers and outcome by cohort x bin x month, and of the units untreated through a month (k x bin x month)."""

    treated_n: Floats
    treated_y: Floats
    free_n: Floats
    free_y: Floats


def group_time(
    panel: UnitPanel,
    *,
    base_months: int = 1,
    never_only: bool = False,
    cells: Bools | None = None,
    paths: Ints | None = None,
) -> GroupTime:
    """Effects of every cohort in every month.

    Args:
        panel: customers and outcome by cell, bin and month.
        base_months: over how many months up to the base the level before the start is averaged; 1 is the base alone.
        never_only: compare with units that never start only; otherwise with those that have not started yet as well.
        cells: which cells of the panel take part (all by default).
        paths: a number for each cell; cells that start together but differ in it are cohorts of their own.
    """
    frame = _frame(panel, never_only, paths)
    kept = np.ones(len(panel.start), dtype=bool) if cells is None else cells
    if panel.gaps:
        return _of_pairs(panel, frame, pair_sums(panel, frame, kept), base_months)
    return _estimate(panel, frame, _sums(panel, frame, kept), _merged(panel, frame), base_months)


def jackknife(panel: UnitPanel, *, base_months: int = 1, never_only: bool = False) -> Jackknife:
    """Leave each cluster out in turn."""
    full, rows = _leave_out(panel, _frame(panel, never_only), base_months)
    clusters = np.unique(panel.cluster)
    # A cluster that is a cohort's only one takes its effects with it; what is left then says nothing of them.
    rows = np.where(np.isnan(rows), full.vector, rows)
    off = rows - full.vector
    count = clusters.size
    off = _no_surer_than_others(panel, clusters, _without_size(panel, clusters, off), full)
    covariance = (count - 1) / count * (off.T @ off)
    return Jackknife(covariance, degrees_of_freedom(panel, clusters, off[:, 0]), rows[:, 0])


def _leave_out(panel: UnitPanel, frame: _Frame, base_months: int) -> tuple[GroupTime, Floats]:
    """The effects, and their vector without each cluster in turn."""
    clusters = np.unique(panel.cluster)
    every = np.ones(len(panel.start), dtype=bool)
    if panel.gaps:
        pairs = pair_sums(panel, frame, every)
        full = _of_pairs(panel, frame, pairs, base_months)
        rest = (pairs.less(pair_sums(panel, frame, panel.cluster == number)) for number in clusters)
        return full, np.array([_of_pairs(panel, frame, one, base_months, full.event_time).vector for one in rest])
    merged = _merged(panel, frame)
    whole = _sums(panel, frame, every)
    full = _estimate(panel, frame, whole, merged, base_months)
    post, rows = _post(panel, frame), []
    at_once = max(1, AT_ONCE // whole.free_n.size)
    for some in np.split(clusters, range(at_once, clusters.size, at_once)):
        rest_ = _without(panel, frame, whole, some)
        for effects, weights, naive, unidentified in zip(*_each(panel, frame, rest_, merged, base_months), strict=True):
            rows.append(_summary(frame, effects, weights, post, naive, unidentified, full.event_time).vector)
    return full, np.array(rows)


def _no_surer_than_others(panel: UnitPanel, clusters: Ints, off: Floats, full: GroupTime) -> Floats:
    """Give event times that rest on few treated units the variance that units have at other times.

    Leaving out the only unit of an event time leaves nothing to compare with, and two or three units may agree by luck. The
    variance of the mean of k units with W customers is taken to fall with k and with W, whichever leaves more of it.
    """
    treated = np.array([panel.treated[panel.cluster == number].any() for number in clusters])
    if (treated & np.array([(~panel.treated[panel.cluster == number]).any() for number in clusters])).any():
        return off  # groups of customers: every one of them is at every time
    there = _presence(panel, clusters, full.event_time)
    units, people = there.sum(axis=0), full.event_weight
    part = (off[treated][:, EVENTS:] ** 2).sum(axis=0)
    known = (units >= FEW_AT_A_TIME) & (full.event_time != -1) & (people > 0)
    if known.sum() < 3:
        return off
    by_unit, by_head = float((part * units)[known].mean()), float((part * people)[known].mean())
    found = off.copy()
    for place in np.flatnonzero((units > 0) & (units < FEW_AT_A_TIME) & (full.event_time != -1) & (people > 0)):
        least = max(by_unit / units[place], by_head / people[place])
        if part[place] >= least:
            continue
        rows = np.flatnonzero(treated & there[:, place])
        if part[place] > 0.01 * least:
            found[rows, EVENTS + place] *= np.sqrt(least / part[place])
        else:  # one sign throughout: the luck of a unit lasts
            found[rows, EVENTS + place] = np.sqrt(least / rows.size)
    return found


def _presence(panel: UnitPanel, clusters: Ints, event_time: Ints) -> Bools:
    """Which treated cluster has customers at which event time."""
    found = np.zeros((clusters.size, event_time.size), dtype=bool)
    number = np.arange(panel.months.count)
    place = np.searchsorted(clusters, panel.cluster)
    for cell in np.flatnonzero(panel.treated & (panel.base >= 0)):
        start, base = panel.start[cell], panel.base[cell]
        usable = panel.customers[cell, : base + 1].sum(axis=0) > 0
        since = np.where(number >= start, number - start, number - base - 1)
        own = since[usable & ((number >= start) | (number <= base))]
        found[place[cell]] |= np.isin(event_time, own)
    return found


def _without_size(panel: UnitPanel, clusters: Ints, off: Floats) -> Floats:
    """Take out of the jackknife what differs between treated units because of their size.

    The effect is that of these very units, so a difference between their effects is no error. Of it only what goes with
    something known can be told from chance (Neyman 1923; Ding, Feller and Miratrix 2019): here with the size.
    """
    sizes = np.zeros(clusters.size)
    for place, number in enumerate(clusters):
        cells = (panel.cluster == number) & panel.treated
        if cells.any() and not (~panel.treated[panel.cluster == number]).any():
            sizes[place] = panel.customers[cells].max(axis=2).sum()
    found = off.copy()
    for column in range(off.shape[1]):
        units = np.flatnonzero((sizes > 0) & (off[:, column] != 0))
        if units.size < FEW_TREATED:
            continue
        share = sizes[units] / sizes[units].sum()
        x = np.log(sizes[units])
        x = share / (1 - share) * (x - share @ x)
        slope = (x @ off[units, column]) / (x @ x) if x @ x > 0 else 0.0
        found[units, column] = (off[units, column] - slope * x) * np.sqrt(units.size / (units.size - 1))
    return found


def degrees_of_freedom(panel: UnitPanel, clusters: Ints, off: Floats) -> float:
    """Satterthwaite's degrees of freedom from the parts that treated and untreated clusters have in the variance."""
    treated = np.array([panel.treated[panel.cluster == number].any() for number in clusters])
    bare = np.array([(~panel.treated[panel.cluster == number]).any() for number in clusters])
    if (treated & bare).all():  # groups of customers, each with both
        return float(max(clusters.size - 1, 1))
    parts = [(off[side] ** 2).sum() for side in (treated, ~treated)]
    sizes = [side.sum() for side in (treated, ~treated)]
    below = sum(part**2 / max(size - 1, 1) for part, size in zip(parts, sizes, strict=True))
    return float(max(sum(parts) ** 2 / below, 1.0)) if below > 0 else float(max(clusters.size - 1, 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What stays the same however many units are left out; `waiting`: units that start later are comparisons too."""

    cohorts: Ints
    bases: Ints
    cohort_of: Ints
    free_until: Ints
    waiting: bool


def cohort_keys(panel: UnitPanel, paths: Ints | None = None) -> Ints:
    """Start, base and path of each cohort, in the order in which `group_time` numbers them."""
    found: Ints = np.unique(_keys(panel, paths)[panel.treated & (panel.base >= 0)], axis=0)
    return found


def _keys(panel: UnitPanel, paths: Ints | None) -> Ints:
    if paths is None:
        # Units that start together and end apart are cohorts of their own: each is compared with itself before.
        paths = np.zeros_like(panel.start) if panel.until is None else panel.until
    return np.column_stack([panel.start, panel.base, paths])


def _frame(panel: UnitPanel, never_only: bool, paths: Ints | None = None) -> _Frame:
    pairs, own = cohort_keys(panel, paths), _keys(panel, paths)
    cohort_of = np.full(len(panel.start), -1)
    for number, key in enumerate(pairs):
        cohort_of[(own == key).all(axis=1)] = number
    free_until = np.where(never_only & panel.treated, -1, np.minimum(panel.base, panel.months.count - 1))
    return _Frame(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), cohort_of, free_until, not never_only)


def _sums(panel: UnitPanel, frame: _Frame, kept: Bools) -> _Sums:
    shape = panel.customers.shape[1:]
    out = []
    for values in (panel.customers, panel.total):
        treated = np.zeros((frame.cohorts.size, *shape))
        free = np.zeros((panel.months.count, *shape))
        inside = kept & (frame.cohort_of >= 0)
        np.add.at(treated, frame.cohort_of[inside], values[inside])
        able = kept & (frame.free_until >= 0)
        np.add.at(free, frame.free_until[able], values[able])
        # From those who are free until exactly k to all who are free through k.
        out += [treated, np.cumsum(free[::-1], axis=0)[::-1]]
    return _Sums(out[0], out[2], out[1], out[3])


def _without(panel: UnitPanel, frame: _Frame, whole: _Sums, clusters: Ints) -> _Sums:
    """The sums without each of some clusters, stacked."""
    rest = _Sums(*(np.repeat(getattr(whole, name)[None], clusters.size, axis=0) for name in _Sums.__slots__))
    for place, cell in np.argwhere(clusters[:, None] == panel.cluster):
        cohort, free = frame.cohort_of[cell], slice(frame.free_until[cell] + 1)
        if cohort >= 0:
            rest.treated_n[place, cohort] -= panel.customers[cell]
            rest.treated_y[place, cohort] -= panel.total[cell]
        rest.free_n[place, free] -= panel.customers[cell]
        rest.free_y[place, free] -= panel.total[cell]
    return rest


def _merged(panel: UnitPanel, frame: _Frame) -> list[Ints]:
    """For each cohort the group of each bin: bins after the base have none (-1), small ones go with the next older."""
    groups = []
    every = _sums(panel, frame, np.ones(len(panel.start), dtype=bool))
    last = panel.months.count - 1
    for number, base in enumerate(frame.bases):
        through = min(int(frame.cohorts[number]), last)
        there = np.minimum(every.free_n[through, :, base], every.free_n[base, :, base])
        group = np.full(panel.months.count, -1)
        current, filled = 0, 0.0
        for bin_ in range(base + 1):
            group[bin_] = current
            filled += there[bin_]
            if filled >= FEWEST_IN_A_BIN:
                current, filled = current + 1, 0.0
        if filled and current:  # the newest are too few for a group of their own
            group[group == current] = current - 1
        groups.append(group)
    return groups


def _estimate(panel: UnitPanel, frame: _Frame, sums: _Sums, merged: list[Ints], base_months: int) -> GroupTime:
    stacked = _Sums(*(getattr(sums, name)[None] for name in _Sums.__slots__))
    effects, weights, naive, unidentified = _each(panel, frame, stacked, merged, base_months)
    return _summary(frame, effects[0], weights[0], _post(panel, frame), naive[0], unidentified[0], None)


def _each(
    panel: UnitPanel, frame: _Frame, sums: _Sums, merged: list[Ints], base_months: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Effects, their weights, naive changes (sums x cohorts x months) and what is not identified, of stacked sums."""
    count = panel.months.count
    number = np.arange(count)
    effects = np.full((len(sums.treated_n), frame.cohorts.size, count), np.nan)
    weights, naive = np.zeros(effects.shape), np.full(effects.shape, np.nan)
    unidentified = np.zeros(len(effects))
    windows = ((number[:, None] <= frame.bases) & (number[:, None] > frame.bases - base_months)).astype(float)
    then = sums.free_n @ windows, sums.free_y @ windows
    for cohort, (start, base) in enumerate(zip(frame.cohorts, frame.bases, strict=True)):
        group = merged[cohort]
        own_n, own_y = sums.treated_n[:, cohort], sums.treated_y[:, cohort]
        unidentified += own_n[:, group < 0][:, :, number >= start].sum(axis=(1, 2))
        gather = (group[None, :] == np.arange(int(group.max()) + 1)[:, None]).astype(float)
        through = np.maximum(number, base)  # who is a comparison for a month must be free through it and the base
        n_t = gather @ own_n
        level_t = _mean(n_t, gather @ own_y)
        # Comparisons in each month, and in the window; of the rest of the months nothing is needed.
        now_n, now_y = (np.moveaxis(free[:, through, :, number], 0, -1) for free in (sums.free_n, sums.free_y))
        then_n, then_y = (part[..., cohort][:, through] for part in then)
        had_n, had_y = own_n @ windows[:, cohort], own_y @ windows[:, cohort]
        if frame.waiting:
            # Before its start a cohort is itself still without the programme, and no comparison for itself.
            early = slice(0, base + 1)
            now_n[..., early] -= own_n[..., early]
            now_y[..., early] -= own_y[..., early]
            then_n[:, early] -= had_n[:, None]
            then_y[:, early] -= had_y[:, None]
        level_c = _mean(gather @ now_n, gather @ now_y)
        before_t = _mean(had_n @ gather.T, had_y @ gather.T)[..., None]
        before_c = np.swapaxes(_mean(then_n @ gather.T, then_y @ gather.T), 1, 2)
        with np.errstate(invalid="ignore"):
            change_t, change_c = level_t - before_t, level_c - before_c
            share = np.where(np.isnan(change_t) | np.isnan(change_c), 0.0, n_t)
            whole = share.sum(axis=1)
            effect = np.where(share > 0, share * (change_t - change_c), 0.0).sum(axis=1) / whole
            changes = np.where(n_t > 0, n_t * np.nan_to_num(change_t), 0.0)
            naive[:, cohort] = changes.sum(axis=1) / n_t.sum(axis=1)
        known = (whole > 0) & ((number >= start) | (number <= base))
        effects[:, cohort] = np.where(known, effect, np.nan)
        weights[:, cohort] = np.where(known, whole, 0.0)
        unidentified += (n_t.sum(axis=1) - weights[:, cohort])[:, number >= start].sum(axis=1)
    return effects, weights, naive, unidentified


def _post(panel: UnitPanel, frame: _Frame) -> Bools:
    return np.arange(panel.months.count) >= frame.cohorts[:, None]


def _of_pairs(
    panel: UnitPanel, frame: _Frame, sums: PairSums, base_months: int, event_time: Ints | None = None
) -> GroupTime:
    effects, weights, naive, unidentified = effects_of_pairs(frame, sums, base_months, panel.months.count)
    return _summary(frame, effects, weights, _post(panel, frame), naive, unidentified, event_time)


def _summary(
    frame: _Frame,
    effects: Floats,
    weights: Floats,
    post: Bools,
    naive: Floats,
    unidentified: float,
    event_time: Ints | None,
) -> GroupTime:
    number = np.arange(effects.shape[1])
    since = np.where(post, number - frame.cohorts[:, None], number - frame.bases[:, None] - 1)
    known = ~np.isnan(effects)
    there = np.unique(since[known]) if event_time is None else event_time
    sums = {int(e): (known & (since == e)) for e in there}

    def mean(values: Floats, where: Bools) -> float:
        weight = weights[where].sum()
        return float((weights[where] * values[where]).sum() / weight) if weight > 0 else np.nan

    inside = known & post
    return GroupTime(
        cohorts=frame.cohorts,
        bases=frame.bases,
        effects=effects,
        weights=weights,
        post=post,
        overall=mean(effects, inside),
        event_time=np.asarray(there, dtype=np.int64),
        event_effect=np.array([mean(effects, where) for where in sums.values()]),
        event_weight=np.array([weights[where].sum() for where in sums.values()]),
        naive=mean(naive, inside),
        identified=float(weights[inside].sum()),
        unidentified=float(unidentified),
    )


def _mean(n: Floats, y: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, y / n, np.nan)
