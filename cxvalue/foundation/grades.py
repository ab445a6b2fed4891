"""Grades of evidence, from A, the surest, to E."""

from __future__ import annotations

__all__ = ["GRADES", "lower_grade"]

GRADES = ("A", "B", "C", "D", "E")


def lower_grade(grade: str, steps: int = 1) -> str:
    """The grade so many steps down, E at the lowest.

    >>> lower_grade("B"), lower_grade("B", 9)
    ('C', 'E')
    """
    return GRADES[min(GRADES.index(grade) + steps, len(GRADES) - 1)]
