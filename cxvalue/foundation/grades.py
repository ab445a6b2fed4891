"""Grades of evidence, from A, the surest, to E."""

from __future__ import annotations

GRADES = ("A", "B", "C", "D", "E")
WEAK_GRADES = ("C", "D", "E")
"""Of these no effect is proven, however narrow its range."""
CAUTION_ABOVE = 0.05
"""A forecast of the past that was off by more than this share is said beside the next one."""


def lower_grade(grade: str, steps: int = 1) -> str:
    """The grade so many steps down, E at the lowest.

    >>> lower_grade("B"), lower_grade("B", 9)
    ('C', 'E')
    """
    return GRADES[min(GRADES.index(grade) + steps, len(GRADES) - 1)]
