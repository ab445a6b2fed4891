"""One table of an export on its way into a study: what is sure, what is likely, and what is to be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cxvalue.firstmile.asking import Option, Question, answered, put
from cxvalue.firstmile.exports import Export, Look
from cxvalue.firstmile.notation import read_of_days, read_of_numbers
from cxvalue.firstmile.records import Record, bound
from cxvalue.firstmile.trying import LIKE_ALL, holds, kept_values, total
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate, translate_count, written
from cxvalue.language.words import enumerated
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.read.decode import width_fault
from cxvalue.tables.read.roles import NO_SALE, currency_in
from cxvalue.tables.read.schema import CONTRACTS
from cxvalue.tables.read.sql import literal

_BRACKETED = re.compile(r"\[([^\]]+)\]")
MOST_FOOTER = 12
"""Lines below the last full row that may be a footer."""
_MOST_OTHERS = 12


@dataclass
class Draft:
    """A table as it is understood so far.

    `spec` are its keys in the study file, without the path; `why` says of each column of ours how sure it is; `refusal` why
    the table cannot be used; `codes` are the currencies found, `sign` is the one beside amounts; `margin` is one by
    its name, which only an answer takes.
    """

    export: Export
    table: str
    row: str
    spec: dict[str, Any]
    record: Record | None = None
    why: dict[str, tuple[str, str]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusal: Problem | None = None
    codes: tuple[str, ...] = ()
    sign: str = ""
    margin: str = ""
    chosen: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def layout(self) -> str:
        """Who wrote it, as the study file says it."""
        return self.record.layout if self.record else ""

    def asks(
        self,
        key: str,
        ask: str,
        at: str,
        options: tuple[Option, ...],
        default: str | None = None,
        free: str = "",
        *,
        first: bool = False,
    ) -> None:
        """Leave a `Question` about this table open, before all others with `first`; a free column is one of the export's."""
        names = self.export.names if free == "column" else ()
        place = 0 if first else len(self.questions)
        self.questions.insert(place, Question(key, ask, at, options, default, free, names, self.table))

    def asks_which(self, column: str, looks: Sequence[Look], ask: str) -> None:
        """Leave open which of the columns of the export is one of ours."""
        options = tuple(Option(look.name, enumerated(look.samples), {"columns": {column: look.name}}) for look in looks)
        self.asks(column, ask, f"columns.{column}", options, None, "column")

    def refused(self, found: str, remedy: str) -> Draft:
        """The draft of a table that cannot be used, and why."""
        self.refusal = Problem(self.export.label, found, remedy)
        return self


def columns_in(theirs: str) -> list[str]:
    """The columns of a source that a mapping names.

    >>> columns_in("=[a] - [b]"), columns_in("c")
    (['a', 'b'], ['c'])
    """
    return _BRACKETED.findall(theirs) if theirs.startswith("=") else [theirs]


def draft_of_record(export: Export, record: Record) -> Draft:
    """A table as its record says it is, with the questions of the record that matter in it."""
    names = record.names(export.names)
    draft = Draft(export, record.table, record.row, {}, record, notes=list(record.notes))
    if record.refuse:
        return draft.refused(f"{record.title}: {record.refuse['found']}", record.refuse["remedy"])
    draft.spec = _bound_spec(record.spec, names)
    draft.why = dict.fromkeys(draft.spec["columns"], ("sure", record.title))
    if "first_row" in draft.spec:
        export.narrowed(f"__row__ >= {draft.spec['first_row']}")
    _customer_among(draft, record)
    trim_footer(draft)
    required = [name for name in CONTRACTS[record.table].required if name not in draft.spec["columns"]]
    if required:
        found = translate(
            "{system}: the columns behind {columns} are missing from it.",
            system=record.title,
            columns=enumerated(required),
        )
        return draft.refused(found, translate("Export it again with all columns."))
    for asked in record.asks:
        _ask(draft, asked, names)
    _ask_for_others(draft)
    if record.score:
        ask_for_score(draft, names)
    beside = record.currency_unless or {}
    column = next((names[one] for one in record.currency if one in names and beside.get(one) not in names), "")
    if column:
        draft.codes = _codes(draft, column)
        if "currency" in CONTRACTS[record.table].names:
            draft.spec["columns"]["currency"] = column
            draft.why["currency"] = ("sure", record.title)
    elif record.sign in names:
        draft.sign = next(iter(signs_of(export, names[record.sign])), "")
    return draft


def _bound_spec(spec: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A record's keys with the table's own names; what concerns a column that is missing is left out."""
    made: dict[str, Any] = {}
    for key, value in spec.items():
        if key in ("keep_rows", "leave_out_rows", "values"):
            made[key] = {names[name]: words for name, words in value.items() if name in names}
        elif key == "once_per":
            made[key] = bound(value, names)
        elif key == "columns":
            found = {ours: bound(theirs, names) for ours, theirs in value.items()}
            made[key] = {ours: theirs for ours, theirs in found.items() if theirs is not None}
        elif key == "refund":
            refund = {one: bound(theirs, names) for one, theirs in value.items() if one in ("amount", "date")}
            if "rows" in value:
                rows = {names[name]: words for name, words in value["rows"].items() if name in names}
                columns = {ours: bound(theirs, names) for ours, theirs in value.get("columns", {}).items()}
                refund = {"rows": rows, "columns": {ours: one for ours, one in columns.items() if one is not None}}
            refund = {one: theirs for one, theirs in refund.items() if theirs}
            if refund:
                made[key] = refund
        else:
            made[key] = value
    return {key: value for key, value in made.items() if value not in ({}, None)}


def _customer_among(draft: Draft, record: Record) -> None:
    if not record.customer_among:
        return
    names = {name.lower(): name for name in draft.export.names}
    found = [names[name.lower()] for name in record.customer_among if name.lower() in names]
    filled = [name for name in found if draft.export.looks[name].filled > 0.5 * draft.export.rows]
    if not filled:
        draft.spec["columns"].pop("customer_id", None)
        return
    draft.spec["columns"]["customer_id"] = filled[0]
    draft.why["customer_id"] = ("likely", translate("the best of the columns that identify the customer"))


def _words(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _ask(draft: Draft, asked: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """A question of the record, unless what it is about is not in the table or its arithmetic settles it."""
    if asked.get("when") and asked["when"] not in names:
        return
    for name, word in (asked.get("value") or {}).items():
        if name not in names or not _holds_any(draft.export, names[name], word):
            return
    for name, words in (asked.get("beyond") or {}).items():
        if name not in names or not _holds_any(draft.export, names[name], words, others=True):
            return
    options = [
        Option(_words(one["answer"]), one["says"], _bound_spec(one.get("set", {}), names), one.get("with", {}))
        for one in asked["options"]
    ]
    options = [
        one for one in options if all(draft.chosen.get(key, value) == value for key, value in one.goes_with.items())
    ]
    shares = {}
    for one in asked["options"]:
        if "holds" in one:
            arithmetic, where = bound("=" + one["holds"], names), names.get(asked.get("where", ""), "")
            if arithmetic and where:
                shares[_words(one["answer"])] = holds(draft.export, draft.spec, arithmetic[1:], where)
    settled = [answer for answer, share in shares.items() if share is not None and share >= LIKE_ALL]
    question = Question(
        asked["key"],
        asked["ask"],
        ".".join([*asked["at"].split(".", 1)[:1], *(names.get(one, one) for one in asked["at"].split(".", 1)[1:])]),
        tuple(options),
        None if asked.get("default") is None else _words(asked["default"]),
        "rate" if asked.get("rate") else "",
        table=draft.table,
    )
    if len(settled) == 1 or (shares and all(share is None for share in shares.values())):
        answer = settled[0] if settled else next(iter(shares))
        draft.spec = answered(question, answer, draft.spec, draft.chosen)
        draft.chosen[question.key] = answer
        says = next(one.says for one in options if one.answer == answer)
        reason = translate("its amounts add up this way in all orders") if settled else translate("no row has any")
        draft.said.append(f"{question.key}: {says} ({reason})")
        return
    draft.questions.append(question)


def _holds_any(export: Export, name: str, words: str | Sequence[str], *, others: bool = False) -> bool:
    """Whether a column holds any of some words, or with `others` any filled value that is none of them."""
    wanted = ", ".join(literal(one.lower()) for one in ([words] if isinstance(words, str) else words))
    within = "NOT IN" if others else "IN"
    return bool(export.one(f"count(*) FILTER (WHERE lower({export.text(name)}) {within} ({wanted}))"))


def _ask_for_others(draft: Draft) -> None:
    """Values that the record does not know, in rows with an amount: whether they count is for somebody to say."""
    export, revenue = draft.export, columns_in(draft.spec["columns"].get("revenue", ""))[0]
    if revenue not in export.looks:
        return
    for column, words in draft.spec.get("keep_rows", {}).items():
        known = {str(word).lower() for word in words}
        found = export.con.execute(
            f"SELECT {export.text(column)}, count(*) FROM {export.relation} WHERE {export.text(column)} IS NOT NULL "
            f"AND {export.text(revenue)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        others = [
            str(value)
            for value, _ in found
            if str(value).lower() not in known and not NO_SALE.search(str(value).lower())
        ]
        if not others or len(others) > _MOST_OTHERS:
            continue
        shown = enumerated(f"{value} {written(rows, ',')}" for value, rows in found if value in others)
        options = (
            Option("leave_out", translate("no"), {}),
            Option("count", translate("yes"), {"keep_rows": {column: [*words, *others]}}),
        )
        ask = translate(
            "Do rows with these values of {column!r}, which are new to the layout, count? {values}.",
            column=column,
            values=shown,
        )
        draft.asks("others", ask, f"keep_rows.{column}", options, "leave_out")
        return


def ask_for_score(draft: Draft, names: Mapping[str, str]) -> None:
    """Which question of a survey is the score, and what it is called."""
    export, known = draft.export, set(names.values())
    among = [name for name in export.names if name not in known and looks_like_score(export, name)]
    options = tuple(
        Option(name, f"{', '.join(export.looks[name].samples)}", {"columns": {"score": name}}) for name in among
    )
    default = among[0] if len(among) == 1 else None
    ask = translate("Which question is the score?")
    draft.asks("score", ask, "columns.score", options, default, "column")
    options = (Option("nps", translate("would you recommend us, 0 to 10"), {"columns": {"metric": "='nps'"}}),)
    ask = translate("What is this score called, in lower case?")
    draft.asks("metric", ask, "columns.metric", options, "nps", "text")
    for name in ("score", "metric"):
        draft.why[name] = ("asked", "")


def looks_like_score(export: Export, name: str) -> bool:
    """Whether a column holds whole numbers from 0 to 10 and nothing else."""
    look = export.looks[name]
    if not look.is_number or look.different > 11:
        return False
    values = [value for value, _ in export.values(name) if value]
    return all(re.fullmatch(r"\d{1,2}(\.0)?", value) and float(value) <= 10 for value in values)


def _codes(draft: Draft, column: str) -> tuple[str, ...]:
    found = [value.upper() for value, _ in kept_values(draft.export, draft.spec, f"[{column}]") if value]
    return tuple(dict.fromkeys(code for code in found if code in CODES))


def signs_of(export: Export, column: str) -> list[str]:
    """The currencies that stand beside the amounts of a column, else in its name: codes and signs, the commonest first."""
    if column not in export.looks:
        return []
    signs = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))
    found = [re.search(rf"{signs}|\b[A-Z]{{3}}\b", value.upper()) for value, _ in export.values(column, 1_000)]
    named = currency_in(column)
    return list(dict.fromkeys(one[0] for one in found if one)) or ([named] if named else [])


def complete(draft: Draft) -> Draft:
    """What any table may need beside its mapping: how values are written, footers, rows without a customer, copies."""
    if draft.refusal is not None:
        return draft
    export, spec = draft.export, draft.spec
    read = {**export.spec.get("read", {}), **spec.get("read", {})}
    contract = CONTRACTS[draft.table]
    mapped = {ours: theirs for ours, theirs in spec["columns"].items() if theirs != "ASK"}
    places = [*mapped.items(), ("revenue", spec.get("refund", {}).get("amount", ""))]
    kinds = {column.name: column.kind for column in contract.columns}
    amounts = [
        name
        for ours, theirs in places
        for name in columns_in(theirs)
        if kinds.get(ours) == "number" and name in export.looks
    ]
    days = [name for ours, theirs in mapped.items() for name in columns_in(theirs) if kinds.get(ours) == "date"]
    numbers, asked = read_of_numbers(export, list(dict.fromkeys(amounts)))
    draft.questions += [replace(one, table=draft.table) for one in asked]
    read = {**numbers, **read}
    formats, asked = read_of_days(export, [name for name in dict.fromkeys(days) if name in export.looks], read)
    draft.questions += [replace(one, table=draft.table) for one in asked]
    read = {**read, **formats}
    if read:
        spec["read"] = read
    options: tuple[Option, ...]
    customer = mapped.get("customer_id", "")
    empty = _without_customer(draft, customer)
    if empty and contract.column("customer_id").required:
        says = translate("they count in the totals only, not as a customer")
        options = (
            Option("count", says, {"rows_without_customer": "count"}),
            Option("refuse", translate("they are bad rows, and the study is refused until they are filled in"), {}),
        )
        ask = translate_count(
            "{count:,} row has no customer ({column}). What are they?",
            "{count:,} rows have no customer ({column}). What are they?",
            empty,
            column=customer,
        )
        draft.asks("rows_without_customer", ask, "rows_without_customer", options, "count")
    if export.copies:
        options = (Option("leave_out", translate("it counts once"), {"copies": "leave_out"}),)
        copies = "; ".join(export.copies)
        ask = translate("A file is there twice: {copies}. Leave out the copy?", copies=copies)
        draft.asks("copies", ask, "copies", options, "leave_out")
    for new, old in export.renamed.items():
        options = (Option("yes", translate("{new} is {old}", new=new, old=old), {"same": {new: old}}),)
        ask = translate("In some files the column {old!r} is called {new!r}. Is it the same column?", old=old, new=new)
        draft.asks("same", ask, f"same.{new}", options, "yes")
    return draft


def trim_footer(draft: Draft) -> None:
    """Find lines below the last full row, such as a total, and leave them out of what is looked at."""
    export, columns = draft.export, draft.spec["columns"]
    needed = [columns.get("customer_id", ""), columns.get("date", columns.get("start", ""))]
    names = [name for theirs in needed for name in columns_in(theirs)[:1] if name in export.looks]
    if len(names) == 2:
        filled = " AND ".join(f"{export.text(name)} IS NOT NULL" for name in names)
        last = int(export.one(f"coalesce(max(__row__) FILTER (WHERE {filled}), 0)"))
        key = draft.spec.get("once_per")  # further lines of the last order are no footer
        if isinstance(key, str) and int(
            export.one(f"count(*) FILTER (WHERE __row__ > {last} AND {export.text(key)} IS NOT NULL)")
        ):
            draft.spec.pop("footer", None)
            return
        undated = f"NOT regexp_matches(coalesce({export.text(names[1])}, ''), '[0-9]')"
        below = int(export.one(f"count(*) FILTER (WHERE __row__ > {last} AND {undated})"))
        alone = width_fault(1, len(export.names))
        lines = sum(number > last and fault == alone for number, fault in export.malformed)
        if 0 < below + lines <= MOST_FOOTER:
            draft.spec["footer"] = "leave_out"
            told = translate_count(
                "{count} line below the last full row: a footer, left out",
                "{count} lines below the last full row: a footer, left out",
                below + lines,
            )
            draft.said.append(told)
            export.narrowed(f"__row__ <= {last}")
            return
    draft.spec.pop("footer", None)


def _without_customer(draft: Draft, customer: str) -> int:
    names = [name for name in columns_in(customer) if name in draft.export.looks]
    if not names:
        return 0
    try:
        values = kept_values(draft.export, draft.spec, " else ".join(f"[{name}]" for name in names))
    except BadInput:
        return 0
    return dict(values).get("", 0)


def settle(
    draft: Draft, answers: Mapping[str, str], accept: bool
) -> tuple[dict[str, Any], dict[str, Any], list[Question]]:
    """The table's keys with ASK where an answer is missing, the keys to try it with, and the questions still open.

    Each open question says what its answers would make of net revenue.
    """
    spec, tried, chosen, open_questions = draft.spec, draft.spec, dict(draft.chosen), []
    for question in draft.questions:
        answer = answers.get(f"{draft.table}.{question.key}", answers.get(question.key))
        if (
            answer is None
            and accept
            and question.default is not None
            and question.key not in ("currency", "margin", "tax")
        ):
            answer = question.default
        if answer is not None:
            spec, tried = (answered(question, answer, one, chosen) for one in (spec, tried))
            chosen[question.key] = answer
            continue
        open_questions.append(question)
        likely = question.default or (question.options[0].answer if question.options else None)
        if likely is not None:
            tried = answered(question, likely, tried, chosen)
            chosen[question.key] = likely
    for question in open_questions:
        spec = put(spec, question.at, "ASK")
    costed = []
    for question in open_questions:
        effects: dict[str, float] = {}
        if (
            draft.table == "transactions"
            and len(draft.codes) < 2
            and not question.at.startswith(("read", "copies", "same"))
        ):
            for option in question.options:
                value = total(draft.export, _with(draft, {**chosen, question.key: option.answer}))
                effects |= {} if value is None else {option.answer: value}
        costed.append(replace(question, effects=effects))
    return spec, tried, sorted(costed, key=lambda one: -one.cost)


def _with(draft: Draft, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The table's keys under some answers."""
    spec, known = draft.spec, dict(draft.chosen)
    for question in draft.questions:
        if question.key in chosen:
            spec = answered(question, chosen[question.key], spec, {**known, **chosen})
    return spec
