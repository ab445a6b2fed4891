"""The arithmetic that designs and campaigns share.

group_time     effects of a staggered roll-out by cohort and month, and the jackknife over units
pairs          the same where some units miss some months
imputation     what treated cells would have been, from the untreated ones
doubly_robust  odds of treatment, effect on the treated and on everybody
abtest         the arithmetic of an A/B comparison
clustered      the same where whole units were assigned together
survival       how long until something happens, censored and truncated; a rate of events
"""
