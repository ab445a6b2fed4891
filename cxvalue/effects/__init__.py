"""Effects: what a programme or campaign changed, with the checks that its design rests on.

`effect`        the frozen `Effect` that every design ends in, its checks and its evidence grade
"""

from cxvalue.effects.effect import Alternative, Check, Effect, grade_of, holm

__all__ = ["Alternative", "Check", "Effect", "grade_of", "holm"]
