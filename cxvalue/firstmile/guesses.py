"""A table that no record knows: its columns guessed from their names in several languages and from their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cxvalue.firstmile.asking import Option, either
from cxvalue.firstmile.drafts import MOST_FOOTER, Draft, columns_in, signs_of, trim_footer
from cxvalue.firstmile.exports import DAY, Export, Look
from cxvalue.firstmile.guessed_contracts import as_contracts, as_customers
from cxvalue.firstmile.guessed_touches import as_touches, may_be_person, table_of
from cxvalue.firstmile.marks import MARKS, ask_for_marks
from cxvalue.firstmile.reductions import may_be_rates, take_discount
from cxvalue.firstmile.returned import ask_for_refunds
from cxvalue.firstmile.taxes import ask_for_tax, ask_whether_inside, rates_of
from cxvalue.firstmile.unread import FILL_DOWN, emptied, spread, why_not
from cxvalue.firstmile.versions import ask_for_versions
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.checks.ids import is_placeholder
from cxvalue.tables.read.dates import serial_words
from cxvalue.tables.read.roles import KEY, THOUSANDS, WORDS, currencies_named, role_of, said
from cxvalue.tables.read.sql import literal

GUESSED = (
    *"amounts channel copies date dates discount end guests lines metric names numbers others postage reason refund".split(),
    *"revenue rows_without_customer same score shipping statuses tax test_mails value_per_month versions".split(),
    *MARKS,
)
"""The keys of questions about tables that no record knows, or that any table may need."""

_AN_ORDER, _A_LINE = translatable("an order"), translatable("a line of an order")
_FEWEST_ROWS = 2
_MOST_CODES = 15
_LONGEST_NAME = 60


def draft_by_guess(export: Export) -> Draft:
    """What the table probably is, with a question for whatever must not be guessed."""
    draft = Draft(export, "transactions", translatable("a purchase"), {"columns": {}})
    looks = list(export.looks.values())
    customers = [look for look in looks if _may_be_customer(export, look)]
    days = [look for look in looks if look.is_day and not role_of(look.name, "name")]
    if not days:
        looks = [_days_above_footer(export, _counted_days(export, look)) for look in looks]
        days = [look for look in looks if look.is_day]
    amounts = [look for look in looks if look.is_number and _may_be_amount(look)]
    if len(export.names) == 1:
        found = translate("has one column, {column!r}.", column=export.names[0][:_LONGEST_NAME])
        return draft.refused(
            found, translate("Between its columns there should be a comma, a semicolon, a tab or a bar.")
        )
    if export.rows < _FEWEST_ROWS or not looks:
        found, remedy = translate("has hardly any rows."), translate("Give a table with one row per purchase.")
        return draft.refused(found, remedy)
    if not days and (periods := spread(export)):
        found = translate(
            "has a column for each period, from {first!r} to {last!r}: it is a summary.",
            first=periods[0],
            last=periods[-1],
        )
        remedy = translate("Export the orders behind it, one row per order, with the customer.")
        return draft.refused(found, remedy)
    starts = [day for day in days if role_of(day.name, "start")]
    ends = [look for look in looks if role_of(look.name, "end") and (look.is_day or not look.filled)]
    unique = [look for look in customers if look.different == look.filled == export.rows]
    people = customers or [look for look in looks if may_be_person(look)]
    nothing_paid = not amounts and not any(why_not(export, customer=False, day=False, amount=True))
    if people and days and nothing_paid and not (starts and ends):
        table = table_of(draft, days, unique=bool(unique))
        if table:
            _customer(draft, people)
            return as_touches(draft, table, days)
    if not customers and any(day.different == export.rows for day in days):
        found = translate("has one row per day and no customer: it is a summary.")
        remedy = translate("Export the orders behind it, one row per order, with the customer.")
        return draft.refused(found, remedy)
    if customers and starts and ends and not any(role_of(day.name, "order") for day in days):
        _customer(draft, customers)
        return as_contracts(draft, starts, ends)
    if unique and nothing_paid:
        return as_customers(draft, unique)
    if not customers or not days or not amounts:
        return _without(draft, bool(customers), bool(days), bool(amounts))
    _customer(draft, customers)
    _day(draft, days)
    trim_footer(draft)
    looks = list(export.looks.values())
    buyer = export.looks[draft.spec["columns"]["customer_id"]]
    if buyer.filled == buyer.different and export.rows >= 2 * buyer.filled:
        return draft.refused(emptied(export, buyer), translate(FILL_DOWN))
    _guests(draft)
    _order(draft, looks)
    ask_for_versions(draft, looks)
    _amount(draft, amounts, looks)
    ask_for_marks(draft, looks)
    ask_for_refunds(draft, looks)
    _others(draft, looks)
    return draft


def _without(draft: Draft, customer: bool, day: bool, amount: bool) -> Draft:
    """A refusal that names what no column looks like, and why those are not that are so by their names."""
    export = draft.export
    named = translate("a customer"), translate("a day"), translate("an amount")
    lacking = [word for word, some in zip(named, (customer, day, amount), strict=True) if not some]
    columns = enumerated(export.names[:20])
    found = translate("no column looks like {lacking}. Columns: {columns}.", lacking=either(lacking), columns=columns)
    found = " ".join([found, *why_not(export, not customer, not day, not amount)])
    remedy = translate(
        "A table of sales needs at least who bought, when, and for how much; a total per customer or per day is not enough. "
        "Leave a table of anything else out here, and name it in the study file."
    )
    return draft.refused(found, remedy)


def _counted_days(export: Export, look: Look) -> Look:
    """A column whose name is that of a day and whose numbers all count days or moments, as one of days."""
    if not look.is_number or not role_of(look.name, "date") or _is_amount_name(look.name):
        return look
    read = serial_words(export.con, export.relation, export.text(look.name))
    if max((rows for _, rows in read.values()), default=0) < look.filled:
        return look
    export.looks[look.name] = replace(look, days=1.0)
    return export.looks[look.name]


def _days_above_footer(export: Export, look: Look) -> Look:
    """A column whose name is that of a day and that holds other words in the last lines only, as one of days."""
    if look.is_day or look.days < 0.5 or not role_of(look.name, "date"):
        return look
    text = export.text(look.name)
    day = f"max(__row__) FILTER (WHERE regexp_full_match({text}, {literal(DAY)}))"
    other = f"min(__row__) FILTER (WHERE NOT regexp_full_match({text}, {literal(DAY)}))"
    if export.one(f"{other} > {day}") and export.one(f"max(__row__) - {day} <= {MOST_FOOTER}"):
        export.looks[look.name] = replace(look, days=1.0)
    return export.looks[look.name]


def _may_be_customer(export: Export, look: Look) -> bool:
    if look.is_day or not look.filled or look.filled < 0.5 * export.rows or look.longest > 120:
        return False
    if not (role_of(look.name, "customer") or role_of(look.name, "email")) or _is_amount_name(look.name):
        return False
    words = said(look.name)
    if re.search(r"\b(type|group|segment|status|country|zip|city|note|since|count|type|rating|language)\b", words):
        return False
    return look.commonest <= 0.5 or look.different > 20 or export.rows < 20


def _is_amount_name(name: str) -> bool:
    return role_of(name, "amount") and not re.search(KEY, said(name))


def _may_be_amount(look: Look) -> bool:
    words = said(look.name)
    if re.search(KEY, words) or any(role_of(look.name, role) for role in ("quantity", "other", "refund")):
        return role_of(look.name, "piece")
    taxed = role_of(look.name, "tax") or role_of(look.name, "shipping") or role_of(look.name, "discount")
    either = role_of(look.name, "net") or role_of(look.name, "gross")
    return (role_of(look.name, "amount") and not taxed) or either


def _customer(draft: Draft, customers: Sequence[Look]) -> None:
    def rank(look: Look) -> tuple[int, int, int]:
        words = said(look.name)
        return (
            2 * bool(re.search(KEY, words) or words.endswith("nr")) - 2 * bool(re.search(WORDS["name"], words)),
            int(role_of(look.name, "customer")),
            look.filled,
        )

    best = max(customers, key=rank)
    draft.spec["columns"]["customer_id"] = best.name
    each = draft.export.rows / max(1, best.different)
    person = re.search(WORDS["name"], said(best.name)) or (best.samples and all(" " in one for one in best.samples))
    why = translate("{customers:,} customers, {rows:.1f} rows each", customers=best.different, rows=each)
    draft.why["customer_id"] = ("likely" if person else "sure", why)
    if person:
        options = (Option("accept", translate("yes: those who share a name are one customer")),)
        ask = translate(
            "{column!r} looks like a person's name, and two people may share one. Use it as the customer?",
            column=best.name,
        )
        draft.asks("names", ask, "columns.customer_id", options, "accept", "column")
        draft.why["customer_id"] = ("asked", draft.why["customer_id"][1])


def _guests(draft: Draft) -> None:
    """Ids that stand for all buyers without one, among others that are real."""
    customer = draft.spec["columns"]["customer_id"]
    options: tuple[Option, ...]
    words = [
        value
        for value, rows in draft.export.values(customer, 1_000)
        if (value in ("0", "-1") or is_placeholder(value)) and rows > 1
    ]
    if words and draft.export.looks[customer].different > len(words):
        mails = [
            look
            for look in draft.export.looks.values()
            if role_of(look.name, "email") and not role_of(look.name, "other")
        ]
        mail = next((look.name for look in mails if look.filled == draft.export.rows and look.name != customer), "")
        options = (
            Option("count", translate("they count in the totals only, not as a customer"), {"guest_ids": words}),
            Option("customer", translate("they are customers like others")),
        )
        if mail:
            says = translate("buyers are told apart by {column!r}, all of them", column=mail)
            options = (Option("email", says, {"columns": {"customer_id": mail}}), *options)
        ask = translate(
            "{ids} in {column!r} looks like an id for all buyers without one. Are they guests?",
            ids=enumerated(words),
            column=customer,
        )
        draft.asks("guests", ask, "guest_ids", options, options[0].answer)


def _day(draft: Draft, days: Sequence[Look]) -> None:
    likely = [day for day in days if not role_of(day.name, "late")] or list(days)
    named = [
        day
        for day in likely
        if re.search(r"order|purchas|invoice|bestell|rechnung|commande|pedido|заказ", said(day.name))
    ]
    among = named or likely
    draft.spec["columns"]["date"] = among[0].name
    why = translate_count("{count} column with days", "{count} columns with days", len(days))
    draft.why["date"] = ("sure" if len(days) == 1 else "likely", why)
    if len(among) > 1:
        draft.asks_which("date", among, translate("Which day is that of the purchase?"))
        draft.why["date"] = ("asked", draft.why["date"][1])


def _order(draft: Draft, looks: Sequence[Look]) -> None:
    export, columns = draft.export, draft.spec["columns"]
    taken = set(columns.values())
    among = [
        look
        for look in looks
        if (role_of(look.name, "order") or said(look.name) == "id")
        and look.name not in taken
        and not look.is_day
        and not _is_amount_name(look.name)
        and not role_of(look.name, "status")
        and look.different > 0.1 * export.rows
        and look.filled > 0.9 * export.rows
        and not role_of(look.name, "discount")
    ]
    among.sort(
        key=lambda look: (
            not (re.search(KEY, said(look.name)) or said(look.name) == "id"),
            not role_of(look.name, "order"),
        )
    )
    for look in among:
        buyer = export.text(columns["customer_id"])
        mixed = export.con.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {export.relation} WHERE {export.text(look.name)} IS NOT NULL "
            f"GROUP BY {export.text(look.name)} HAVING count(DISTINCT {buyer}) > 1)"
        ).fetchone() or (0,)
        if not mixed[0]:
            columns["order_id"] = look.name
            draft.why["order_id"] = ("sure", translate("each value is of one customer"))
            draft.row = _AN_ORDER if look.different == look.filled else _A_LINE
            return


def _amount(draft: Draft, amounts: Sequence[Look], looks: Sequence[Look]) -> None:
    columns = draft.spec["columns"]
    pieces = [
        look for look in amounts if role_of(look.name, "piece") or said(look.name) in ("price", "preis", "prix", "цена")
    ]
    whole = [look for look in amounts if look not in pieces]
    quantity = next((look for look in looks if look.is_number and role_of(look.name, "quantity")), None)
    net = [look for look in whole if role_of(look.name, "net") and not role_of(look.name, "gross")]
    taxes = [look for look in looks if look.is_number and role_of(look.name, "tax") and look not in whole]
    taxes = [look for look in taxes if not rates_of(draft, look)]
    shipping = [look for look in looks if look.is_number and role_of(look.name, "shipping") and look not in whole]
    best = (net or [look for look in whole if not role_of(look.name, "gross")] or whole or pieces)[0]
    theirs, why = best.name, translate("the only amount")
    if not whole and quantity is not None:
        theirs, why = f"=[{quantity.name}] * [{best.name}]", translate("pieces times price")
    columns["revenue"] = theirs
    rest = [look for look in whole if look is not best and not role_of(look.name, "gross")]
    only = "" if rest else best.name
    cents = bool(re.search(r"\bcents?\b|\bpence\b|\bminor\b|kopek|копе", said(best.name))) and best.whole >= 0.99
    fees = any(
        look.is_number and re.search(r"\bfees?\b|gebühr|frais|comisi|комисси", said(look.name)) for look in looks
    )
    if net and not fees:
        draft.why["revenue"] = ("likely", translate("its name contains 'net'"))
    else:
        draft.why["revenue"] = ("likely", why)
        ask_for_tax(draft, only, taxes, looks)
    if shipping and not theirs.startswith("="):
        ask_whether_inside(draft, "shipping", only, shipping[0].name, "inside" if only else None)
    if (rest and (fees or not net)) or len(net) > 1:  # beside fees, net may be what is left after them
        named = [(one.name, enumerated(one.samples)) for one in (best, *rest)]
        options = tuple(Option(name, some, {"columns": {"revenue": name}}) for name, some in named)
        ask = translate("Which amount is revenue: what was paid for the goods, after discounts?")
        draft.asks("revenue", ask, "columns.revenue", options, None, "column", first=True)
        draft.why["revenue"] = ("asked", translate("several amounts"))
    if THOUSANDS.search(said(best.name)):
        _ask_for_cents(draft, "thousands")
    elif cents or _like_cents(best):
        _ask_for_cents(draft, "cents" if cents else "units")
    _ask_for_rows(draft, best)


def _may_be_margin(draft: Draft, look: Look) -> bool:
    """Whether each row says in money what is left of it."""
    filled = look.is_number and look.filled == draft.export.rows
    return filled and role_of(look.name, "margin") and not may_be_rates(draft, look)


def _like_cents(look: Look) -> bool:
    """Whole numbers of three digits and more, as payment systems give amounts in cents."""
    return look.whole >= 0.999 and all(len(one) >= 4 for one in look.samples) and len(look.samples) >= 3


def _ask_for_cents(draft: Draft, default: str) -> None:
    units = Option("units", translate("whole units, as they are"))
    options = (Option("cents", translate("cents: they are divided by 100"), {"revenue_over": 100}), units)
    ask = translate("Are the amounts in cents or in whole units?")
    if default == "thousands":
        options = (
            Option("thousands", translate("thousands: they are multiplied by 1000"), {"revenue_times": 1000}),
            units,
        )
        ask = translate("Are the amounts in thousands or in whole units?")
    draft.asks("amounts", ask, "columns.revenue", options, default)


def _ask_for_rows(draft: Draft, best: Look) -> None:
    """Lines of an order that all carry the same amount may repeat that of the order."""
    export, columns = draft.export, draft.spec["columns"]
    versions = any(question.key == "versions" for question in draft.questions)
    if "order_id" not in columns or draft.row == _AN_ORDER or versions:
        return
    order, amount = export.text(columns["order_id"]), export.text(best.name)
    row = export.con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE same) FROM (SELECT count(DISTINCT {amount}) = 1 AS same "
        f"FROM {export.relation} WHERE {order} IS NOT NULL GROUP BY {order} HAVING count(*) > 1)"
    ).fetchone() or (0, 0)
    if row[0] >= 2 and row[1] >= 0.95 * row[0]:
        once = {"once_per": columns["order_id"]}
        options = (
            Option("order", translate("the amount of the order, repeated: it counts once"), once),
            Option("line", translate("the amount of each line: they are added up"), {}),
        )
        ask = translate("All lines of an order have the same {amount!r}. What is it?", amount=best.name)
        draft.asks("lines", ask, "once_per", options)


def _others(draft: Draft, looks: Sequence[Look]) -> None:
    columns, taken = draft.spec["columns"], set(draft.spec["columns"].values())
    for look in looks:
        if look.name in taken or not look.filled:
            continue
        codes = _codes_in(draft.export, look) if "currency" not in columns else []
        if codes:
            _currency(draft, look, codes)
        elif (
            "discount" not in columns
            and role_of(look.name, "discount")
            and look.is_number
            and not role_of(look.name, "net")
        ):
            take_discount(draft, look)
        elif not draft.margin and _may_be_margin(draft, look):
            draft.margin = look.name
        elif "product" not in columns and draft.row == _A_LINE and _may_be_product(look):
            columns["product"] = look.name
            draft.why["product"] = ("likely", translate("by its name"))
    signs = sorted({sign for name in columns_in(columns["revenue"]) for sign in signs_of(draft.export, name)})
    meant = {sign: currencies_named(sign) for sign in signs if currencies_named(sign)}
    if len(meant) > 1 and not frozenset.intersection(*meant.values()):
        found = translate("{column!r} is written in {signs}.", column=columns["revenue"], signs=enumerated(signs))
        draft.refused(found, translate("Put the code of each row's currency, such as EUR, into a column of its own."))
    elif len(meant) > 1:
        draft.sign = draft.sign or min(meant, key=lambda sign: len(meant[sign]))


def _currency(draft: Draft, look: Look, words: Sequence[str]) -> None:
    """What a column of currencies says: codes of each row; else the one currency that its signs and names have in common."""
    known = [meant for meant in map(currencies_named, words) if meant]
    common = frozenset.intersection(*known) if known else frozenset()
    if all(word in CODES for word in words):
        draft.spec["columns"]["currency"], draft.codes = look.name, tuple(dict.fromkeys(words))
        draft.why["currency"] = ("sure", translate("codes of currencies"))
    elif known and not common:
        found = translate("{column!r} names several currencies by {signs}.", column=look.name, signs=enumerated(words))
        draft.refused(found, translate("Write a code such as EUR or USD in it."))
    elif len(known) == len(words) > 1 and len(common) == 1:
        draft.codes = tuple(common)
    elif len(known) == len(words):
        draft.sign = next((sign for sign, some in SIGNS.items() if frozenset(some) == common), "")


def _codes_in(export: Export, look: Look) -> list[str]:
    """What a column says of currencies, in capitals: its name is that of one, or it holds several codes and nothing else."""
    if look.is_number or look.is_day or not 1 <= look.different <= _MOST_CODES:
        return []
    words = [value.upper() for value, _ in export.values(look.name) if value]
    if role_of(look.name, "currency"):
        return words
    return words if len(words) > 1 and all(word in CODES for word in words) else []


def _may_be_product(look: Look) -> bool:
    other = look.is_day or any(role_of(look.name, role) for role in ("amount", "quantity", "customer"))
    return role_of(look.name, "product") and not other
