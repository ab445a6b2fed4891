"""A table that no record knows and that is one of contracts, or of customers: its columns by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.read.billing import is_interval, is_no_interval, months_of, periods_named
from cxvalue.tables.read.roles import KEY, role_of, said

_TRIAL = (
    r"\btrial|^(plan |tier )?free( (plan|tier|trial|account|version|edition|forever|months?|days?|weeks?|period|user|"
    r"member|membership|subscription|of charge|\d+))*$|testphase|probe|gratis|kostenlos|essai|prueba|prova\b|пробн|"
    r"испыт|тестов|试用"
)
_KIND = (
    r"\b(plans?|product|tariff|package|status|state|type|tier|edition|subscription|tarif|produkt|paket|statut|typ|art|"
    r"abo|forfait|produit|offre|formule|abonnement|producto|tarifa|paquete|estado|tipo|suscripción|piano|prodotto|"
    r"tariffa|pacchetto|stato|тариф|план|продукт|пакет|статус|тип|подписка|підписка|тарифный|тарифний)\b|\w(tarif|"
    r"produkt|paket|status|typ)\b|套餐|产品|方案|状态|类型|计划|プラン|商品|요금제|상품|상태"
)
_NO_KIND = (
    r"reason|cause|grund|motiv|raison|причин|原因|理由|사유|device|router|modem|hardware|gerät|appareil|dispositivo|устройств|"
    r"пристр|设备|deliver|ship|liefer|versand|livr|entreg|достав|配送|cancel|kündig|feedback|comment|campaign|support|"
    r"payment|zahlung|оплат|address|test"
)
"""What a column of plans or states is called, and one of something else whose name has such a word too."""
_MOST_WORDS = 15
_FEE = (
    r"\bmrr\b|\barr\b|\bacv\b|\bfees?\b|charge|premium|beitrag|gebühr|prämie|cuota|cotisation|redevance|"
    r"плат[аиуі]|взнос|внес|费|料金|요금"
)
_NO_FEE = (
    r"\b(months|years|monate[n]?|jahre[n]?|mois|meses|años|ans|месяцев|місяців|лет|років)$|term\b|tenure|duration|laufzeit|dur[ée]e|"
    r"duraci|срок|строк|setup|one.?(off|time)|einmal|activation|anschluss|lifetime|to date|заплачено|total (paid|charges)|"
    r"\bdays?\b|\bcount\b|\bnumber\b|^months?\b|months? (paid|billed)|\btag\b|\bjour\b|\bd[ií]a\b|день|"
    r"\blate\b|cancel|terminat|joining|connection|overage"
)
"""What a number beside a contract may be called that is no amount for a month or a year: times, what is paid once, sums."""


def as_customers(draft: Draft, customers: Sequence[Look]) -> Draft:
    """The draft of a table with a row per customer."""
    draft.table, draft.row = "customers", translatable("a customer")
    keyed = [look for look in customers if look.different == look.filled] or list(customers)
    best = max(keyed, key=lambda look: (bool(re.search(KEY, said(look.name))), look.different))
    draft.spec["columns"] = {"customer_id": best.name}
    why = translate("{different:,} different values in {rows:,} rows", different=best.different, rows=draft.export.rows)
    draft.why["customer_id"] = ("likely", why)
    return draft


def as_contracts(draft: Draft, starts: Sequence[Look], ends: Sequence[Look]) -> Draft:
    """The draft of a table with a row per contract, whose customer is known already."""
    draft.table, draft.row = "subscriptions", translatable("a contract")
    draft.spec["columns"] |= {"start": starts[0].name, "end": ends[0].name}
    draft.why |= dict.fromkeys(("start", "end"), ("likely", translate("by its name")))
    if len(ends) > 1:
        ask = translate("Which day is the end of the contract? The day of a request to cancel is not it.")
        draft.asks_which("end", ends, ask)
        draft.why["end"] = ("asked", translate("several days"))
    _value(draft)
    _trials(draft)
    return draft


def _trials(draft: Draft) -> None:
    """Contracts that a plan or a state calls a trial: whether they count is for somebody to say."""
    for look in draft.export.looks.values():
        if not re.search(_KIND, said(look.name)) or re.search(_NO_KIND, said(look.name)):
            continue
        words = [value for value, _ in draft.export.values(look.name) if value]
        trials = [word for word in words if re.search(_TRIAL, said(word))]
        if look.is_number or look.is_day or not 2 <= look.different <= _MOST_WORDS or not 0 < len(trials) < len(words):
            continue
        options = (
            Option("leave_out", translate("no, nothing has been paid"), {"leave_out_rows": {look.name: trials}}),
            Option("count", translate("yes"), {}),
        )
        ask = translate("Do contracts that {column!r} calls {words} count?", column=look.name, words=enumerated(trials))
        draft.asks("trials", ask, f"leave_out_rows.{look.name}", options, "leave_out")
        return


def _intervals(draft: Draft, amount: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """By column that may say for how long an amount is paid, what it sets; and those of them whose name says that."""
    found, named = {}, []
    for look in draft.export.looks.values():
        words = [value for value, _ in draft.export.values(look.name) if value]
        if look.is_number or look.is_day or not 1 <= len(words) <= _MOST_WORDS or look.filled < draft.export.rows:
            continue
        months = {word: months_of(word) for word in words}
        if None in months.values() or is_no_interval(look.name) or max(map(len, words)) < 2:
            continue
        found[look.name] = {
            "columns": {"value_per_month": f"=[{amount}] / [{look.name}]"},
            "values": {look.name: months},
        }
        named += [look.name] if is_interval(look.name) else []
    return found, named


def _value(draft: Draft) -> None:
    """What a contract brings per month: a name that says the period is taken by it, all else is asked."""
    taken = set(draft.spec["columns"].values())
    among = [look for look in draft.export.looks.values() if look.name not in taken and _may_be_paid(look)]
    if not among:
        draft.said.append(
            translate("no column says what is paid for a contract: contracts are counted, without their value")
        )
        return
    found, named = (
        _intervals(draft, among[0].name) if [periods_named(look.name) for look in among] == [(1, 12)] else ({}, [])
    )
    if len(named) == 1:
        draft.spec["columns"] |= found[named[0]]["columns"]
        draft.spec["values"] = found[named[0]]["values"]
        draft.why["value_per_month"] = ("likely", translate("{column!r} says for how long it is paid", column=named[0]))
        return
    ways = [(look.name, months) for look in among for months in periods_named(look.name)]
    monthly = [way for way in ways if periods_named(way[0]) == (1,)]
    sure = monthly if len(monthly) == 1 else ways
    if len(sure) == 1:
        name, months = sure[0]
        draft.spec["columns"]["value_per_month"] = _per_month(name, months)
        why = translate("its name says per month") if months == 1 else translate("its name says per year")
        draft.why["value_per_month"] = ("likely", why)
        return
    options = [
        Option(
            f"{name}/{months}",
            translate_count("{amount} is for {count} month", "{amount} is for {count} months", months, amount=name),
            {"columns": {"value_per_month": _per_month(name, months)}},
        )
        for name, months in ways
    ]
    for column, change in found.items():
        says = translate("{column!r} says for how long it is paid", column=column)
        options.append(Option(f"{among[0].name}/{column}", says, change))
    ask = (
        translate("Is {amount!r} paid per month or per year?", amount=among[0].name)
        if len(among) == 1
        else translate("Which amount is paid for a contract, and for how long?")
    )
    draft.asks("value_per_month", ask, "columns.value_per_month", tuple(options))
    draft.why["value_per_month"] = ("asked", translate("an amount"))


def _may_be_paid(look: Look) -> bool:
    words = said(look.name)
    if not look.is_number or re.search(KEY, words) or re.search(_NO_FEE, words):
        return False
    if any(role_of(look.name, role) for role in ("quantity", "refund", "tax", "discount", "shipping")):
        return False
    named = role_of(look.name, "amount") or role_of(look.name, "net") or role_of(look.name, "gross")
    return re.search(_FEE, words) is not None or (named and not role_of(look.name, "other"))


def _per_month(name: str, months: int) -> str:
    return f"=[{name}] / {months}" if months > 1 else name
