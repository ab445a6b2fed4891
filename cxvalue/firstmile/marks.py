"""Rows that are no sales: by a status, by a kind, or by a column that is filled only where one was cancelled or a test."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxvalue.firstmile.asking import Option, merged
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.exports import Look
from cxvalue.firstmile.trying import total
from cxvalue.language.catalogue import translate, translate_count, written
from cxvalue.language.words import enumerated
from cxvalue.tables.checks.sums_among_rows import sums_in
from cxvalue.tables.read.roles import (
    BESIDE_GOODS,
    NO_SALE,
    RETURNED,
    UNMARKED,
    is_paid,
    is_test_mail,
    role_of,
    said,
    says_no,
)
from cxvalue.tables.read.sql import literal

MARKS = {"cancelled": "void", "test_orders": "test", "unconfirmed": "done"}
"""The keys of questions about columns that mark rows, each with the role of such a column."""

_GOOD = r"paid|complete|deliver|shipped|fulfil|closed won|won|success|settled|captured|processing|partially.refunded|"
_GOOD += r"abgeschlossen|bezahlt|geliefert|payé|livré|pagado|entregado|оплачен|выполнен|доставлен|виконано|"
_GOOD += r"成功|完成|完了|완료"
_BAD = r"unpaid|not paid|incomplete|unfulfil|undeliver|nicht|не ?оплачен|unsuccess"
_MOST_WORDS, _LONGEST = 15, 40
_MOST_MAILS, _MOST_SUMS = 200_000, 40
_LARGE = 0.2
"""The share of rows, or of revenue, above which lines beside goods are not left out unasked."""


def ask_for_marks(draft: Draft, looks: Sequence[Look]) -> None:
    """Ask which rows are purchases wherever a column says, by its name or its values, that some are none."""
    free = [look for look in looks if look.filled and look.name not in draft.spec["columns"].values()]
    _statuses(draft, free)
    for key, role in MARKS.items():
        (_not_done if role == "done" else _mark)(draft, key, [look for look in free if role_of(look.name, role)])
    _test_mails(draft, looks)
    _totals(draft)
    _lines_beside(draft, looks)


def _test_mails(draft: Draft, looks: Sequence[Look]) -> None:
    """Rows whose address of mail, beside the customer, is that of somebody who tries the shop."""
    for look in looks:
        if not role_of(look.name, "email") or look.name == draft.spec["columns"]["customer_id"]:
            continue
        mails = [value for value, _ in draft.export.values(look.name, _MOST_MAILS) if is_test_mail(value)]
        listed = ", ".join(map(literal, mails))
        rows = (
            int(draft.export.one(f"count(*) FILTER (WHERE {draft.export.text(look.name)} IN ({listed}))"))
            if mails
            else 0
        )
        if not rows or len(mails) > _MOST_WORDS or rows > _LARGE * draft.export.rows:
            continue
        options = (
            Option("leave_out", translate("no: they are left out"), {"leave_out_rows": {look.name: mails}}),
            Option("count", translate("yes"), {}),
        )
        ask = translate_count(
            "{column!r} says {words} in {count:,} row, which looks like a test. Does it count as a purchase?",
            "{column!r} says {words} in {count:,} rows, which look like tests. Do they count as purchases?",
            rows,
            column=look.name,
            words=enumerated(mails),
        )
        draft.asks("test_mails", ask, f"leave_out_rows.{look.name}", options, "leave_out")
        return


def _totals(draft: Draft) -> None:
    """Rows whose customer names a total of others are left out and said; many of them are a report, which is refused."""
    theirs = draft.spec["columns"].get("customer_id", "")
    if theirs not in draft.export.looks:
        return
    values = [value for value, _ in draft.export.values(theirs, _MOST_MAILS) if value]
    sums = sorted(sums_in(values, "customer_id"))
    if len(sums) > _MOST_SUMS:
        found = translate_count(
            "{column!r} names a total of other rows in {count:,} value, such as {name}.",
            "{column!r} names totals of other rows in {count:,} values, such as {name}.",
            len(sums),
            column=theirs,
            name=repr(sums[0]),
        )
        draft.refused(found, translate("Export the rows alone, without totals."))
    elif sums:
        left_out = draft.spec.setdefault("leave_out_rows", {})
        left_out[theirs] = [*left_out.get(theirs, []), *sums]
        words = enumerated(map(repr, sums[:3]))
        draft.said.append(
            translate("{column!r} says {words}: totals of other rows, left out", column=theirs, words=words)
        )


def _statuses(draft: Draft, looks: Sequence[Look]) -> None:
    """A column of states; else one of kinds, among which there are some of no sale."""
    export = draft.export
    for role in ("status", "type"):
        for look in looks:
            if not role_of(look.name, role) or look.is_number or not 2 <= look.different <= _MOST_WORDS:
                continue
            values = [value for value, _ in export.values(look.name) if value]
            back = [one for one in values if role == "type" and RETURNED.search(said(one))]
            none = [one for one in values if NO_SALE.search(one.casefold()) and one not in back]
            if look.longest > _LONGEST or (role == "type" and not none):
                continue
            good = [one for one in values if re.search(_GOOD, one.casefold()) and not re.search(_BAD, one.casefold())]
            good += [one for one in back if good and one not in good]
            counted = enumerated(
                f"{value or translate('empty')} {written(rows, ',')}" for value, rows in export.values(look.name)
            )
            options = []
            if good and len(good) < len(values):
                says = translate("these count, others do not")
                options.append(Option(", ".join(good), says, {"keep_rows": {look.name: good}}))
            options.append(Option("all", translate("every row counts"), {}))
            ask = translate(
                (
                    "Which values of {column!r} are purchases? There are: {values}. What was returned in full is not"
                    " one."
                ),
                column=look.name,
                values=counted,
            )
            default = options[0].answer if good else None
            draft.asks("statuses", ask, f"keep_rows.{look.name}", tuple(options), default, "values")
            return


def _mark(draft: Draft, key: str, looks: Sequence[Look]) -> None:
    """A column that is empty, or says no, in most rows, and is filled, or says yes, in those that were no sales.

    One that is filled in half the rows and more marks none: it is no exception that it says.
    """
    export = draft.export
    for look in looks:
        values = dict(export.values(look.name, 1_000))
        unmarked = [value for value in values if re.fullmatch(UNMARKED, value.casefold())]
        marked = export.rows - sum(values[value] for value in unmarked)
        if not 0 < 2 * marked < export.rows or (look.is_number and look.different > 2):
            continue
        options = (
            Option("leave_out", translate("no: they are left out"), {"keep_rows": {look.name: unmarked}}),
            Option("count", translate("yes"), {}),
        )
        ask = translate_count(
            "{column!r} marks {count:,} row. Does it count as a purchase?",
            "{column!r} marks {count:,} rows. Do they count as purchases?",
            marked,
            column=look.name,
        )
        draft.asks(key, ask, f"keep_rows.{look.name}", options, "leave_out")
        return


def _not_done(draft: Draft, key: str, looks: Sequence[Look]) -> None:
    """Columns of yes and no, such as paid or posted, that say no in fewer than half of the rows.

    Only what is not paid, or not in the books, is left out by default: an order that is not fulfilled may well be paid.
    """
    kept: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for look in looks:
        values = dict(draft.export.values(look.name, 1_000))
        no = says_no(values)
        counts[look.name] = sum(values[value] for value in no)
        if 0 < 2 * counts[look.name] < draft.export.rows:
            kept[look.name] = [value for value in values if value not in no]
    if not kept:
        return
    names, unpaid = list(kept), [name for name in kept if is_paid(name)]
    options = [Option("leave_out", translate("no: they are left out"), {"keep_rows": kept})]
    if len(names) > 1:
        for name in names:
            says = translate("only those for which {column!r} says no are left out", column=name)
            options.append(Option(name, says, {"keep_rows": {name: kept[name]}}))
        ask = translate(
            "{columns} say no in some rows. Do they count as purchases?",
            columns=enumerated(repr(name) for name in names),
        )
    else:
        ask = translate_count(
            "{column!r} says no in {count:,} row. Does it count as a purchase?",
            "{column!r} says no in {count:,} rows. Do they count as purchases?",
            counts[names[0]],
            column=names[0],
        )
    options.append(Option("count", translate("yes"), {}))
    default = "leave_out" if unpaid == names else unpaid[0] if len(unpaid) == 1 else None
    draft.asks(key, ask, f"keep_rows.{(unpaid or names)[0]}", tuple(options), default)


def _lines_beside(draft: Draft, looks: Sequence[Look]) -> None:
    """Lines of orders that are no goods: shipping, tax, a tip."""
    export = draft.export
    for look in looks:
        if not role_of(look.name, "product") or look.is_number or look.is_day:
            continue
        words = [value for value, _ in export.values(look.name, 1_000) if len(value) <= _LONGEST]
        words = [word for word in words if BESIDE_GOODS.fullmatch(said(word))][:_MOST_WORDS]
        if not words or len(words) == look.different:
            continue
        rows = int(
            export.one(f"count(*) FILTER (WHERE {export.text(look.name)} IN ({', '.join(map(literal, words))}))")
        )
        options = (
            Option(
                "leave_out",
                translate("no, revenue is what was paid for goods"),
                {"leave_out_rows": {look.name: words}},
            ),
            Option("count", translate("yes"), {}),
        )
        ask = translate_count(
            "{column!r} says {words} in {count:,} row. Does it count as revenue?",
            "{column!r} says {words} in {count:,} rows. Do they count as revenue?",
            rows,
            column=look.name,
            words=enumerated(words),
        )
        every, goods = (total(export, merged(draft.spec, option.set)) for option in (options[1], options[0]))
        small = rows <= _LARGE * export.rows and (not every or goods is None or every - goods <= _LARGE * every)
        draft.asks("postage", ask, f"leave_out_rows.{look.name}", options, "leave_out" if small else None)
        return
