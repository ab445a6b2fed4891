"""Effects: what a programme or campaign changed, with the checks that its design rests on.

effect          the frozen `Effect` that every design ends in, its checks and its evidence grade
estimate        `estimate_effect`: a panel and the name of a design in, an `Effect` out
frames          panels from a plain table, pandas or other
group_time      effects of a staggered roll-out by cohort and month, and the jackknife over units
pairs           the same where some units miss some months
staggered, pretrend, imputation   the staggered design, a start that never was, the imputation estimator beside it
data_checks     what is wrong with the tables behind an effect, as one of its checks
drift           did units move away before they got the programme, and the first of them most?
sensitivity, what_if   how far units could have drifted apart before the effect is gone
few_units       tests that keep their word with few units
experiment, matched, customer_level   customers as units: by chance, or picked and compared with similar ones
doubly_robust   odds of treatment, effect on the treated and on everybody
single_unit     one treated unit: synthetic difference-in-differences with placebo inference
abtest          the arithmetic of an A/B comparison
"""

from __future__ import annotations

from cxvalue.effects.effect import Alternative, Check, Effect, grade_of, holm
from cxvalue.effects.estimate import estimate_effect

__all__ = ["Alternative", "Check", "Effect", "estimate_effect", "grade_of", "holm"]
