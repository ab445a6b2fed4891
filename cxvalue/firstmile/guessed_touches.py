"""A table that no record knows, without amounts: tickets of customers or their answers to a survey, by its names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft, ask_for_score, looks_like_score
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated
from cxvalue.tables.read.roles import role_of, said

_TICKET = (
    r"ticket|\bcase\b|\bissue\b|conversation|incident|inquiry|enquiry|complaint|subject|priority|requester|anfrage|"
    r"beschwerde|обращени|тикет|заявк|жалоб|звернен|скарг|工单|投诉"
)
_ANSWER = (
    r"score|rating|\bnps\b|\bcsat\b|\bces\b|satisf|likely|recommend|zufried|bewertung|empfehl|puntuaci|recomend|оценк|"
    r"оцінк|рекоменд|удовлетвор|задоволен|评分|满意|推荐"
)
_PERSON = r"requester|reporter|respondent|caller|\bcontacts?\b|заявител|заявник"
_NO_PERSON = r"agent|owner|assignee|priority|status|reason|type|group|channel|rating|score|\bat\b"
_BEGUN = (
    r"created?\b|opened|started|timestamp|submitted|submit date|recorded|received|erstellt|eröffnet|eingang|\bcréé|creado|"
    r"создан|открыт|отправлен|створен|відкрит|创建"
)
_CONTACTED = r"\barm\b|campaign|treatment|control|kampagne|campaña|campagne|кампани|кампані|活动"
_ENDED = r"resolved|solved|closed?\b|erledigt|gelöst|résolu|resuelto|решен|закрыт|вирішен|закрит"
_DEAL = (
    r"deal|opportunit|stage|pipeline|contract|subscri|account|\bplan\b|project|\btask|vertrag|konto|contrat|cuenta|cliente|"
    r"сделк|договор|подписк|счет|счёт|угод|договір|підписк|рахун|合同|订阅|账户"
)
_CHANNEL = r"channel|\bvia\b|source|origin\b|medium|kanal|\bcanal\b|канал|渠道"
_REASON = (
    r"reason|categor|kategor|topic|tags?\b|labels?\b|\btype\b|subject|summary|grund|motif|motivo|"
    r"причин|категор|\bтема\b|原因"
)


def may_be_person(look: Look) -> bool:
    """Whether a column may say who got in touch, where none says who bought."""
    words = said(look.name)
    known = re.search(_PERSON, words) is not None and not re.search(_NO_PERSON, words)
    return known and bool(look.filled) and not look.is_day


def table_of(draft: Draft, days: Sequence[Look], *, unique: bool) -> str:
    """The table that names and values speak of: interactions, surveys, or neither, an empty text.

    Where a customer has several rows, a day on which something was begun beside one on which it was solved is that of a
    ticket, unless names speak of deals or accounts. A table of contacts is neither, nor is one with a row per customer
    (`unique`) whose `days` do not say that a ticket or an answer was made on them.
    """
    if any(re.search(_CONTACTED, said(name)) for name in draft.export.names):
        return ""
    if unique and not any(re.search(_BEGUN, said(day.name)) for day in days):
        return ""
    names = [said(name) for name in (draft.export.label, *draft.export.names)]
    solved = all(any(re.search(pattern, said(day.name)) for day in days) for pattern in (_BEGUN, _ENDED))
    solved = solved and not unique and not any(re.search(_DEAL, name) for name in names)
    if solved or any(re.search(_TICKET, name) for name in names):
        return "interactions"
    scores = [name for name in draft.export.names if looks_like_score(draft.export, name)]
    return "surveys" if any(re.search(_ANSWER, said(name)) for name in scores) else ""


def as_touches(draft: Draft, table: str, days: Sequence[Look]) -> Draft:
    """The draft of a table with a row per ticket or per answer, whose customer is known already."""
    draft.table = table
    draft.row = translatable("a ticket") if table == "interactions" else translatable("an answer")
    columns = draft.spec["columns"]
    begun = [day for day in days if re.search(_BEGUN, said(day.name))] or list(days)
    columns["date"] = begun[0].name
    draft.why["date"] = ("likely", translate("by its name"))
    if len(begun) > 1:
        draft.asks_which("date", begun, translate("Which day is that of the contact or of the answer?"))
        draft.why["date"] = ("asked", translate("several days"))
    if table == "surveys":
        ask_for_score(draft, columns)
        return draft
    ended = [day for day in draft.export.looks.values() if re.search(_ENDED, said(day.name)) and day.is_day]
    if len(ended) == 1 and ended[0].name != columns["date"]:
        columns["resolved_on"] = ended[0].name
        draft.why["resolved_on"] = ("likely", translate("by its name"))
    for ours, pattern in (("channel", _CHANNEL), ("reason", _REASON)):
        _words(draft, ours, pattern)
    return draft


def _words(draft: Draft, ours: str, pattern: str) -> None:
    """A channel or a reason: the column whose name says so, which one where several do, else none is known."""
    taken = set(draft.spec["columns"].values())
    among = [
        look
        for look in draft.export.looks.values()
        if re.search(pattern, said(look.name))
        and look.filled
        and not look.is_day
        and look.name not in taken
        and not role_of(look.name, "email")
    ]
    options = tuple(
        Option(look.name, enumerated(look.samples), {"columns": {ours: f"=[{look.name}] else 'none'"}})
        for look in among
    )
    draft.spec["columns"][ours] = f"=[{among[0].name}] else 'none'" if among else "='none'"
    draft.why[ours] = ("likely", translate("by its name") if among else translate("no column says it"))
    if len(among) > 1:
        ask = (
            translate("Which column says how a customer got in touch?")
            if ours == "channel"
            else translate("Which column says why a customer got in touch?")
        )
        draft.asks(ours, ask, f"columns.{ours}", options, among[0].name)
        draft.why[ours] = ("asked", draft.why[ours][1])
