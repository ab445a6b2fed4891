"""Effects: what a programme or campaign changed, with the checks that its design rests on.

estimate     `estimate_effect`: a panel and the name of a design in, an `Effect` out
effect       the frozen `Effect` that every design ends in, its checks and its evidence grade
frames       panels from a plain table, pandas or other
designs/     staggered, experiment, matched, single unit
estimators/  the arithmetic that designs share
checks/      what could undo an effect
together     several programmes measured together
staying      how many customers of a cohort are still there
leaving      whether a programme keeps customers or drives them away
vintage      the same effect as it would have been measured earlier
"""

from __future__ import annotations

from cxvalue.effects.effect import Alternative, Check, Effect, grade_of, holm
from cxvalue.effects.estimate import estimate_effect

__all__ = ["Alternative", "Check", "Effect", "estimate_effect", "grade_of", "holm"]
