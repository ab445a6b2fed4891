"""How often the ranges of the questions about experience hold their truth, and how often they claim what is not there.

`python -m tests.calibration.experience [worlds] [words]` prints a line for each figure, from worlds in which its truth is
known: the share of worlds whose 95% range holds it, with the bounds within which that share lies in 99.9% of such studies
if it is 95%; and for switches that must not fool the product the share of worlds in which something is claimed. The worlds
are those of the tests.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date

import ibis
import numpy as np
import pandas as pd
from scipy.stats import binom

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.drivers.findings import link_findings
from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.questions.levels.habituation import Exposures, fit_habituation
from cxvalue.questions.levels.of_invited import shares_of_all
from cxvalue.questions.levels.worth import level_worth
from cxvalue.questions.market.gaps import Gap, gaps_of
from cxvalue.questions.response.findings import response_findings
from cxvalue.questions.response.recovery import fit_recovery
from cxvalue.questions.staff.turnover_link import fit_turnover_link
from cxvalue.questions.survey_truth.asked_late import lateness_of
from cxvalue.questions.survey_truth.findings import response_findings_of
from cxvalue.questions.survey_truth.weighting import answer_weights, reweight
from cxvalue.questions.wallet.wallet_answers import WalletRows
from cxvalue.questions.wallet.wallet_share import fit_wallet
from cxvalue.study.experience import ExperienceRules
from tests.experienceworlds import LEVEL_CHURN, LEVEL_MARGIN, MOVING, last_shares, moving
from tests.questions.drivers.test_importance import drawn as scores_drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn
from tests.questions.levels.test_habituation import drawn as tastings_drawn
from tests.questions.levels.test_of_invited import quarter, true_shares
from tests.questions.response.test_recovery import drawn as complaints_drawn
from tests.questions.staff.test_turnover_link import drawn as staff_drawn
from tests.questions.survey_truth.test_asked_late import answers as late_answers
from tests.questions.survey_truth.test_weighting import drawn as invited_drawn
from tests.questions.wallet.test_wallet_share import asked as wallet_asked
from tests.questions.wallet.test_wallet_share import silent

AS_OF = date(2025, 12, 31)
AS_OF_DAY = int(np.datetime64(AS_OF, "D").astype(np.int64))
Line = tuple[str, Callable[[int], bool | None]]


def inside(interval: object, truth: float) -> bool | None:
    """Whether an interval holds the truth; None where there is none."""
    if interval is None:
        return None
    return bool(interval.low <= truth <= interval.high)


def outside_zero(interval: object) -> bool | None:
    """Whether something is claimed."""
    held = inside(interval, 0.0)
    return None if held is None else not held


def rivalled(seed: int) -> Gap:
    """Ten quarters of 60 own answers around 7, at a competitor of 7.5 today who gains .4 a year; its error is .2."""
    rng = np.random.default_rng(seed)
    days = AS_OF_DAY - 91 * np.arange(10)
    theirs = 7.5 - 0.4 * (AS_OF_DAY - days) / 365.25 + 0.2 * rng.standard_normal(10)
    own = pd.DataFrame(
        {"metric": "csat", "customer_id": np.arange(600).astype(str),
         "day": np.repeat(days, 60).astype("datetime64[D]"), "score": 7 + 2 * rng.standard_normal(600)}
    )  # fmt: skip
    rivals = pd.DataFrame({"metric": "csat", "competitor": "X", "value": theirs, "date": days.astype("datetime64[D]"),
                           "se": 0.2})  # fmt: skip
    tables = (ibis.memtable(one.assign(**{at: one[at].dt.date})) for one, at in ((rivals, "date"), (own, "day")))
    benchmarks, answers = tables
    return gaps_of(benchmarks, answers.mutate(points=answers.score), {}, as_of=AS_OF)[0]


def spent(seed: int, n: int = 400) -> WalletRows:
    """What customers spend on the category a month is skewed; with us they spend two fifths of it on average."""
    rng = np.random.default_rng(seed)
    monthly, share = rng.gamma(2.0, 50.0, n), rng.beta(2.0, 3.0, n)
    empty, zero = np.full(n, np.nan), np.zeros(n)
    return WalletRows(
        np.arange(n).astype(object), empty, monthly, empty, empty, np.zeros(n, bool), zero, 12 * monthly * share, zero,
        zero, zero, np.zeros(n, np.int64), np.ones(n, bool), np.ones(n, bool),
    )  # fmt: skip


def half_life_claimed(data: Exposures) -> bool:
    """Whether a half-life with an upper end is given."""
    found = fit_habituation(data)
    return found is not None and found.half_life is not None and found.shown and bool(np.isfinite(found.half_life.high))


def undoing_named(seed: int) -> bool:
    """Whether the sentence on staying names what would undo it, where a hidden cause decides both."""
    found = fit_recovery(complaints_drawn(seed, 0.0, hidden=1.0))
    said = response_findings(None, found, ExperienceRules(), answered_by="", currency="EUR", level=0.95)
    return f"{found.robustness:.1%}"[:2] in said[0].text and "would undo it" in said[0].text


def called_effect(seed: int, **world: float) -> bool:
    """Whether a link that excludes 0 is told without saying that it is one, or with a grade better than D."""
    said = link_findings(fit_link(link_drawn(seed, **world)), None, main="nps", currency="EUR", level=0.95)[0]
    return said.grade != "D" or "It is a link" not in said.text


def silent_unsaid(seed: int) -> tuple[bool, bool]:
    """Where the unhappy answer less: whether the range misses the truth, and whether the sentence hides what holds it."""
    frame, truth = invited_drawn(seed, lean=0.15)
    found = reweight(frame)
    said = {one.id: one for one in response_findings_of(found, frame, main="nps", level=0.95)}
    text = said["experience.survey.reweighted"].text
    held = found.bounded[0] <= truth <= found.bounded[1] and "without assumptions it is" in text
    return not inside(found.score, truth), not held


def main_store_of_all(seed: int) -> Interval | None:
    """The share of main store, where the till meets some more often than others and some of those do not answer."""
    rows, frame = silent(seed)
    return fit_wallet(rows, None, answering=answer_weights(frame)).main_store


def level_of_all(seed: int, name: str) -> Interval | None:
    """The share of a level among all who were invited."""
    rows, asked = quarter(seed)
    return shares_of_all(rows, **asked).get(name)


def covered() -> Iterator[Line]:
    """Figures and whether the range of a world holds the truth."""
    yield (
        "half-life, kappa .25",
        lambda s: inside(getattr(fit_habituation(tastings_drawn(0.25, s)), "half_life", None), np.log(2) / 0.25),
    )
    yield (
        "response, effect .10",
        lambda s: inside(getattr(fit_recovery(complaints_drawn(s, 0.1)), "retained", None), 0.1),
    )
    yield (
        "response, no effect",
        lambda s: inside(getattr(fit_recovery(complaints_drawn(s, 0.0)), "retained", None), 0.0),
    )
    yield (
        "margin of a fast answer, 4",
        lambda s: inside(getattr(fit_recovery(complaints_drawn(s, 0.1)), "margin", None), 4.0),
    )
    yield (
        "value of the target, 4 a slow complaint",
        lambda s: inside(getattr(fit_recovery(complaints_drawn(s, 0.1)), "margin_of_slow", None), 4.0),
    )
    yield "share at the level none", lambda s: inside(level_worth(moving(s)).share["none"], last_shares()[1])
    yield "margin at the level high", lambda s: inside(level_worth(moving(s)).margin["high"], LEVEL_MARGIN[4])
    yield (
        "no purchase after the level negative",
        lambda s: inside(level_worth(moving(s)).churn["negative"], LEVEL_CHURN[0]),
    )
    yield "moves from low to medium", lambda s: inside(level_worth(moving(s)).moves["low", "medium"], MOVING[2, 3])
    yield "moves from none to gone", lambda s: inside(level_worth(moving(s)).moves["none", "gone"], MOVING[1, 6])
    yield (
        "step from negative to none",
        lambda s: inside(level_worth(moving(s)).steps["none"], LEVEL_MARGIN[1] - LEVEL_MARGIN[0]),
    )
    yield (
        "step from medium to high",
        lambda s: inside(level_worth(moving(s)).steps["high"], LEVEL_MARGIN[4] - LEVEL_MARGIN[3]),
    )
    yield "gap to a competitor, -0.5", lambda s: inside(rivalled(s).interval, -0.5)
    yield "trend of the gap, -0.4 a year", lambda s: inside(rivalled(s).trend, -0.4)
    yield "share of wallet, .40", lambda s: inside(fit_wallet(spent(s), 0.3).share, 0.4)
    yield "driver slope", lambda s: inside(fit_importance(scores_drawn(s)).slope[0], 2.0)
    yield "driver share", lambda s: inside(fit_importance(scores_drawn(s)).share[0], 0.8)
    yield "link, effect 12 at reliability .5", lambda s: inside(fit_link(link_drawn(s, effect=12.0)).link, 6.0)
    yield "reweighted score", lambda s: inside(reweight(invited_drawn(s)[0]).score, 6.9232)
    yield "points per day of delay", lambda s: inside(lateness_of(late_answers(s), main="main").per_day, -0.5)
    yield "staff link .30, 40 units", lambda s: inside(fit_turnover_link(staff_drawn(s)).link, 0.3)
    yield "staff link .30, 12 units", lambda s: inside(fit_turnover_link(staff_drawn(s, units=12)).link, 0.3)
    yield "main store, till", lambda s: inside(fit_wallet(wallet_asked(s), None).main_store, 0.6)
    yield "main store, till and silence", lambda s: inside(main_store_of_all(s), 0.6)
    yield "level high of all invited", lambda s: inside(level_of_all(s, "high"), float(true_shares()[4]))
    yield "margin of the main store", lambda s: inside(fit_wallet(wallet_asked(s), None).main_margin, 8.0)


def claimed() -> Iterator[Line]:
    """Switches that must not fool it, and whether something is claimed in a world."""
    yield "link, none there", lambda s: outside_zero(fit_link(link_drawn(s)).link)
    yield "link, weak lasting trait", lambda s: outside_zero(fit_link(link_drawn(s, trait=0.3)).link)
    yield "link, strong lasting trait", lambda s: outside_zero(fit_link(link_drawn(s, trait=1.0)).link)
    yield "link, score follows past money", lambda s: outside_zero(fit_link(link_drawn(s, past=1.0)).link)
    yield "half-life, a tasting that never wears off", lambda s: half_life_claimed(tastings_drawn(0.0, s))
    yield "response, hidden cause: undoing it not named", lambda s: not undoing_named(s)
    yield "response, none there", lambda s: outside_zero(fit_recovery(complaints_drawn(s, 0.0)).retained)
    yield "link, moods of months: called an effect", lambda s: called_effect(s, mood=1.0)
    yield "reweighted, the unhappy answer less: missed", lambda s: silent_unsaid(s)[0]
    yield "reweighted, the unhappy answer less: not said", lambda s: silent_unsaid(s)[1]
    yield "staff cost, units alike: above 0", lambda s: fit_turnover_link(staff_drawn(s)).money.low > 0
    yield "staff leads, link .30", lambda s: fit_turnover_link(staff_drawn(s)).loud
    yield (
        "staff leads, customers first (to be loud)",
        lambda s: fit_turnover_link(staff_drawn(s, link=False, reverse=True)).loud,
    )
    yield (
        "staff leads, common shock (to be loud)",
        lambda s: fit_turnover_link(staff_drawn(s, link=False, shock=True)).loud,
    )


def main(worlds: int = 500, *only: str) -> None:
    """Print a line a figure; of those whose name holds one of the words, where some are given."""
    low, high = binom.ppf([0.0005, 0.9995], worlds, 0.95) / worlds
    print(f"{worlds} worlds a line; 95% ranges hold the truth in {low:.1%} to {high:.1%} of them if they are right")
    for title, lines in (("holds the truth", covered()), ("claims", claimed())):
        for name, judge in lines:
            if only and not any(word in name for word in only):
                continue
            started = time.perf_counter()
            answers = [judge(seed) for seed in range(worlds)]
            told = [one for one in answers if one is not None]
            share = float(np.mean(told)) if told else float("nan")
            left, took = worlds - len(told), (time.perf_counter() - started) / 60
            print(f"{name:<44} {title} {share:6.1%}   withheld {left}   {took:.1f} minutes", flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["500"])[0]), *sys.argv[2:])
