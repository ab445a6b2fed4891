"""Panels from a plain table: a row a unit (or customer) and month, with the outcome per customer.

A cell that is not there is missing, not zero: a unit that opens later, closes early or has a month without a figure is left
out of the comparisons that need that month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxvalue.effects.estimators.imputation import fill_gaps
from cxvalue.foundation.calendar import months_apart
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel, ended
from cxvalue.tables.panels.inputs import Early, PanelMonths
from cxvalue.tables.panels.rollouts import Ended, ended_notes

if TYPE_CHECKING:
    import pandas as pd

IDS = ("unit", "customer_id")
MOST_MISSING = 0.5
EXAMPLES = 3
_ISO_DAY = r"\d{4}-\d{2}(?:-\d{2}(?!\d).*)?$"


def panel_of_frames(panel: Any, rollout: Any, *, outcome: str, design: str) -> UnitPanel | CustomerPanel:
    """Make the panel of a design from two tables (pandas, polars, arrow or ibis).

    `panel` has the columns unit (or customer_id), month (any day of it) and `outcome` (per customer), and may have customers
    (how many the unit has; 1 without it). `rollout` has the same unit column, start (missing: never) and, where units no
    longer have it, ended_on (the last day with it; months that are not whole with it are in no comparison). A month without
    a row, or without an outcome, is missing: write 0 where a unit brought nothing.

    Raises `BadInput` with everything that is wrong: missing columns, two rows for one unit and month, units that the
    roll-out does not list, outcomes that are no numbers, more than half of the months missing.
    """
    import pandas as pd

    cells, starts, unit = _read(panel, rollout, outcome)
    cells, off, over, out = _while_on(cells, starts, unit)
    month = pd.to_datetime(cells["month"])
    number = _month_number(month).to_numpy(int)
    first = int(number.min())
    months = PanelMonths(month.min().to_pydatetime().date().replace(day=1), int(number.max()) - first + 1)
    values = cells.assign(_month=number - first, _value=pd.to_numeric(cells[outcome]).astype(float))
    values = values.pivot(index=unit, columns="_month", values="_value").reindex(columns=range(months.count))
    values = values[values.notna().any(axis=1)]
    absent = sorted(set(starts[unit]) - set(values.index) - out.brief - out.before)
    start, base = _begun(pd.to_datetime(starts.set_index(unit)["start"]).reindex(values.index), first, months.count)
    until = np.minimum(off.reindex(values.index).fillna(np.inf) - first, months.count).to_numpy(np.int64)
    early = _early(start[base < 0], until[base < 0], months.count)
    values, start, until, base = values[base >= 0], start[base >= 0], until[base >= 0], base[base >= 0]
    names = tuple(str(name) for name in values.index)
    table = values.to_numpy(float)
    there = ~np.isnan(table)
    missing = ~there & (np.arange(months.count) < until[:, None])
    ends = Ended(
        int((until < months.count).sum() + sum(one.units for one in early if one.until is not None)), *map(len, out)
    )
    if not (start >= 0).any() and not early:
        ends.refuse_all("rollout")
    shared: dict[str, Any] = {
        "months": months,
        "start": start,
        "base": base,
        "later": 0,
        "unlisted": 0,
        "outcome": outcome,
        "unit": unit,
        "early": early,
        "notes": (
            *ended_notes(months, over, ends, customers=unit == "customer_id"),
            *_notes(missing, until, names, absent),
        ),
        "until": ended(until, months),
        "over": over,
        "brief": ends.brief,
    }
    if unit == "customer_id" and design in ("experiment", "matched"):
        free = there & (np.arange(months.count) <= base[:, None])
        return CustomerPanel(
            **shared,
            customer_id=np.array(names, dtype=object),
            unit_of=np.arange(len(names)),
            names=(),
            arm=np.full(len(names), "", dtype=object),
            first=np.zeros(len(names), dtype=np.int64),
            last=until - 1,
            values=table.astype(np.float32),
            past=None if not missing.any() else fill_gaps(table, free).astype(np.float32),
        )
    heads = pd.Series(1.0, index=values.index)
    if "customers" in cells.columns:
        heads = pd.to_numeric(cells["customers"]).groupby(cells[unit]).max().reindex(values.index)
    shape = (len(names), months.count, months.count)
    customers, total = np.zeros(shape), np.zeros(shape)
    customers[:, 0] = np.where(there, heads.to_numpy(float)[:, None], 0.0)
    total[:, 0] = np.where(there, table, 0.0) * customers[:, 0]
    return UnitPanel(
        **shared,
        cluster=np.arange(len(names)),
        names=names,
        customers=customers,
        total=total,
        gaps=bool(missing.any()),
    )


def _read(panel: Any, rollout: Any, outcome: str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """The two tables, ids as text and periods as days, and the column of their units; raises `BadInput`."""
    cells, starts = _frame(panel, "panel"), _frame(rollout, "rollout")
    unit = next((name for name in IDS if name in cells.columns), "unit")
    lacking = _lacking("panel", cells, unit, "month", outcome) + _lacking("rollout", starts, unit, "start")
    if lacking:
        raise BadInput(lacking)
    if "ended_on" not in starts.columns:
        starts = starts.assign(ended_on=None)
    columns = [unit, "month", outcome] + (["customers"] if "customers" in cells.columns else [])
    cells = cells[columns].assign(**{unit: _ids(cells[unit]), "month": _days(cells["month"])})
    days = {name: _days(starts[name]) for name in ("start", "ended_on")}
    starts = starts.assign(**{unit: _ids(starts[unit]), **days})
    problems = _no_days("panel.month", cells["month"])
    problems += [one for name, day in days.items() for one in _no_days(f"rollout.{name}", day)]
    if cells.empty:
        problems.append(Problem("panel", translate("has no rows.")))
    # What is wrong with rows can be said only where months are months.
    problems = problems or _wrong_rows(cells, starts, unit, outcome)
    if problems:
        raise BadInput(problems)
    return cells, starts, unit


def _lacking(where: str, table: pd.DataFrame, *names: str) -> list[Problem]:
    columns = [str(name) for name in table.columns]
    return [
        Problem(where, translate("has no column {name!r}.", name=name), nearest(str(name), columns))
        for name in names
        if name not in table.columns
    ]


def _month_number(days: pd.Series) -> pd.Series:
    return days.dt.year * 12 + days.dt.month


class _LeftOut(NamedTuple):
    """Units without a full month with the programme: all in all, or within the panel."""

    brief: set[str]
    before: set[str]


def _while_on(cells: pd.DataFrame, starts: pd.DataFrame, unit: str) -> tuple[pd.DataFrame, pd.Series, bool, _LeftOut]:
    """The rows of whole months with the programme or before it, the first month without it of each unit that ended,
    whether it has ended for all that had it, and which units are left out.

    An end after the last month of the panel had not come yet. Raises `BadInput` where an end lies before its start.
    """
    import pandas as pd

    rows = starts.set_index(unit)
    began, last = (
        pd.to_datetime(rows[name]).dt.tz_localize(None).astype("datetime64[ns]") for name in ("start", "ended_on")
    )
    last = last[began.notna() & last.notna()]
    early = last[last < began[last.index]]
    if len(early):
        found = translate("'{column}' before '{other}'", column="ended_on", other="start")
        raise BadInput.at(
            "rollout.ended_on",
            f"{found}: {_some(early.index.to_series())}.",
            translate("Swap or correct the two dates."),
        )
    month = pd.to_datetime(cells["month"])
    number, after = _month_number(month), last + pd.Timedelta(days=1)
    beyond = number.max() + 1
    off = _month_number(after[after <= pd.Timestamp(month.max().year, month.max().month, 1) + pd.offsets.MonthBegin()])
    if off.empty:
        return cells, off.astype(float), False, _LeftOut(set(), set())
    whole = _month_number(began) + (began.dt.day > 1)
    ends = off.reindex(rows.index)
    seen = number.groupby(cells[unit]).agg(["min", "max"]).reindex(rows.index)
    brief = (ends <= whole) & (whole < beyond) & seen["min"].notna() & (ends > number.min())
    before = (ends <= np.maximum(whole, seen["min"])) & ~brief & (whole < beyond)
    had = (whole < beyond) & (np.maximum(whole, seen["min"]) <= seen["max"]) & ~brief & ~before
    over = bool(had.any()) and bool(ends[had].notna().all())
    kept = ~(number.to_numpy() >= cells[unit].map(off).to_numpy(float, na_value=np.nan))
    kept &= ~cells[unit].isin(rows.index[brief | before]).to_numpy(bool)
    if over:
        kept &= number.to_numpy() < ends[had].max()
    return (
        cells[kept],
        off[~off.index.isin(rows.index[brief])],
        over,
        _LeftOut(set(rows.index[brief]), set(rows.index[before])),
    )


def _begun(begun: pd.Series, first: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First whole month with the programme (-1: none) and last one without of each unit, of `count` from `first` on."""
    at = (begun.dt.year * 12 + begun.dt.month - first).to_numpy(float)
    whole = (begun.dt.day == 1).fillna(False).to_numpy(bool)
    start = np.where(np.isnan(at), -1, np.where(whole, at, at + 1)).astype(np.int64)
    base = np.where(np.isnan(at), count, at - 1).astype(np.int64)
    return np.where(start >= count, -1, start), base


def _ids(values: pd.Series) -> pd.Series:
    """Ids as text; a whole number that pandas holds as a float, beside missing ones, loses its '.0'."""
    import pandas as pd

    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string")


def _days(values: pd.Series) -> pd.Series:
    """Periods as the day on which they begin, empty texts as missing; all else as it is."""
    import pandas as pd

    if isinstance(values.dtype, pd.PeriodDtype):
        return values.dt.to_timestamp()
    if values.dtype == object or pd.api.types.is_string_dtype(values):
        return values.where(values.astype("string").str.strip() != "")
    return values


def _no_days(where: str, values: pd.Series) -> list[Problem]:
    """What is wrong with days: numbers, which pandas would take for nanoseconds, and texts that can be read two ways."""
    import pandas as pd

    known = values.dropna()
    texts = known.astype("string")
    wrong = ~texts.str.strip().str.match(_ISO_DAY)
    if pd.api.types.is_numeric_dtype(known):
        wrong = texts.notna()
    if not wrong.any():
        return []
    found = translate("{examples}: no day or month as 2026-06-30 or 2026-06.", examples=_some(known[wrong]))
    return [Problem(where, found, translate("Convert it first, for example with pandas.to_datetime(…, format=…)."))]


def _wrong_rows(cells: pd.DataFrame, starts: pd.DataFrame, unit: str, outcome: str) -> list[Problem]:
    """What is wrong with the rows of the two tables, all at once."""
    import pandas as pd

    month = pd.to_datetime(cells["month"], errors="coerce")
    value = pd.to_numeric(cells[outcome], errors="coerce")
    nameless = cells[unit].isna() | month.isna()
    problems = _wrong_cells(cells, unit, outcome, nameless, value)
    keys = cells[unit].fillna("") + ", " + month.dt.strftime("%B %Y").fillna("")
    problems += _wrong_units(cells[unit], starts[unit], unit, nameless, keys)
    span = 0 if month.isna().all() else months_apart(month.min(), month.max()) + 1
    size = cells[unit].nunique() * span
    missing = size - int((value.notna() & ~nameless).sum())
    if not problems and size and missing > MOST_MISSING * size:
        found = translate(
            "Months without an outcome: {missing:,} of {size:,}. A month without a row counts as missing here, "
            "not as zero.",
            missing=missing,
            size=size,
        )
        remedy = translate("Add a row with 0 for every month in which nothing was brought.")
        problems.append(Problem("panel", found, remedy))
    return problems


def _wrong_cells(cells: pd.DataFrame, unit: str, outcome: str, nameless: pd.Series, value: pd.Series) -> list[Problem]:
    """What is wrong with single rows: no unit or month (`nameless`), no number as outcome (`value`), no customers."""
    import pandas as pd

    problems = []
    if nameless.any():
        found = translate_count(
            "{count:,} row has no {unit} or no month that is a date.",
            "{count:,} rows have no {unit} or no month that is a date.",
            int(nameless.sum()),
            unit=unit,
        )
        problems.append(Problem("panel", found, translate("Fill them in, or leave the rows out.")))
    bad = (value.isna() & cells[outcome].notna()) | np.isinf(value)
    if bad.any():
        found = translate_count(
            "{count:,} row has an outcome that is not a number: {examples}.",
            "{count:,} rows have an outcome that is not a number: {examples}.",
            int(bad.sum()),
            examples=_some(cells[outcome][bad]),
        )
        remedy = translate("Correct them, or leave them empty where nothing is known.")
        problems.append(Problem(f"panel.{outcome}", found, remedy))
    if "customers" in cells.columns:
        heads = pd.to_numeric(cells["customers"], errors="coerce")
        none = ~(heads > 0)
        if none.any():
            found = translate_count(
                "{count:,} row does not have a number of customers above 0.",
                "{count:,} rows do not have a number of customers above 0.",
                int(none.sum()),
            )
            problems.append(Problem("panel.customers", found, translate("Fill it in, or leave those rows out.")))
    return problems


def _wrong_units(units: pd.Series, starts: pd.Series, unit: str, nameless: pd.Series, keys: pd.Series) -> list[Problem]:
    """What is wrong with units of the panel and of the roll-out: months (`keys`) on two rows, listed twice or nowhere."""
    problems = []
    twice = keys[~nameless & keys.duplicated(keep=False)]
    if len(twice):
        found = translate_count(
            "{count:,} month of a {unit} is on more than one row: {examples}.",
            "{count:,} months of a {unit} are on more than one row: {examples}.",
            twice.nunique(),
            unit=unit,
            examples=_some(twice),
        )
        remedy = translate("Keep one row for each {unit} and month, or add them up first.", unit=unit)
        problems.append(Problem("panel", found, remedy))
    again = starts[starts.duplicated()]
    if len(again):
        found = translate(
            "{units:,} of the units appear more than once: {examples}.", units=again.nunique(), examples=_some(again)
        )
        problems.append(Problem("rollout", found, translate("Keep one row for each.")))
    unlisted = units[~nameless & ~units.isin(starts)]
    if len(unlisted):
        few, every = unlisted.nunique(), units.nunique()
        found = translate(
            "does not list {few:,} of the {every:,} units of the panel: {examples}.",
            few=few,
            every=every,
            examples=_some(unlisted),
        )
        remedy = translate(
            "List them with an empty start if they never got the programme; leave them out of the panel otherwise."
        )
        problems.append(Problem("rollout", found, remedy))
    return problems


def _some(values: pd.Series) -> str:
    """The first few different values."""
    return _first(list(dict.fromkeys(map(str, values))))


def _first(names: Sequence[str]) -> str:
    return enumerated([*names[:EXAMPLES], *["…"] * (len(names) > EXAMPLES)])


def _notes(
    missing: NDArray[np.bool_], until: NDArray[np.int64], names: tuple[str, ...], absent: list[str]
) -> tuple[str, ...]:
    """What a reader must know of `missing` months, of those before `until`, and of units without a row."""
    notes = []
    if missing.any():
        with_gaps = np.flatnonzero(missing.any(axis=1))
        some = [names[place] for place in with_gaps]
        notes.append(
            translate(
                "Months without an outcome: {missing:,} of {months:,} (units: {units:,}; {names}). They count as "
                "missing, not as zero: each month is compared over the units present both in it and before.",
                missing=int(missing.sum()),
                months=int(until.sum()),
                units=len(with_gaps),
                names=_first(some),
            )
        )
    if absent:
        notes.append(
            translate_count(
                "{count:,} unit of the roll-out has no row in the panel and is not counted: {names}.",
                "{count:,} units of the roll-out have no row in the panel and are not counted: {names}.",
                len(absent),
                names=_first(absent),
            )
        )
    return tuple(notes)


def _early(starts: NDArray[np.int64], until: NDArray[np.int64], count: int) -> tuple[Early, ...]:
    """Units without a month before their start."""
    pairs, units = np.unique(np.column_stack([starts, until]), axis=0, return_counts=True)
    return tuple(
        Early(number, size, size, size * (off - number), off if off < count else None)
        for (number, off), size in zip(pairs.tolist(), units.tolist(), strict=True)
    )


def _frame(table: Any, name: str) -> pd.DataFrame:
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table
    if type(table).__name__ == "LazyFrame":  # of polars, whose module need not be there
        table = table.collect()
    for method in ("to_pandas", "execute"):
        if hasattr(table, method):
            return pd.DataFrame(getattr(table, method)())
    if isinstance(table, Mapping):
        return pd.DataFrame(table)
    found = translate("is a {kind}.", kind=type(table).__name__)
    raise BadInput.at(name, found, translate("Give a pandas, polars, arrow or ibis table."))
