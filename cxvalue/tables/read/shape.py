"""Which rows of a source count and as what: the keys of the study file that stand in place of a query.

In this order: words of a column are replaced (`values`), a footer is left out, rows are kept or left out by the values of
columns (`keep_rows`, `leave_out_rows`), of those with one key the first or the latest counts (`once_per`, `latest`),
columns are calculated, and refunds become rows of their own (`refund`). Every row that was read is kept or left out with a
reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study import TableSource
from cxvalue.tables.read.decode import width_fault
from cxvalue.tables.read.expressions import Expression, no_column, parse_expression
from cxvalue.tables.read.files import FILE_STRIDE, Found, laid_as
from cxvalue.tables.read.latest import rank_sql
from cxvalue.tables.read.numerals import NumberColumn, number_sql, read_numbers
from cxvalue.tables.read.schema import CONTRACTS
from cxvalue.tables.read.sql import ROW, described, literal, quoted

MADE = FILE_STRIDE // 2
"""Added to the number of a row for the refund that was made of it."""

REASONS = (
    "copy",  # files that are copies of another one of the table
    "keep_rows",  # rows whose values are not among those that `keep_rows` names
    "leave_out_rows",  # rows with a value that `leave_out_rows` names
    "once_per",  # further rows of one value of `once_per`
    "guest",  # rows without a customer, or with an id of `guest_ids`
    "bad_row",  # bad rows that `bad_rows` allows to drop
    "after_as_of",  # rows after the last day observed
)
"""Why a row of a source is not kept, by the key that ``check --json`` gives."""

_BLANKS = " \t\u00a0\ufeff"
_NUMBERS = tuple(
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL".split()
)
_FEW = 6
_OURS = ("customer_id", "date", "start", "revenue", "margin", "order_id", "discount", "currency")
_BACK = "__back__"


@dataclass(frozen=True, slots=True)
class _Money(NumberColumn):
    """A column of a source in an expression: whatever its name, it may be dressed as money."""

    @property
    def money(self) -> bool:
        return True


def shape(
    con: duckdb.DuckDBPyConnection,
    name: str,
    found: Found,
    source: TableSource,
    where: str,
    currency: str | None = None,
) -> tuple[Found, TableSource]:
    """The rows of a source that count, as a source of its own, and the study's words for it with columns as they are now.

    `currency` is that of the study, which no amount in an expression may contradict; None leaves that to others. Raises
    `BadInput` for columns that do not exist, values that no row has, amounts that are no numbers, and a source of which
    nothing is left.
    """
    return _Shaping(con, name, found, source, where, currency).run()


class _Shaping:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        found: Found,
        source: TableSource,
        where: str,
        currency: str | None,
    ) -> None:
        self.con, self.name, self.found, self.where = con, name, found, where
        self.names = tuple(found.types)
        # Columns of ours under their very name need not be mentioned, nor do those whose words are replaced.
        contract, mapped = CONTRACTS.get(name), {*source.columns.values()}
        known = contract.names if contract else ()
        free = contract is not None and contract.extra_columns
        reworded = [one for one in source.values if (one in known or free) and one not in mapped]
        alike = {ours: ours for ours in (*_OURS, *reworded) if ours in self.names and ours not in source.columns}
        self.source = source.model_copy(update={"columns": {**alike, **source.columns}})
        self.currency = None if "currency" in self.source.columns else currency
        self.left_out, self.notes = list(found.left_out), found.notes
        self.part, self.kept, self.rows = f"part_{name}", f"kept_{name}", ""

    def run(self) -> tuple[Found, TableSource]:
        """Do it all, or raise `BadInput`."""
        source = self.source
        self._known()
        # A column with errors in its cells is refused where it is used, and passed over where it is not.
        used = {name for ours, theirs in source.columns.items() for name in self._columns_in(ours, theirs)}
        used |= {
            *source.keep_rows,
            *source.leave_out_rows,
            *source.once_per,
            *source.values,
            *filter(None, [source.latest]),
        }
        names = [name for name in self.names if name not in self.found.faults or name in used]
        malformed = self.found.build(self.part, {name: name for name in names}, None)
        if source.first_row is not None:
            malformed = tuple(one for one in malformed if one[0] % FILE_STRIDE >= source.first_row)
        types = described(self.con, self.part)
        malformed = self._keep(types, malformed)
        computed, columns = self._computed(types)
        target = f"source_{self.name}"
        made = self._write(target, types, computed)
        every = described(self.con, target)
        shown = {name: kind for name, kind in every.items() if name != _BACK}
        build = laid_as(self.con, target, every, malformed)
        shaped = replace(self.found, types=shown, build=build, left_out=self.left_out, made=made, notes=self.notes)
        return shaped, source.model_copy(update={"columns": columns})

    def _columns_in(self, ours: str, theirs: str) -> tuple[str, ...]:
        if not theirs.startswith("="):
            return (theirs,)
        return parse_expression(theirs, f"{self.where}.columns.{ours}", self.names).columns

    def _known(self) -> None:
        """Every column that the keys name must be there."""
        source, problems = self.source, []
        named: list[tuple[str, str]] = [("keep_rows", name) for name in source.keep_rows]
        named += [("leave_out_rows", name) for name in source.leave_out_rows]
        named += [("latest", source.latest)] if source.latest else []
        named += [("once_per", name) for name in source.once_per] + [("values", name) for name in source.values]
        if source.refund:
            named += [("refund.rows", name) for name in source.refund.rows or {}]
            named += [("refund.date", source.refund.date)] if source.refund.date else []
        for key, name in named:
            if name not in self.names:
                problems.append(no_column(f"{self.where}.{key}", name, self.names))
        if source.refund and source.refund.amount and "margin" in source.columns:
            found = translate("goes with gross_margin; the margin of returned goods is not in the row.")
            problems.append(Problem(f"{self.where}.refund.amount", found, translate("Leave out the margin column.")))
        if problems:
            raise BadInput(problems)

    def _text(self, name: str, kind: str) -> str:
        value = quoted(name) if kind == "VARCHAR" else f"CAST({quoted(name)} AS VARCHAR)"
        if kind in ("DOUBLE", "FLOAT"):
            value = f"regexp_replace({value}, '\\.0$', '')"
        text = f"nullif(trim({value}, {literal(_BLANKS)}), '')"
        for missing in self.source.read.missing:
            text = f"nullif({text}, {literal(missing)})"
        return text

    def _fits(self, rules: Mapping[str, Sequence[str]], types: Mapping[str, str]) -> str:
        """The SQL that says whether a row has one of the values named for each column; capitals do not matter."""
        tests = []
        for name, words in rules.items():
            listed = ", ".join(literal(word.strip().lower()) for word in words)
            tests.append(f"lower(coalesce({self._text(name, types[name])}, '')) IN ({listed})")
        return " AND ".join(tests) or "true"

    def _keep(self, types: dict[str, str], malformed: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
        """Choose the rows that count, and say why the others do not."""
        source = self.source
        start = f"{ROW} % {FILE_STRIDE} >= {source.first_row}" if source.first_row else "true"
        mapped = [theirs for ours, theirs in source.columns.items() if ours in ("customer_id", "date", "start")]
        needed = [name for name in mapped if name in types]
        filled = " AND ".join(f"{self._text(name, types[name])} IS NOT NULL" for name in needed) or "true"
        out = " OR ".join(self._fits({name: words}, types) for name, words in source.leave_out_rows.items()) or "false"
        fits = self._fits(source.keep_rows, types)
        back = self._fits(source.refund.rows, types) if source.refund and source.refund.rows else "false"
        keys = [self._text(name, types[name]) for name in source.once_per]
        unique = (
            f"first_value({ROW}) OVER (PARTITION BY {', '.join([*keys, '__back__'])} ORDER BY {ROW})" if keys else ROW
        )
        passing = (
            f"first_value({ROW}) OVER (PARTITION BY {', '.join([*keys, '__back__', '__fits__'])} ORDER BY {ROW})"
            if keys
            else ROW
        )
        if source.latest:  # the last version counts or does not, whatever earlier ones say
            own = f"(FROM {self.part} WHERE {start} AND {filled})"
            rank = rank_sql(self.con, own, self._text(source.latest, types[source.latest]), self.where, source)
            unique = f"{unique.partition('ORDER BY')[0]}ORDER BY {rank} DESC NULLS LAST, {ROW} DESC)"
            passing = unique
        whole = " AND ".join(f"{key} IS NOT NULL" for key in keys) or "false"
        last = f"max({ROW}) FILTER (WHERE {filled}) OVER (PARTITION BY {ROW} // {FILE_STRIDE})"
        footer = f"{ROW} > __last__" if source.footer == "leave_out" else "false"
        marked = (
            f"SELECT *, {out} AS __out__, {fits} AND NOT ({out}) AS __fits__, {back} AS {_BACK}, "
            f"{last if source.footer == 'leave_out' else '0'} AS __last__ FROM {self.part} WHERE {start}"
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {self.kept} AS SELECT * EXCLUDE (__fits__, __out__, __last__), CASE "
            f"WHEN {footer} THEN 'footer' "
            f"WHEN {whole} AND {unique} <> {ROW} AND NOT (__fits__ AND {passing} = {ROW}) THEN 'once_per' "
            "WHEN NOT __fits__ THEN CASE WHEN __out__ THEN 'leave_out_rows' ELSE 'keep_rows' END "
            f"WHEN {whole} AND {passing} <> {ROW} THEN 'once_per' END AS __why__ FROM ({marked})"
        )
        counted = dict(
            self.con.execute(f"SELECT coalesce(__why__, ''), count(*) FROM {self.kept} GROUP BY 1").fetchall()
        )
        if source.footer == "leave_out":
            malformed = self._without_footer(counted.pop("footer", 0), malformed)
        for reason in ("keep_rows", "leave_out_rows"):
            if counted.get(reason):
                self.left_out += self._refused(reason, types)
        if source.leave_out_rows and not counted.get("leave_out_rows"):
            named = enumerated(f"{name}: {', '.join(words)}" for name, words in source.leave_out_rows.items())
            self.notes += (
                translate("{table}: leave_out_rows ({named}) matches no row.", table=self.name, named=named),
            )
        if rows := counted.get("once_per"):
            what = translate("further rows of one {columns}", columns=enumerated(source.once_per))
            if source.latest:
                what = translate("earlier versions of one {columns}", columns=enumerated(source.once_per))
            self.left_out.append(("once_per", what, int(rows)))
        if not counted.get(""):
            raise BadInput([self._nothing(types)])
        self._once(types)
        return malformed

    def _without_footer(self, rows: int, malformed: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
        """The malformed rows that stand above the last full one; those below it and `rows` more are told as a footer."""
        ends = dict(
            self.con.execute(
                f"SELECT {ROW} // {FILE_STRIDE}, max({ROW}) FROM {self.kept} WHERE __why__ IS DISTINCT FROM 'footer' "
                "GROUP BY 1"
            ).fetchall()
        )
        # A line of several cells may be a row that was cut off: that is for a person to see.
        below_rows = [one for one in malformed if one[0] > ends.get(one[0] // FILE_STRIDE, 0)]
        lines = [one for one in below_rows if one[1] == width_fault(1, len(self.names))]
        if below := rows + len(lines):
            note = translate_count(
                "{table}: {count:,} line below the last full row left out as a footer, not data.",
                "{table}: {count:,} lines below the last full row left out as a footer, not data.",
                below,
                table=self.name,
            )
            self.notes += (note,)
        return tuple(one for one in malformed if one not in lines)

    def _refused(self, reason: str, types: dict[str, str]) -> list[tuple[str, str, int]]:
        """The rows that a key leaves out, by the first column that does and its value."""
        cases, another, empty = "", literal(translate("another text")), literal(translate("empty"))
        keeps = reason == "keep_rows"
        for name, words in (self.source.keep_rows if keeps else self.source.leave_out_rows).items():
            text = self._text(name, types[name])
            # What is long or names a person is not repeated in what is published.
            shown = f"CASE WHEN length({text}) < 40 AND NOT contains({text}, '@') THEN {text} ELSE {another} END"
            shown = f"CASE WHEN {text} IS NULL THEN {empty} ELSE {shown} END"
            test = self._fits({name: words}, types)
            cases += f" WHEN {'NOT ' if keeps else ''}({test}) THEN {literal(f'{name}: ')} || {shown}"
        found = self.con.execute(
            f"SELECT CASE{cases} END, count(*) FROM {self.kept} WHERE __why__ = '{reason}' GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        most = [(reason, str(what), int(rows)) for what, rows in found[:_FEW]]
        rest = sum(int(rows) for _, rows in found[_FEW:])
        return most + ([(reason, translate("other values of these columns"), rest)] if rest else [])

    def _nothing(self, types: dict[str, str]) -> Problem:
        names = [*self.source.keep_rows, *self.source.leave_out_rows]
        if not names:
            remedy = translate("Check the file, or leave the table out.")
            return Problem(self.where, translate("has no rows."), remedy)
        seen = []
        for name in names:
            values = self.con.execute(
                f"SELECT {self._text(name, types[name])} FROM {self.part} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 8"
            ).fetchall()
            seen.append(f"{name}: {', '.join(repr(value) if value else translate('empty') for (value,) in values)}")
        remedy = translate("Values found: {values}.", values="; ".join(seen))
        return Problem(f"{self.where}.keep_rows", translate("keeps no row."), remedy)

    def _once(self, types: dict[str, str]) -> None:
        """Amounts that differ between the rows of one key are amounts of lines: to take the first would lose the others."""
        if not self.source.once_per or self.source.latest:
            return
        keys = ", ".join(self._text(name, types[name]) for name in self.source.once_per)
        amounts = [theirs for ours, theirs in self.source.columns.items() if ours in ("revenue", "margin", "discount")]
        names = {name for theirs in amounts for name in parse_expression(theirs, self.where, self.names).columns}
        problems = []
        for name in sorted(names):
            row: Any = self.con.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {self.kept} WHERE __why__ IS NULL OR __why__ = 'once_per' "
                f"GROUP BY {keys}, {_BACK} HAVING count(DISTINCT {self._text(name, types[name])}) > 1)"
            ).fetchone()
            if row[0]:
                found = translate_count(
                    "{column!r} differs between the rows of one {key}, {count:,} time.",
                    "{column!r} differs between the rows of one {key}, {count:,} times.",
                    int(row[0]),
                    column=name,
                    key=self.source.once_per[0],
                )
                remedy = translate("It is the amount of a line: leave out 'once_per', or map the amount of the order.")
                problems.append(Problem(f"{self.where}.once_per", found, remedy, int(row[0])))
        if problems:
            raise BadInput(problems)

    def _computed(self, types: dict[str, str]) -> tuple[dict[str, tuple[str, str, str]], dict[str, str]]:
        """Columns to be worked out, by ours: their name, and their SQL in rows as they are, and in rows of refunds."""
        source, refund = self.source, self.source.refund
        elsewhere = dict(refund.columns) if refund else {}
        computed: dict[str, tuple[str, str, str]] = {}
        columns = dict(source.columns)
        asked: dict[str, Expression] = {}
        for ours in dict.fromkeys([*columns, *elsewhere]):
            theirs = columns.get(ours, "")
            signed = ours == "revenue" and refund is not None
            if not (theirs.startswith("=") or ours in elsewhere or signed or self._replaced(theirs)):
                continue
            place = f"{self.where}.columns.{ours}"
            plain = parse_expression(theirs, place, self.names) if theirs else None
            other = elsewhere.get(ours)
            moved = parse_expression(other, f"{self.where}.refund.columns.{ours}", self.names) if other else None
            as_number = signed or any(one is not None and one.is_number for one in (plain, moved))
            asked |= {f"{ours}{i}": one for i, one in enumerate((plain, moved)) if one is not None and as_number}
            here = "NULL" if plain is None else self._value(plain, types, as_number)
            there = here if moved is None else self._value(moved, types, as_number)
            if moved is not None and not as_number:
                there = f"coalesce({there}, {here})"
            if signed and refund is not None and refund.rows is not None:
                there = f"-abs({there})"
            alone = sum(one == theirs for one in columns.values()) == 1 and theirs
            name = theirs if alone else f"{theirs or ours} ({ours})"
            columns[ours] = name
            computed[name] = (ours, here, there)
        if refund is not None and refund.amount is not None:
            amount = parse_expression(refund.amount, f"{self.where}.refund.amount", self.names)
            asked["refund"] = amount
            name = columns.get("revenue", "revenue")
            here = computed[name][1] if name in computed else "NULL"
            computed[name] = ("revenue", here, f"-abs({self._value(amount, types, True)})")
        self._numbers(asked, types)
        return computed, columns

    def _replaced(self, theirs: str) -> bool:
        return theirs in self.source.values

    def _value(self, expression: Expression, types: dict[str, str], as_number: bool) -> str:
        return expression.sql(lambda name: self._amount(name, types) if as_number else self._word(name, types[name]))

    def _word(self, name: str, kind: str) -> str:
        """A column as text, with its words replaced."""
        text, words = self._text(name, kind), self.source.values.get(name)
        if not words:
            return text
        cases = "".join(f" WHEN {literal(old.strip().lower())} THEN {literal(new)}" for old, new in words.items())
        return f"CASE lower({text}){cases} ELSE {text} END"

    def _amount(self, name: str, types: dict[str, str]) -> str:
        kind = types[name]
        if kind.startswith(_NUMBERS) and name not in self.source.values:
            return f"CAST({quoted(name)} AS DOUBLE)"
        return quoted(f"__amount_{name}")

    def _numbers(self, asked: Mapping[str, Expression], types: dict[str, str]) -> None:
        """Refuse amounts in expressions that are no numbers, that could be read two ways, or in another currency."""
        names = sorted({name for one in asked.values() for name in one.columns})
        texts = [name for name in names if not types[name].startswith(_NUMBERS) or name in self.source.values]
        columns: list[NumberColumn] = [_Money(name, quoted(f"__word_{name}")) for name in texts]
        self.rows = self._with_amounts(columns, types)
        if not columns:
            return
        _, problems = read_numbers(self.con, self.rows, columns, self.source.read, self.where, self.currency)
        wrong = ((one.text, f"{one.text} IS NOT NULL AND {self._amount(one.name, types)} IS NULL") for one in columns)
        asked_for = ", ".join(
            f"count(*) FILTER (WHERE {test}), min({text}) FILTER (WHERE {test})" for text, test in wrong
        )
        row: Any = self.con.execute(f"SELECT {asked_for} FROM {self.rows}").fetchone()
        for name, *found in zip(texts, row[::2], row[1::2], strict=True):
            if found[0]:
                said = translate_count(
                    "{count:,} row of {column!r} with no number in it.",
                    "{count:,} rows of {column!r} with no number in it.",
                    int(found[0]),
                    column=name,
                )
                remedy = translate(
                    "Say how numbers are written under 'read:', what words stand for under 'values:', or correct them."
                )
                problems.append(Problem(f"{self.where}.columns", said, remedy, int(found[0]), (str(found[1])[:80],)))
        if problems:
            raise BadInput(problems)

    def _with_amounts(self, columns: Sequence[NumberColumn], types: dict[str, str]) -> str:
        """The rows that count, with the word of each column that is a number and what it comes to."""
        rows = f"(SELECT * FROM {self.kept} WHERE __why__ IS NULL)"
        if not columns:
            return rows
        # In steps: written out in place the patterns of one column would stand in an expression a hundred times.
        words = ", ".join(f"{self._word(one.name, types[one.name])} AS {one.text}" for one in columns)
        bare = {one.name: quoted(f"__core_{one.name}") for one in columns}
        cores = ", ".join(f"{one.core_where_needed} AS {bare[one.name]}" for one in columns)
        numbers = (
            f"{number_sql(one, self.source.read, bare[one.name])} AS {self._amount(one.name, types)}" for one in columns
        )
        return f"(SELECT *, {', '.join(numbers)} FROM (SELECT *, {cores} FROM (SELECT *, {words} FROM {rows})))"

    def _write(self, target: str, types: dict[str, str], computed: dict[str, tuple[str, str, str]]) -> int:
        """Lay the rows that count into `target`, with the columns worked out; returns how many refunds were made of rows."""
        refund = self.source.refund
        by_amount = refund is not None and refund.amount is not None
        others = [quoted(name) for name in types if name not in computed]
        cells = []
        for name, (_, here, there) in computed.items():
            value = here if by_amount or here == there else f"CASE WHEN {_BACK} THEN {there} ELSE {here} END"
            cells.append(f"{value} AS {quoted(name)}")
        chosen = ", ".join([ROW, *others, *cells])
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {chosen}, {_BACK} FROM {self.rows}")
        made = 0
        if by_amount:
            made = self._write_refunds(target, types, computed)
        self.con.execute(f"DROP TABLE {self.kept}")
        return made

    def _write_refunds(self, target: str, types: dict[str, str], computed: dict[str, tuple[str, str, str]]) -> int:
        assert self.source.refund is not None
        day, columns = self.source.refund.date, self.source.columns
        dated, discount = columns.get("date"), columns.get("discount")
        cells = []
        for name in [*(name for name in types if name not in computed), *computed]:
            ours, here, there = computed.get(name, ("", quoted(name), quoted(name)))
            value = there if ours == "revenue" else here
            if day and name == dated:
                value = f"coalesce({self._cast(day, types, types[name])}, {value})"
            if name == discount or ours == "discount":
                value = "NULL"  # the discount stays with the purchase
            cells.append(f"{value} AS {quoted(name)}")
        amount = next(there for ours, _, there in computed.values() if ours == "revenue")
        self.con.execute(
            f"INSERT INTO {target} BY NAME SELECT {ROW} + {MADE} AS {ROW}, {', '.join(cells)}, true AS {_BACK} "
            f"FROM {self.rows} WHERE coalesce({amount}, 0) <> 0"
        )
        row: Any = self.con.execute(f"SELECT count(*) FROM {target} WHERE {_BACK}").fetchone()
        return int(row[0])

    def _cast(self, name: str, types: dict[str, str], kind: str) -> str:
        text = self._text(name, types[name])
        return text if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind})"
