"""How often the ranges of the questions about experience hold their truth, and how often they claim what is not there.

`python -m tests.calibration.experience [worlds]` prints a line for each figure, from worlds in which its truth is known: the
share of worlds whose 95% range holds it, with the bounds within which that share lies in 99.9% of such studies if it is
95%; and for switches that must not fool the product the share of worlds in which something is claimed. The worlds are
those of the tests.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import binom

from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.questions.levels.habituation import fit_habituation
from cxvalue.questions.response.recovery import fit_recovery
from cxvalue.questions.staff.turnover_link import fit_turnover_link
from cxvalue.questions.survey_truth.asked_late import lateness_of
from cxvalue.questions.survey_truth.weighting import reweight
from cxvalue.questions.wallet.wallet_share import fit_wallet
from tests.questions.drivers.test_importance import drawn as scores_drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn
from tests.questions.levels.test_habituation import drawn as tastings_drawn
from tests.questions.response.test_recovery import drawn as complaints_drawn
from tests.questions.staff.test_turnover_link import drawn as staff_drawn
from tests.questions.survey_truth.test_asked_late import answers as late_answers
from tests.questions.survey_truth.test_weighting import drawn as invited_drawn
from tests.questions.wallet.test_wallet_share import asked as wallet_asked

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
    yield "driver slope", lambda s: inside(fit_importance(scores_drawn(s)).slope[0], 2.0)
    yield "driver share", lambda s: inside(fit_importance(scores_drawn(s)).share[0], 0.8)
    yield "link, effect 12 at reliability .5", lambda s: inside(fit_link(link_drawn(s, effect=12.0)).link, 6.0)
    yield "reweighted score", lambda s: inside(reweight(invited_drawn(s)[0]).score, 6.9232)
    yield "points a day of delay", lambda s: inside(lateness_of(late_answers(s), main="main").per_day, -0.5)
    yield "staff link .30, 40 units", lambda s: inside(fit_turnover_link(staff_drawn(s)).link, 0.3)
    yield "staff link .30, 12 units", lambda s: inside(fit_turnover_link(staff_drawn(s, units=12)).link, 0.3)
    yield "main store, till", lambda s: inside(fit_wallet(wallet_asked(s), None).main_store, 0.6)
    yield "margin of the main store", lambda s: inside(fit_wallet(wallet_asked(s), None).main_margin, 8.0)


def claimed() -> Iterator[Line]:
    """Switches that must not fool it, and whether something is claimed in a world."""
    yield "link, none there", lambda s: outside_zero(fit_link(link_drawn(s)).link)
    yield "link, weak lasting trait", lambda s: outside_zero(fit_link(link_drawn(s, trait=0.3)).link)
    yield "link, strong lasting trait", lambda s: outside_zero(fit_link(link_drawn(s, trait=1.0)).link)
    yield "link, score follows past money", lambda s: outside_zero(fit_link(link_drawn(s, past=1.0)).link)
    yield "response, none there", lambda s: outside_zero(fit_recovery(complaints_drawn(s, 0.0)).retained)
    yield "staff leads, link .30", lambda s: fit_turnover_link(staff_drawn(s)).loud
    yield (
        "staff leads, customers first (to be loud)",
        lambda s: fit_turnover_link(staff_drawn(s, link=False, reverse=True)).loud,
    )
    yield (
        "staff leads, common shock (to be loud)",
        lambda s: fit_turnover_link(staff_drawn(s, link=False, shock=True)).loud,
    )


def main(worlds: int = 500) -> None:
    """Print a line a figure."""
    low, high = binom.ppf([0.0005, 0.9995], worlds, 0.95) / worlds
    print(f"{worlds} worlds a line; 95% ranges hold the truth in {low:.1%} to {high:.1%} of them if they are right")
    for title, lines in (("holds the truth", covered()), ("claims", claimed())):
        for name, judge in lines:
            started = time.perf_counter()
            answers = [judge(seed) for seed in range(worlds)]
            told = [one for one in answers if one is not None]
            share = float(np.mean(told)) if told else float("nan")
            left, took = worlds - len(told), (time.perf_counter() - started) / 60
            print(f"{name:<44} {title} {share:6.1%}   withheld {left}   {took:.1f} minutes", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
