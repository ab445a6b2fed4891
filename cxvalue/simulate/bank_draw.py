"""The customers of the world `bank`, month by month, with the programme and without it.

Both lives of a customer are drawn with the same luck, so their difference is what the programme did and nothing else. A draw
stays in memory and is quick: a calibration makes thousands of them without a table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate

FIRST_MONTH = date(2023, 7, 1)
PROGRAMME = "penalty_waiver"
SECOND = "welcome_calls"
ANNUAL_RATE = 0.12
DESIGNS = ("staggered", "experiment", "cluster_experiment", "matched", "single_unit")
ASKS = (0.10, 0.01)
"""Who asks for the programme in the matched design: after a bad month, and otherwise."""
SHARES = ("share_never", "active", "leaving", "retention", "short_payments", "second_share", "second_follows")
LEAST = {"branches": 5, "months": 12, "ramp_months": 1, "horizon_months": 1, "waivers_a_year": 0, "cap": 0, "margin": 0,
         "losses_per_year": 0, "mean_loss": 0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BankParameters:
    """The true parameters; shares are monthly, money is in the study's currency.

    `uplift` multiplies a treated customer's margin (which holds the fines paid, so it is what is left after those waived),
    `retention` is the share of leavers who stay, both reached after `ramp_months` and fading at `fade` a month; both grow
    with the branch's size to the power `size_power`. `moral_hazard` is how many more payments are short once fines are
    waived, `calls_saved` the share of the calls about a fine that a waiver saves; a fine of up to `cap` is waived
    `waivers_a_year` times a customer and calendar year. `effect_scale` scales all of these (0: the programme changes
    neither margin nor calls). `early_growth` lets branches that start early grow by that much a month anyway.
    `losses_per_year` of `mean_loss` each are what the relaxed rule costs on average beside its costs; no table shows them.

    With `second_share` above 0 a second programme reaches that share of the branches (staggered design only) and adds
    `second_uplift` to the margin, whatever the first one does. `second_follows` of its branches are branches of the first
    one and get it three months after that; the others are drawn from all, at dates of their own.

    Raises `BadInput` for an unknown design and for values that no bank could have.
    """

    design: str = "staggered"
    branches: int = 48
    months: int = 36
    share_never: float = 0.35
    margin: float = 42.0
    spread_customers: float = 0.6
    spread_branches: float = 0.12
    shock: float = 0.02
    persistence: float = 0.6
    season: float = 0.10
    growth: float = 0.002
    active: float = 0.8
    leaving: float = 0.015
    uplift: float = 0.08
    retention: float = 0.25
    ramp_months: int = 2
    fade: float = 0.0
    size_power: float = 0.2
    early_growth: float = 0.0
    effect_scale: float = 1.0
    short_payments: float = 0.05
    moral_hazard: float = 0.20
    calls_saved: float = 0.70
    cap: float = 100.0
    waivers_a_year: int = 1
    one_off: float = 60_000.0
    monthly: float = 2_000.0
    horizon_months: int = 36
    losses_per_year: float = 0.0
    mean_loss: float = 0.0
    second_share: float = 0.0
    second_uplift: float = 0.06
    second_follows: float = 0.0
    second_one_off: float = 30_000.0
    second_monthly: float = 1_000.0

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            found = translate("is {value!r}.", value=self.design)
            raise BadInput([Problem("parameters.design", found, nearest(self.design, DESIGNS))])
        problems = []
        for item in fields(self):
            value, where = getattr(self, item.name), f"parameters.{item.name}"
            if item.name == "design":
                continue
            whole = item.type == "int"
            if (
                isinstance(value, bool)
                or not isinstance(value, int if whole else int | float)
                or not np.isfinite(value)
            ):
                remedy = translate("Give a whole number.") if whole else translate("Give a number.")
                problems.append(Problem(where, translate("is {value!r}.", value=value), remedy))
            elif item.name in SHARES and not 0 <= value <= 1:
                found = translate("is {value}, and a share must be between 0 and 1.", value=f"{value:g}")
                problems.append(Problem(where, found, translate("Give a share.")))
            elif item.name in LEAST and value < LEAST[item.name]:
                remedy = translate("Give {least} or more.", least=LEAST[item.name])
                problems.append(Problem(where, translate("is {value}.", value=f"{value:g}"), remedy))
        if not problems and self.never >= self.branches:
            found = translate("leaves no branch with the programme.")
            problems.append(Problem("parameters.share_never", found, translate("Give less.")))
        if self.early_growth and self.design in ("experiment", "matched"):
            problems.append(
                Problem(
                    "parameters.early_growth",
                    translate("lets branches grow, and design: {design} is not about branches.", design=self.design),
                    translate("Leave it out, or choose staggered, cluster_experiment or single_unit."),
                )
            )
        if self.second_share and self.design != "staggered":
            problems.append(
                Problem(
                    "parameters.second_share",
                    translate(
                        "gives a second programme to branches at different dates, and the design is {design}.",
                        design=self.design,
                    ),
                    translate("Leave it out, or choose design: staggered."),
                )
            )
        if problems:
            raise BadInput(problems)

    @property
    def never(self) -> int:
        """How many branches never get the programme in the staggered design, at least 3."""
        return max(round(self.share_never * self.branches), 3)


@dataclass(frozen=True, eq=False)
class SecondProgramme:
    """A second programme on the same customers: its starts as in `BankDraw`, and two lives more.

    `without_it` is the margin with the first programme alone. `bare` is that without either, as far as either is counted:
    a programme that a customer found in place when joining stays in place. Customers x months.
    """

    start_day: Ints
    start: Ints
    base: Ints
    without_it: Floats
    bare: Floats


@dataclass(frozen=True, eq=False)
class BankDraw:
    """What happened, and what would have happened without the programme, by customer and month.

    `start_day` is the day of the unit's start in days after the first month's first day (−1: never), `start` the first
    full treated month, `base` the last full month before; `acquired` the day of acquisition on the same scale.
    `alive` says who is still a customer with the programme, `alive_without` who would be without it. Customers x months.
    `second` is there when the bank has a second programme; `with_it` then holds both, `without_it` the second alone.
    """

    branch: Ints
    acquired: Ints
    start_day: Ints
    start: Ints
    base: Ints
    with_it: Floats
    without_it: Floats
    alive: Bools
    alive_without: Bools
    parameters: BankParameters
    second: SecondProgramme | None = None

    @property
    def observed(self) -> Floats:
        """The margin that the bank's books show."""
        return self.with_it


def draw_bank(customers: int, seed: int, parameters: BankParameters = BankParameters()) -> BankDraw:
    """Simulate the customers of a bank month by month, with and without the programme."""
    true, rng = parameters, np.random.default_rng(seed)
    weight = rng.lognormal(0.0, 0.6, true.branches)
    branch = rng.choice(true.branches, customers, p=weight / weight.sum())
    days = (month_start(true.months) - FIRST_MONTH).days
    old = rng.random(customers) < 0.6
    acquired = np.where(old, -rng.integers(1, 900, customers), rng.integers(0, days - 40, customers))
    level = true.margin * rng.lognormal(-(true.spread_customers**2) / 2, true.spread_customers, customers)
    level *= np.exp(true.spread_branches * rng.standard_normal(true.branches))[branch]
    common = _common(true, rng)
    busy = rng.random((customers, true.months)) < true.active
    size_of = rng.gamma(4.0, 0.25, (customers, true.months))
    luck = rng.random((customers, true.months))
    joined = month_of(acquired)
    month = np.arange(true.months)
    there = month >= joined[:, None]

    plain = level[:, None] * common[branch] * busy * size_of
    alive_0 = there & (np.cumsum((luck < true.leaving) & (month > joined[:, None]), axis=1) == 0)
    without_it = np.where(alive_0, plain, 0.0)
    start_day = _starts(true, customers, branch, acquired, weight, without_it, rng)
    if true.early_growth:
        # Branches that start early were growing anyway, faster the earlier they start.
        day = np.full(true.branches, -1)
        day[branch] = start_day
        early = np.where(day >= 0, 1 - (day - day[day >= 0].min()) / max(np.ptp(day[day >= 0]), 1), 0.0)
        drift = 1 + true.early_growth * early[branch][:, None] * month
        plain, without_it = plain * drift, without_it * drift
    starts_in, start, base = _months_of(start_day, true.months)
    since = month - starts_in[:, None]
    count = np.bincount(branch, minlength=true.branches)
    scale = true.effect_scale * (count / np.average(count, weights=count)) ** true.size_power
    dose = np.where(
        since >= 0, np.minimum((since + 1) / true.ramp_months, 1) * np.exp(-true.fade * np.maximum(since, 0)), 0
    )
    dose = dose * scale[branch][:, None]
    leave = true.leaving * (1 - np.clip(true.retention * dose, -1, 1))
    alive_1 = there & (np.cumsum((luck < leave) & (month > joined[:, None]), axis=1) == 0)
    with_it = np.where(alive_1, plain * (1 + true.uplift * dose), 0.0)
    if not true.second_share:
        return BankDraw(branch, acquired, start_day, start, base, with_it, without_it, alive_1, alive_0, true)
    second_day = _second_starts(true, branch, start_day, np.random.default_rng([seed, 9]))
    second_in, second_start, second_base = _months_of(second_day, true.months)
    more = np.where(month >= second_in[:, None], true.effect_scale * true.second_uplift, 0.0)
    # Who joined after a programme's start found it in place: that is no effect of it that anybody counts.
    found_first, found_second = (((day >= 0) & (acquired >= day))[:, None] for day in (start_day, second_day))
    left = 1 + np.where(found_first, true.uplift * dose, 0.0) + np.where(found_second, more, 0.0)
    second = SecondProgramme(
        second_day, second_start, second_base, with_it, np.where(found_first, alive_1, alive_0) * plain * left
    )
    both = np.where(alive_1, plain * (1 + true.uplift * dose + more), 0.0)
    only = np.where(alive_0, plain * (1 + more), 0.0)
    return BankDraw(branch, acquired, start_day, start, base, both, only, alive_1, alive_0, true, second)


def _months_of(start_day: Ints, months: int) -> tuple[Ints, Ints, Ints]:
    """Month of each start (far away for never), first full month under it (-1 for never) and last full month before."""
    inside = np.where(start_day >= 0, month_of(start_day), months + 99)
    start = np.where(start_day >= 0, np.where(starts_a_month(start_day), inside, inside + 1), -1)
    return inside, np.where(start >= months, -1, start), np.where(start_day >= 0, inside - 1, months)


def _second_starts(true: BankParameters, branch: Ints, start_day: Ints, rng: np.random.Generator) -> Ints:
    """Day of the second programme's start for each customer; -1 for never."""
    first = np.full(true.branches, -1)
    first[branch] = start_day
    wanted = max(round(true.second_share * true.branches), 2)
    followers = np.flatnonzero(first >= 0)
    followers = rng.permutation(followers)[: round(true.second_follows * wanted)]
    others = np.setdiff1d(np.arange(true.branches), followers)
    others = rng.permutation(others)[: wanted - followers.size]
    day = np.full(true.branches, -1)
    day[followers] = first[followers] + 91
    months = rng.integers(true.months // 3, 2 * true.months // 3, true.branches)
    own = np.array([(month_start(int(month)) - FIRST_MONTH).days for month in months])
    day[others] = own[others]
    day[day >= (month_start(true.months) - FIRST_MONTH).days] = -1
    return day[branch]


def _common(true: BankParameters, rng: np.random.Generator) -> Floats:
    """Season, growth and a branch's own luck, which lasts; branches x months."""
    month = np.arange(true.months)
    season = 1 + true.season * np.sin(2 * np.pi * month / 12)
    shock = np.zeros((true.branches, true.months))
    news = true.shock * rng.standard_normal((true.branches, true.months))
    for t in range(true.months):
        shock[:, t] = (true.persistence * shock[:, t - 1] if t else 0.0) + news[:, t]
    return season * (1 + true.growth * month) * np.exp(shock)


def _starts(
    true: BankParameters,
    customers: int,
    branch: Ints,
    acquired: Ints,
    weight: Floats,
    margin: Floats,
    rng: np.random.Generator,
) -> Ints:
    """Day of the start for each customer; −1 for never."""
    first, last = true.months // 3, 2 * true.months // 3
    middle = (month_start(true.months // 2) - FIRST_MONTH).days
    if true.design == "experiment":
        return np.where(rng.random(customers) < 0.5, middle, -1)
    if true.design == "matched":
        return _chosen_after_a_bad_month(true, acquired, margin, rng)
    if true.design == "cluster_experiment":
        day = np.full(true.branches, -1)
        day[rng.permutation(true.branches)[: true.branches // 2]] = middle
    elif true.design == "single_unit":
        day = np.full(true.branches, -1)
        day[np.argsort(weight)[-true.branches // 4]] = middle
    else:
        day = np.array([(month_start(int(m)) - FIRST_MONTH).days for m in rng.integers(first, last, true.branches)])
        day += np.where(rng.random(true.branches) < 0.3, 14, 0)
        day[rng.permutation(true.branches)[: true.never]] = -1
    return day[branch]


def _chosen_after_a_bad_month(true: BankParameters, acquired: Ints, margin: Floats, rng: np.random.Generator) -> Ints:
    """Whoever had little in a month and used to have more asks for the programme, some of them, in the next month."""
    start = np.full(len(acquired), -1)
    for month in asking_months(true):
        usual, bad = bad_month(margin, month)
        asks = rng.random(len(acquired)) < np.where(bad, *ASKS) * (usual > 0)
        new = asks & (start < 0) & (acquired < (month_start(month - 6) - FIRST_MONTH).days)
        start[new] = (month_start(month + 1) - FIRST_MONTH).days
    return start


def asking_months(true: BankParameters) -> range:
    """The months in which customers ask for the programme in the matched design."""
    return range(true.months // 2, 2 * true.months // 3)


def bad_month(margin: Floats, month: int) -> tuple[Floats, Bools]:
    """What each customer usually brings, and whether this month was less than half of it."""
    usual: Floats = margin[:, month - 6 : month].mean(axis=1)
    return usual, (margin[:, month] < 0.5 * usual) & (usual > 0)


def month_start(number: int) -> date:
    """First day of a month, numbered from the first one."""
    whole = FIRST_MONTH.year * 12 + FIRST_MONTH.month - 1 + number
    return date(whole // 12, whole % 12 + 1, 1)


def month_of(days: Ints) -> Ints:
    """Number of the month in which each day lies; days and months count from the first month's first day."""
    first = np.datetime64(FIRST_MONTH, "D")
    months: Ints = ((first + days).astype("datetime64[M]") - first.astype("datetime64[M]")).astype(np.int64)
    return months


def starts_a_month(days: Ints) -> Bools:
    """Whether each day is the first of its month."""
    when = np.datetime64(FIRST_MONTH, "D") + days
    first: Bools = when == when.astype("datetime64[M]")
    return first


def counts_from(drawn: BankDraw) -> Ints:
    """The first full month of each customer, from the first month observed on."""
    first: Ints = np.maximum(month_of(drawn.acquired) + ~starts_a_month(drawn.acquired), 0)
    return first
