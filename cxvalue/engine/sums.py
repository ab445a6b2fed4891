"""Sums of numbers with a point that are the same to the last bit in whatever order an engine adds them.

Threads finish in another order in each run, and so do workers of PostgreSQL and parts of Spark: a plain sum then differs in
its last digits. Here each value is cut into three parts, of which the first two are whole multiples of a step, few enough
that their sums are exact, and the third is what is left. An engine adds the parts, each for itself.

The cuts are those of J. Demmel and H. D. Nguyen, Fast Reproducible Floating-Point Summation, 21st IEEE Symposium on Computer
Arithmetic (2013), with steps that are fixed: values need not be read beforehand for the largest.
"""

from __future__ import annotations

from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import numpy as np
import sqlglot.expressions as sge
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats

STEPS = (2.0**-8, 2.0**-36)
"""Multiples of the first are added exactly up to 3.5e13 (2^53 of them); what it leaves, in multiples of the second, in 67
million rows; and what both leave, in as many, of values that are 0 or at least 0.00025. Beyond these a sum is as right as a
plain one, but its last digit may depend on the order."""


class _OrderFree:
    """What it changes in the compiler of an engine, before which it stands among the bases of a class."""

    def visit_Sum(self, op: Any, *, arg: Any, where: Any) -> Any:
        whole: Any = super()
        if not op.arg.dtype.is_floating():
            return whole.visit_Sum(op, arg=arg, where=where)
        first, second, third = (self.agg.sum(part, where=where) for part in self._parts(op, arg))  # type: ignore[attr-defined]
        return sge.paren(first + second + third)

    def visit_Mean(self, op: Any, *, arg: Any, where: Any) -> Any:
        whole: Any = super()
        if not op.arg.dtype.is_floating():
            return whole.visit_Mean(op, arg=arg, where=where)
        total = self.visit_Sum(op, arg=arg, where=where)
        # No rows have no mean, and some engines refuse to divide by their number.
        return sge.paren(total / self.f.nullif(self.agg.count(arg, where=where), 0))  # type: ignore[attr-defined]

    def visit_Ordered(self, op: Any, **_: Any) -> Any:
        """What has no sum of its parts: its call is put as two questions, or in Python."""
        raise TypeError(f"{type(op).__name__} depends on the order of rows in its last digits; ask for sums")

    visit_Variance = visit_StandardDev = visit_Covariance = visit_Correlation = visit_Ordered

    def visit_WindowFunction(self, op: Any, *, func: Any, **given: Any) -> Any:
        whole: Any = super()
        if not isinstance(op.func, ops.Sum | ops.Mean) or not op.func.arg.dtype.is_floating():
            return whole.visit_WindowFunction(op, func=func, **given)

        def over(part: Any) -> Any:
            if isinstance(part, sge.AggFunc | sge.Filter):
                return whole.visit_WindowFunction(op, func=part, **given)
            return part

        return func.transform(over)

    def _parts(self, op: Any, arg: Any) -> list[Any]:
        value = arg if op.arg.dtype == dt.float64 else self.cast(arg, dt.float64)  # type: ignore[attr-defined]
        # Put into words once: as a tree it would be copied for each of the seven times that it is named.
        left, parts = f"({value.sql(self.dialect)})", []  # type: ignore[attr-defined]
        for step in STEPS:
            # Beside so large a number there is room for multiples of the step alone.
            large = f"{1.5 * 2**52 * step:.0f}e0"
            part = f"(({left} + {large}) - {large})"
            parts.append(sge.Var(this=part))
            left = f"({left} - {part})"
        return [*parts, sge.Var(this=left)]


def sums_of_groups(group: NDArray[Any], values: Floats, groups: int) -> Floats:
    """The sum of the values of each group, numbered from 0, to the last bit as an engine made `order_free` finds it.

    >>> sums_of_groups(np.array([0, 1, 0, 0, 0]), np.array([1e8, 7.0, 0.1, 0.2, -1e8]), 2).round(9).tolist()
    [0.3, 7.0]
    """
    total, left = np.zeros(groups), values
    for step in STEPS:
        large = 1.5 * 2**52 * step
        part = (left + large) - large
        total += np.bincount(group, part, groups)
        left = left - part
    return total + np.bincount(group, left, groups)


def order_free(con: Any) -> Any:
    """A connection of ibis, which from here on adds numbers with a point so that their order moves no bit.

    Sums and means are the same as before but for the last digits. Raises `TypeError` where a variance, a
    covariance or a correlation is asked of the engine.

    >>> import ibis
    >>> con = order_free(ibis.duckdb.connect())
    >>> table = con.create_table("t", ibis.memtable({"x": [1e8, 0.1, 0.2, -1e8, 0.3]}))
    >>> up, down = (table.order_by(key).x.sum().to_pyarrow().as_py() for key in ("x", ibis.desc("x")))
    >>> up == down
    True
    """
    kind = type(con.compiler)
    con.compiler = type(kind.__name__, (_OrderFree, kind), {})()
    return con
