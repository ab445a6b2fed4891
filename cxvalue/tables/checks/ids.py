"""Ids are text, and the text is looked at: harmless repairs, ids that a spreadsheet spoilt, ids that stand for nobody.

A repair that the study file asks for (``ids: {strip_leading_zeros: true}``) is made in every table alike. Without it nothing
is repaired; what a repair would join is counted and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import ibis
import ibis.expr.types as ir

from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated
from cxvalue.study.source import IdRules
from cxvalue.tables.ask import ask
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.rules import Rule
from cxvalue.tables.read.schema import TableContract

REPAIRS: dict[str, str] = {
    "one_alphabet": translatable("letters that only look Latin"),
    "strip_decimal": translatable("a '.0' at the end"),
    "strip_leading_zeros": translatable("zeros in front"),
    "fold_case": translatable("capital letters"),
    "single_blanks": translatable("blanks beside one another"),
}
"""Every harmless repair with what it takes away, in the order in which they are made."""

_ALIKE = {
    **dict(zip("АВЕКМНОРСТУХІЅЈаеорсухіѕј", "ABEKMHOPCTYXISJaeopcyxisj", strict=True)),  # Cyrillic, Latin
    **{chr(code + 0xFEE0): chr(code) for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), 0x2D)},
}
"""Cyrillic letters that look like Latin ones, and wide signs of Chinese keyboards, with what they are taken for."""
LOOKALIKE, TAKEN_FOR = "".join(_ALIKE), "".join(_ALIKE.values())

SPOILT = r"^[+-]?[0-9]+([.,][0-9]+)?[eE]\+[0-9]{1,3}$"
LARGEST_EXACT = 2**53
_BLANKS = "[ \t\u00a0\u3000]+"
_MORE_BLANKS = "[ \t\u00a0\u3000]{2}|[\t\u00a0\u3000]"
_WORDS = (
    "nan null none na n/a #n/a nil void undefined missing unknown anonymous anon guest guests test dummy "
    "default walk-in walkin (none) (not\u00a0set) no\u00a0id noid - -- ? . gast unbekannt "
    "invité inconnu гость неизвестно гість невідомо 匿名 游客 未知 散客 cash laufkunde barverkauf розница "
    "consumidor\u00a0final client\u00a0de\u00a0passage частное\u00a0лицо физ.\u00a0лицо"
)
PLACEHOLDERS = tuple(word.replace("\u00a0", " ") for word in _WORDS.split())
"""Words that stand where an id should; beside them numbers such as 0 and -1, where they stand out."""
_BUYER = "([ -]?(customers?|buyers?|clients?|users?|checkout|sales?|account|kunden?|покупатель|клиент|客户))?"
_WORD = f"(?:{'|'.join(map(re.escape, PLACEHOLDERS))}){_BUYER}"
_MAIL = r"(?:test(?:er|ing)?|no-?reply|do-?not-?reply|no-?e?mail|guest|anonymous|unknown|dummy|none)[0-9]{0,3}@[^@]+"
_PLACEHOLDER = f"^(?:{_WORD}|{_MAIL}|-1|0{{1,12}}|9{{4,12}})$"
IMPLAUSIBLE_SHARE, FEWEST_IDS = 0.20, 20
APART_SHARE, APART_IDS, APART_ROWS = 0.05, 100, 30
"""Share of rows from which one id of so many is doubtful too, where it has ten times the rows of the next one."""
LOWERS_FROM, ALIKE_FROM = 0.05, 0.01
_TIMES_THE_USUAL = 10
_COUNTED = "ids rows money top top_id top_money money_id numeric padded decimal upper lower named alike blanks".split()


def is_placeholder(text: str) -> bool:
    """Whether an id is a word that stands for buyers without one.

    >>> is_placeholder("Walk-in customer"), is_placeholder("no-reply@shop.com"), is_placeholder("C100")
    (True, True, False)
    """
    return re.fullmatch(f"{_WORD}|{_MAIL}", text.lower()) is not None


def repaired(value: Any, repairs: Iterable[str]) -> Any:
    """An id, or an expression of one, after the repairs named; `strip_leading_zeros` leaves one character."""
    asked = set(repairs)
    if "one_alphabet" in asked:
        value = value.translate(LOOKALIKE, TAKEN_FOR)
    if "strip_decimal" in asked:
        value = value.re_replace(r"\.0+$", "")
    if "strip_leading_zeros" in asked:
        # Without a reference to what was found: Spark writes it otherwise than the other engines.
        bare = value.re_replace("^0+", "")
        value = (bare == "").ifelse(value.substr(0, 1), bare)
    if "single_blanks" in asked:
        value = value.re_replace(_BLANKS, " ")
    return value.lower() if "fold_case" in asked else value


def asked_repairs(rules: IdRules) -> tuple[str, ...]:
    """The repairs that a study file asks for."""
    return tuple(name for name in REPAIRS if getattr(rules, name))


def repairs_line(repairs: Iterable[str], rules: IdRules) -> str:
    """The line of the study file that makes these repairs beside those already asked for.

    >>> repairs_line(["strip_decimal"], IdRules(fold_case=True))
    'ids: {strip_decimal: true, fold_case: true}'
    """
    wanted = {*repairs, *asked_repairs(rules)}
    return "ids: {" + ", ".join(f"{name}: true" for name in REPAIRS if name in wanted) + "}"


def choices(rules: IdRules) -> list[tuple[str, ...]]:
    """Combinations of the repairs that are not made yet, the smallest first."""
    left = [name for name in REPAIRS if name not in asked_repairs(rules)]
    return [some for size in range(1, len(left) + 1) for some in combinations(left, size)]


def repair_table(table: ir.Table, columns: Iterable[str], rules: IdRules) -> ir.Table:
    """The table with the ids in these columns repaired as the study file asks."""
    repairs = asked_repairs(rules)
    names = [name for name in columns if name in table.columns]
    return table.mutate(**{name: repaired(table[name], repairs) for name in names}) if repairs and names else table


def repairs_in_words(repairs: tuple[str, ...]) -> str:
    """What repairs take away, for a sentence.

    >>> repairs_in_words(("strip_decimal", "fold_case"))
    "a '.0' at the end and capital letters"
    """
    told = [translate(REPAIRS[name]) for name in repairs]
    return told[0] if len(told) == 1 else translate("{some} and {last}", some=enumerated(told[:-1]), last=told[-1])


def spoilt_ids(contract: TableContract, types: dict[str, str], table: ir.Table) -> list[Rule]:
    """The rule against ids that a spreadsheet has rounded: scientific notation, or more digits than a number keeps."""
    rules = []
    remedy = translate(
        "Different ids became the same one and cannot be separated any more: export again with this "
        "column as text, and do not open the file in a spreadsheet first."
    )
    for column in contract.columns:
        if column.kind != "id" or column.name not in types:
            continue
        value = table[column.name]
        test = value.re_search(SPOILT)
        if types[column.name].startswith(("FLOAT", "DOUBLE")):
            large = value.try_cast("float64").abs() > ibis.literal(float(LARGEST_EXACT))
            test = test | large
        what = translate("'{column}' in scientific notation or rounded, such as 4.47E+12", column=column.name)
        rules.append(Rule(column.name, what, remedy, test, droppable=False))
    return rules


@dataclass(frozen=True, slots=True)
class IdCounts:
    """The ids of one column: how many, on how many rows, and what about them stands out."""

    table: str
    column: str
    ids: int
    rows: int
    amount: float
    top: tuple[str, int]
    top_amount: tuple[str, float]
    placeholders: tuple[tuple[str, int, float], ...]
    numeric: int
    padded: int
    decimal: int
    upper: int
    lower: int
    lookalike: int
    blanks: int
    next_rows: int = 0  # of the id with the second most, counted only where the first has very many

    @property
    def is_apart(self) -> bool:
        """Whether one id has far more rows than any other."""
        return 0 < _TIMES_THE_USUAL * self.next_rows <= self.top[1]


def each_id(table: ir.Table, column: str, amount: str | None) -> ir.Table:
    """Each `id` of a column once, with `n` rows and, where `amount` names a column of money, the `money` of them."""
    rows = table.filter(table[column].notnull())
    money = {"money": rows[amount].abs().sum().fill_null(0.0)} if amount else {}
    return rows.group_by(id=rows[column]).agg(n=rows.count(), **money)


def ids_to_count(table: ir.Table, column: str, amount: str | None) -> ir.Table:
    """What `counted_ids` is to be asked of a column; `amount` names a column of money to hold the ids against."""
    each = each_id(table, column, amount)
    text = each.id
    counts = {
        "ids": each.count(),
        "rows": each.n.sum(),
        "top": each.n.max(),
        "top_id": text.argmax(each.n),
        "numeric": each.count(where=text.re_search("^-?[0-9]+$")),
        "padded": each.count(where=text.re_search("^0.")),
        "decimal": each.count(where=text.endswith(".0")),
        "upper": each.count(where=text != text.lower()),
        "lower": each.count(where=text != text.upper()),
        "alike": each.count(where=text.re_search(f"[{LOOKALIKE}]")),
        "blanks": each.count(where=text.re_search(_MORE_BLANKS)),
        "named": each.count(where=text.lower().re_search(_PLACEHOLDER)),
    }
    if amount:
        counts |= {"money": each.money.sum(), "top_money": each.money.max(), "money_id": text.argmax(each.money)}
    return each.aggregate(**{f"{name}_of_{column}": value for name, value in counts.items()})


def counted_ids(table: ir.Table, name: str, column: str, amount: str | None, answer: dict[str, Any]) -> IdCounts | None:
    """The ids of a column of the table `name`, from the answer to `ids_to_count`; None where it holds none."""
    row: dict[str, Any] = {key: answer.get(f"{key}_of_{column}") for key in _COUNTED}
    if not row["ids"]:
        return None
    found: tuple[tuple[str, int, float], ...] = ()
    if row["named"]:
        named = each_id(table, column, amount).filter(lambda t: t.id.lower().re_search(_PLACEHOLDER))
        listed = named.order_by(ibis.desc("n")).limit(50).to_pyarrow().to_pylist()
        found = tuple((str(one["id"]), int(one["n"]), float(one.get("money", 0.0))) for one in listed)
    next_rows = 0
    if row["ids"] >= APART_IDS and row["top"] >= max(APART_ROWS, APART_SHARE * row["rows"]):
        first = each_id(table, column, None).order_by(ibis.desc("n")).limit(2).to_pyarrow()
        next_rows = int(first["n"][1].as_py())
    made = IdCounts(
        name,
        column,
        row["ids"],
        int(row["rows"]),
        float(row["money"] or 0.0),
        (str(row["top_id"]), row["top"]),
        (str(row["money_id"]), float(row["top_money"] or 0.0)),
        found,
        *(row[key] for key in ("numeric", "padded", "decimal", "upper", "lower", "alike", "blanks")),
    )
    return replace(made, next_rows=next_rows)


def guest_cautions(counts: IdCounts, guests: tuple[str, ...]) -> list[Caution]:
    """Ids that stand for nobody, and one that alone holds an implausible share of rows or of money."""
    said = [_guest(counts, one, guests) for one in counts.placeholders if _stands_out(counts, one)]
    known = {one[0] for one in counts.placeholders}
    if counts.ids >= FEWEST_IDS:
        (top, rows), (rich, money) = counts.top, counts.top_amount
        by_rows = rows / counts.rows if top not in known else 0.0
        by_money = money / counts.amount if counts.amount and rich not in known else 0.0
        share, name, of = max((by_rows, top, "rows"), (by_money, rich, "revenue"))
        if share < IMPLAUSIBLE_SHARE and by_rows and counts.is_apart:
            said.append(_apart(counts, by_rows, guests))
        if share >= IMPLAUSIBLE_SHARE:
            many = rows if of == "rows" else 0
            where = {"column": counts.column, "ids": counts.ids, "table": counts.table, "share": share}
            text = (
                translate(
                    "One {column} of {ids:,} in '{table}' has {share:.0%} of its rows: one customer rarely has that "
                    "much, an id shared by many customers often does. If it stands for many, name it under "
                    "guest_ids.",
                    **where,
                )
                if of == "rows"
                else translate(
                    "One {column} of {ids:,} in '{table}' has {share:.0%} of its revenue: one customer rarely has "
                    "that much, an id shared by many customers often does. If it stands for many, name it under "
                    "guest_ids.",
                    **where,
                )
            )
            said.append(
                Caution(
                    "dominant_id", counts.table, counts.column, many, share, text, True, private=_line(guests, [name])
                )
            )
    return said


def _apart(counts: IdCounts, share: float, guests: tuple[str, ...]) -> Caution:
    name, rows = counts.top
    text = translate(
        "One {column} of {ids:,} in '{table}' has {share:.0%} of its rows, {times:,.0f} times as many as any other: an id "
        "shared by many customers looks like that. If it stands for many, name it under guest_ids.",
        column=counts.column,
        ids=counts.ids,
        table=counts.table,
        share=share,
        times=rows / counts.next_rows,
    )
    return Caution("dominant_id", counts.table, counts.column, rows, share, text, private=_line(guests, [name]))


def _stands_out(counts: IdCounts, one: tuple[str, int, float]) -> bool:
    """A word is a placeholder wherever it stands; a number only where it is unlike the other ids, an address where often."""
    name, rows, _ = one
    others = max(counts.ids - 1, 1)
    usual = (counts.rows - rows) / others
    much = rows >= _TIMES_THE_USUAL * max(usual, 1.0) and rows >= 0.01 * counts.rows
    if "@" in name:
        return much
    if is_placeholder(name):
        return True
    unlike = counts.numeric <= 0.5 * counts.ids and not name.startswith("9")
    return much or unlike


def _guest(counts: IdCounts, one: tuple[str, int, float], guests: tuple[str, ...]) -> Caution:
    name, rows, money = one
    share = max(rows / counts.rows, money / counts.amount if counts.amount else 0.0)
    mail = "@" in name  # may be somebody's after all, and is not published
    shown = f"{re.sub('[0-9]*@.*', '', name)}…@…" if mail else repr(name)
    where = {"column": counts.column, "name": shown, "table": counts.table, "rows": rows, "all": counts.rows}
    held = (
        translate(
            "The {column} {name} in '{table}' has {rows:,} of {all:,} rows and {share:.0%} of the revenue.",
            **where,
            share=money / counts.amount,
        )
        if counts.amount and money
        else translate("The {column} {name} in '{table}' has {rows:,} of {all:,} rows.", **where)
    )
    line = _line(guests, [name])
    meant = translate(
        "It looks like a placeholder for buyers without an id, and counts as one customer. If it is, "
        "write {line}: their sales then count in the totals only.",
        line="guest_ids: […]" if mail else line,
    )
    text, lowers = f"{held} {meant}", share >= LOWERS_FROM
    return Caution("guest_id", counts.table, counts.column, rows, share, text, lowers, private=line if mail else "")


def _line(guests: tuple[str, ...], more: list[str]) -> str:
    return "guest_ids: [" + ", ".join(f'"{one}"' for one in dict.fromkeys([*guests, *more])) + "]"


def alike_caution(table: ir.Table, counts: IdCounts, rules: IdRules) -> Caution | None:
    """Ids of one column that a harmless repair would make equal, with the line that makes it."""
    worth = {
        "one_alphabet": 0 < counts.lookalike < counts.ids,
        "strip_decimal": 0 < counts.decimal < counts.ids,
        "strip_leading_zeros": counts.padded > 0,
        "fold_case": counts.upper > 0 and counts.lower > 0,
        "single_blanks": counts.blanks > 0,
    }
    some = [repairs for repairs in choices(rules) if all(worth[name] for name in repairs)]
    if not some:
        return None
    ids = table.select(id=table[counts.column]).distinct()
    left = ask(ids.aggregate(**{f"n{i}": repaired(ids.id, repairs).nunique() for i, repairs in enumerate(some)}))
    joined = {repairs: counts.ids - int(left[f"n{i}"]) for i, repairs in enumerate(some)}
    most = max(joined.values())
    if most <= 0:
        return None
    best = next(repairs for repairs, count in joined.items() if count == most)
    share = most / counts.ids
    where = {
        "ids": counts.ids,
        "column": counts.column,
        "table": counts.table,
        "fewer": counts.ids - most,
        "repair": repairs_in_words(best),
        "line": repairs_line(best, rules),
    }
    text = (
        translate(
            "{ids:,} different {column}s in '{table}' would be {fewer:,} without {repair}: the same customer"
            " may appear under two ids. If so, write {line} in the study file.",
            **where,
        )
        if counts.column == "customer_id"
        else translate(
            "{ids:,} different {column}s in '{table}' would be {fewer:,} without {repair}: the same thing "
            "may appear under two ids. If so, write {line} in the study file.",
            **where,
        )
    )
    return Caution("ids_alike", counts.table, counts.column, most, share, text, share >= ALIKE_FROM)
