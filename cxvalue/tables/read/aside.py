"""Columns that a study leaves aside and that may change what it counts: a status, versions, tax, refunds, a currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cxvalue.study import TableSource
from cxvalue.tables.read.billing import is_interval
from cxvalue.tables.read.roles import KEY, is_tax_rate, role_of, said
from cxvalue.tables.read.schema import CONTRACTS

BESIDE = "__beside_"
"""Before the role of such a column in a raw relation."""

_BRACKETED = re.compile(r"\[([^\]]+)\]")
_WATCHED = {
    "transactions": (
        *("status", "void", "test", "done", "type", "refund", "rate", "tax", "net", "currency", "quantity", "product"),
        *("version", "email"),
    ),
    "subscriptions": ("interval", "status", "test", "number", "version", "seats", "currency"),
    "surveys": ("status", "void", "test", "finished", "number", "version"),
    "interactions": ("status", "void", "test", "number", "version"),
    "contacts": ("event", "currency"),
    "fees": ("status", "void", "test", "number", "version", "currency"),
    "offers": ("currency",),
    "employees": ("status",),
    "rollout": ("status",),
}
_CODE = r"( (id|ids|no|nr|num|number|key|ref|reference|номер|№))"
_NUMBERED = {
    "subscriptions": rf"(subscription|contract|policy|agreement|membership|abo|vertrag|договор|договір){_CODE}|"
    r"(vertrags|abo|policen)nummer|номер (договора|договору|подписки|підписки)|合同(号|编号)|订阅编号",
    "surveys": rf"(response|submission|answer|record|antwort){_CODE}|(antwort|rückmeldungs)nummer|"
    r"номер (ответа|анкеты|відповіді|анкети)|答卷(编号|号)|回复编号",
    "interactions": rf"(ticket|case|issue|conversation|incident|request|complaint|inquiry|enquiry|fall|vorgang){_CODE}|id|"
    r"(ticket|fall|vorgangs|anfrage)nummer|номер (обращения|заявки|тикета|звернення|скарги|жалобы)|工单(号|编号)",
    "fees": rf"(fee|charge|invoice|penalty|document){_CODE}|(rechnungs|beleg)nummer",
}
_OTHERS = {
    "finished": r"((is|survey|response) )?(finished|completed?|submitted|abgeschlossen|beendet|vollständig|terminée?|"
    r"complète?|completad[oa]|заверш[её]н[оаы]?|закончен[оаы]?|завершено|已完成|是否完成)( (survey|response|y n))?",
    "seats": r"quantity|qty|seats?|licen[cs]es|(number|no|anzahl) (of )?(seats|users|licen[cs]es)|menge|anzahl|lizenzen|"
    r"plätze|quantité|sièges|cantidad|количество|кількість|数量|席位数?",
    "event": r"((e ?mail|message|campaign) )?(events?|activity|action|engagement)( (type|name))?|ereignis|événement|"
    r"evento|событие|подія|事件",
}
"""The whole of the name of a column, by its role, that purchases have none of."""
_OWN_STATE = {
    "surveys": r"survey|response|submission|answer|antwort|umfrage",
    "interactions": r"ticket|case|issue|conversation|request|complaint|interaction|fall|vorgang",
    "subscriptions": r"subscription|contract|abo|vertrag",
    "fees": r"fee|charge|gebühr",
    "employees": r"employment|employee",
    "rollout": r"roll ?out",
}
"""What a table's own rows are called before the word for a state: that of anything else is not theirs."""
_STATE = r"status|state|zustand|statut|estado|stato|статус|состояние|стан|状态|状況|상태"
_MARKS = {
    "void": r"(is )?(deleted|cancell?ed|voided|void)( (at|on|date|flag))?|gelöscht|storniert|supprimée?|eliminad[oa]|"
    r"удал[её]н[оаы]?|отмен[её]н[оаы]?|видалено|скасовано|已?删除|已?取消|是否(删除|取消)",
    "test": r"(is )?test( (flag|mode|record|row|entry|data))?|is test \w+|тест|тестов(ый|ая|ое|а)|是否测试|测试|テスト",
}
"""The whole of the name of a column that marks rows, by its role, in every table but purchases."""
WATCHED = tuple(_WATCHED)
"""Tables of which columns left aside may change what a row counts as."""
_SUMS = ("amount", "tax", "net", "gross", "shipping", "refund")
_NO_AMOUNT = re.compile(
    r"rate|satz|taux|ставк|税率|percent|pct|exempt|class|region|country|zone|date|day|reason|method|type|provider|label|%"
)


def may_differ(
    names: Iterable[str], source: TableSource, roles: Sequence[str] = ("status", "version", *_SUMS)
) -> frozenset[str]:
    """The columns in which versions of one row may differ: a status, the moment of a change, sums."""
    mapped = {theirs for ours, theirs in source.columns.items() if ours not in ("revenue", "margin", "discount")}
    return frozenset(
        name
        for name in names
        if name not in mapped | set(CONTRACTS["transactions"].names)
        and any(role_of(name, role) for role in roles)
        and not re.search(KEY, said(name))
    )


def columns_used(source: TableSource) -> set[str]:
    """Every column of its source that a study names, wherever it does.

    >>> sorted(columns_used(TableSource(path="x", columns={"revenue": "=[a] - [b]"}, keep_rows={"c": ["x"]})))
    ['a', 'b', 'c']
    """
    refund = source.refund
    mapped: Iterable[str] = [*source.columns.values(), *(refund.columns.values() if refund else ())]
    mapped = [*mapped, *(one for one in (refund.amount, refund.date) if one)] if refund else mapped
    named = {name for theirs in mapped for name in (_BRACKETED.findall(theirs) if theirs.startswith("=") else [theirs])}
    named |= {source.latest} if source.latest else set()
    named |= {*source.keep_rows, *source.leave_out_rows, *source.once_per, *source.values}
    return named | set(refund.rows or ()) if refund else named


def columns_aside(names: Sequence[str], source: TableSource, table: str = "transactions") -> dict[str, str]:
    """By role, the columns of a table that a study leaves aside and that may change what its rows mean.

    Nothing where the study says who wrote the table (`layout`), or chose its rows and columns by a query.
    """
    if source.layout is not None or source.query is not None or source.database is not None:
        return {}
    used = columns_used(source) | set(CONTRACTS[table].names)
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda one: said(one) == "state"):  # which may be one of a country
        for role in _WATCHED[table]:
            if role not in found and name not in used and _may_be(name, role, table):
                found[role] = name
                break
    return found


def _may_be(name: str, role: str, table: str) -> bool:
    words = said(name)
    if role == "number":
        return re.fullmatch(_NUMBERED[table], words.removesuffix(" #")) is not None
    if role == "status" and table != "transactions":
        return re.fullmatch(rf"(({_OWN_STATE[table]})s? ?)?({_STATE})", words) is not None
    if role in _MARKS and table != "transactions":
        return re.fullmatch(_MARKS[role], words) is not None
    if role in _OTHERS:
        return re.fullmatch(_OTHERS[role], words) is not None
    if role == "rate":
        return is_tax_rate(name)
    if role == "interval":
        return is_interval(name) or re.fullmatch(r"((subscription|price) )?(plan|period)", words) is not None
    if role in ("refund", "tax", "net", "quantity") and (re.search(KEY, words) or _NO_AMOUNT.search(words)):
        return False
    if role == "net" and not (role_of(name, "amount") or re.fullmatch(r"net\w*", words)):
        return False
    if role == "tax" and role_of(name, "net"):
        return False
    return role_of(name, role)
