"""Answers, tickets, contracts, contacts, fees, people whose other columns say that a row is none or one of several."""

from __future__ import annotations

import re
from datetime import date

import duckdb

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.bounded_yaml import once_per_lines, words_of_yaml
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.aside import BESIDE
from cxvalue.tables.read.roles import UNMARKED, said, says_no
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import LINE, SAME, literal, quoted, trimmed
from cxvalue.tables.read.yes_no import FALSE_WORDS, TRUE_WORDS

_MOST_WORDS, _LONGEST = 20, 40
_YES_OR_NO = {
    form for word in ("", *TRUE_WORDS, *FALSE_WORDS) for form in (word, word.upper(), word.capitalize())
}  # fmt: skip
_NEVER = r"\b(2099|2999|9999)\b"
"""Years that stand for no end."""
_TESTS = r"spam|junk|test|dummy|спам|тест(ов(ый|ая|ое|а))?|垃圾|测试|スパム|テスト"
_GONE = (
    r"deleted|cancell?ed|gelöscht|storniert|annull?iert|supprimée?|annulée?|eliminad[oa]|cancelad[oa]|anulad[oa]|"
    r"удал[её]н[оаы]?|отмен[её]н[оаы]?|видален[оаиій]*|скасован[оаиій]*|已?删除|已?取消|削除"
)
_NONE = {
    "surveys": rf"(survey )?({_TESTS}|preview)( (response|answer))?|(partially|partial) complete(d)?|in progress|"
    r"incomplete|partial|screen(ed)? ?out|disqualified|abandoned|over ?quota|quota full|not finished|unfinished|"
    r"unvollständig|abgebrochen|vorschau|incomplète?|incomplet[oa]|abandonnée?|предпросмотр|незаверш[её]н(а|о|ный|ная)?|"
    rf"неполн(ый|ая)|частичн(ый|ая|о)|незавершено|частково|відсіяно|预览|未完成|{_GONE}",
    "interactions": rf"(closed (as )?)?({_TESTS}|merged|duplicated?|{_GONE})|trash(ed)?|zusammengeführt|dublette|duplikat|"
    r"doublon|fusionnée?|duplicad[oa]|fusionad[oa]|дубль|дубликат|дублікат|объедин[её]н[оа]?|об єднано|已?合并|重复|重複",
    "subscriptions": r"((in|on|free) )?trial(l?ing)?|incomplete( expired)?|draft|pending|(closed )?lost|(in )?negotiation|"
    r"negotiation review|proposal( sent| price quote)?|prospect(ing)?|quoted?|test|demo|testphase|testabo|probe(abo|phase)|"
    r"entwurf|angebot|essai|brouillon|devis|prueba|borrador|presupuesto|пробн(ый|ая)( период)?|черновик|чернетка|"
    r"тестов(ый|ая|а|ий)|试用中?|草稿|报价",
    "fees": rf"{_TESTS}|void(ed)?|revers(ed|al)|(fully )?refund(ed)?|credited|written off|erstattet|gutgeschrieben|"
    rf"remboursée?|reembolsad[oa]|возвращ[её]н[оаы]?|возврат|повернен[оа]|已?退款|{_GONE}",
    "rollout": rf"not started|postponed|withdrawn|verschoben|reportée?|aplazad[oa]|отложен[оаы]?|відкладен[оаий]*|"
    rf"推迟|{_GONE}",
}
"""The whole of what a state says of a row that is no answer, ticket, contract, fee or start, as `said` writes it."""
_WAIVED = r"(fee )?waived|erlassen|прощен[оаы]?|免除|已免除"
"""The same of a fee, where no column of ours says it."""
_REACTION = (
    r"(e ?mail |message |link |sms )?(open(ed|s)?|click(ed|s|ed through)?|bounced?|unsubscribed?|complain(ed|t)|geöffnet|"
    r"geklickt|ouvert|cliqué|abiert[oa]|clic|открыт[оа]?|открытие|клик|переш[её]л|отписка|отписался|відкрит[оа]|відкриття|"
    r"клік|打开|点击|退订)( (e ?mail|message|link))?"
)
_ENDED = {
    "subscriptions": r"cancell?ed|ended|expired|terminated|churned|inactive|beendet|abgelaufen|gekündigt|résiliée?|expirée?|"
    r"cancelad[oa]|vencid[oa]|отмен[её]н[оа]?|законч(ен[оа]?|ился|илась)|прекращ[её]н[оа]?|расторгнут[оа]?|"
    r"скасован(о|а|ий)|припинен(о|а|ий)|закінчен(о|а|ий)|закінчився|已取消|已?终止|已结束|已?过期",
    "employees": r"terminated|left|leaver|inactive|resigned|retired|former( employee)?|dismissed|ausgeschieden|inaktiv|"
    r"gekündigt|partie?|démissionn(é|ée|aire)|licenciée?|despedid[oa]|jubilad[oa]|уволен[оа]?|звільнен(о|а|ий)|已?离职|已?退休",
}
"""The whole of what a state says of a contract or a person that is no more; one still to end says more than that."""


def rows_aside(con: duckdb.DuckDBPyConnection, raw: RawTable, today: date) -> list[Caution]:
    """A caution for each column beside those that were mapped which says that rows are not what the study takes them for.

    A roll-out that is to begin after `today` has not started, as it should. Tables that a study did not map by hand have no
    such columns, nor have purchases, which `left_aside` looks at.
    """
    if raw.name == "transactions" or not raw.beside:
        return []
    row = con.execute(f"SELECT count(*) FROM {raw.relation}").fetchone() or (0,)
    rows = int(row[0])
    found = [
        _states(con, raw, rows, today),
        _ended(con, raw, rows),
        _said_no(con, raw, rows, today),
        _several(con, raw, rows),
    ]
    return [one for one in [*found, *(_marked(con, raw, role, rows) for role in ("void", "test"))] if one is not None]


def _words(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, where: str = "true") -> dict[str, tuple[int, int]]:
    """The values of a column beside with their rows, and those for which a test holds; none where it has no few words."""
    if role not in raw.beside:
        return {}
    text = _text(BESIDE + role)
    found = con.execute(
        f"SELECT {text} AS t, count(*), count(*) FILTER (WHERE {where}) FROM {raw.relation} GROUP BY 1 "
        f"ORDER BY 3 DESC, 1 LIMIT {_MOST_WORDS + 1}"
    ).fetchall()
    if len(found) > _MOST_WORDS or any(len(str(word)) > _LONGEST for word, *_ in found):
        return {}
    return {str(word): (int(count), int(held)) for word, count, held in found}


def _text(column: str) -> str:
    return f"coalesce({trimmed(column)}, '')"


def _caution(raw: RawTable, column: str, number: int, rows: int, text: str, kind: str = "left_aside") -> Caution:
    return Caution(kind, raw.name, column, number, number / rows, text)


def _counted(words: dict[str, int]) -> str:
    return enumerated(f"{word} {count:,}" for word, count in words.items())


def _states(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int, today: date) -> Caution | None:
    """Rows of a state that makes them none, or of an event that is a reaction to a contact."""
    role = "event" if raw.name == "contacts" else "status"
    pattern = _REACTION if role == "event" else _NONE.get(raw.name, "")
    pattern += f"|{_WAIVED}" if raw.name == "fees" and "waived" not in raw.types else ""
    if not pattern:
        return None
    every = _words(con, raw, role, _taken(raw, today))
    words = {
        word: count for word, (count, taken) in every.items() if re.fullmatch(pattern, said(word)) and taken == count
    }
    if not words or len(words) == len(every):
        return None
    theirs = raw.beside[role]
    told = {
        "table": raw.name,
        "column": repr(theirs),
        "words": _counted(words),
        "line": f"leave_out_rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*words)}]}}",
    }
    text = (
        translate(
            "Rows of '{table}' count as contacts whatever {column} says, among them {words}. If these are reactions to a "
            "contact: {line}.",
            **told,
        )
        if role == "event"
        else translate(
            "Rows of '{table}' count whatever {column} says, among them {words}. If these do not count: {line}.", **told
        )
    )
    return _caution(raw, "", sum(words.values()), rows, text)


def _taken(raw: RawTable, today: date) -> str:
    """SQL for the rows that count: invitations have no score, and a start is past, a roll-out that ended none."""
    if raw.name == "surveys" and "score" in raw.types:
        return f"{_text('score')} <> ''"
    if raw.name == "rollout" and "start" in raw.types:
        running = f" AND {_text('ended_on')} = ''" if "ended_on" in raw.types else ""
        return f"((TRY_CAST({_text('start')} AS DATE) <= DATE '{today}') IS TRUE){running}"
    return "true"


def _ended(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> Caution | None:
    """Contracts and people whose state says that they ended, or left, without the day."""
    if raw.name not in _ENDED:
        return None
    end = "end" if raw.name == "subscriptions" else "left"
    open_end = (
        f"({_text(end)} IN ('') OR regexp_matches({_text(end)}, {literal(_NEVER)}))" if end in raw.types else "true"
    )
    words = {
        word: still
        for word, (_, still) in _words(con, raw, "status", open_end).items()
        if still and re.fullmatch(_ENDED[raw.name], said(word))
    }
    number = sum(words.values())
    if not number:
        return None
    told = {"column": repr(raw.beside["status"]), "words": enumerated(words), "end": end}
    text = (
        translate_count(
            "{column} says {words} in {count:,} contract without '{end}', and it counts as still running. Give the day on "
            "which it ended.",
            "{column} says {words} in {count:,} contracts without '{end}', and they count as still running. Give the days "
            "on which they ended.",
            number,
            **told,
        )
        if raw.name == "subscriptions"
        else translate_count(
            "{column} says {words} in {count:,} row without '{end}', and this person counts as still employed. Give the day "
            "of leaving.",
            "{column} says {words} in {count:,} rows without '{end}', and these people count as still employed. Give the "
            "days of leaving.",
            number,
            **told,
        )
    )
    return _caution(raw, end, number, rows, text)


def _said_no(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int, today: date) -> Caution | None:
    """Answers of a survey that was not finished."""
    words = _words(con, raw, "finished", _taken(raw, today))
    no = [word for word in says_no(words) if words[word][0] == words[word][1]]
    number = sum(words[word][0] for word in no)
    if not 0 < 2 * number < rows:
        return None
    theirs = raw.beside["finished"]
    text = translate_count(
        "{column} says no in {count:,} row of '{table}', and it counts. If it does not: {line}.",
        "{column} says no in {count:,} rows of '{table}', and they count. If they do not: {line}.",
        number,
        column=repr(theirs),
        table=raw.name,
        line=f"leave_out_rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*no)}]}}",
    )
    return _caution(raw, "", number, rows, text)


def _marked(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, rows: int) -> Caution | None:
    """Rows that a column marks as deleted, cancelled or a test."""
    if role not in raw.beside:
        return None
    text = f"lower({_text(BESIDE + role)})"
    unmarked = con.execute(
        f"SELECT DISTINCT {_text(BESIDE + role)} FROM {raw.relation} WHERE regexp_full_match({text}, {literal(UNMARKED)})"
    ).fetchall()
    row = con.execute(
        f"SELECT count(*) FROM {raw.relation} WHERE NOT regexp_full_match({text}, {literal(UNMARKED)})"
    ).fetchone() or (0,)
    number = int(row[0])
    if not 0 < 2 * number < rows or (role == "test" and not _words(con, raw, role).keys() <= _YES_OR_NO):
        return None
    theirs = raw.beside[role]
    told = translate_count(
        "{column} marks {count:,} row of '{table}', and it counts. If it does not: {line}.",
        "{column} marks {count:,} rows of '{table}', and they count. If they do not: {line}.",
        number,
        column=repr(theirs),
        table=raw.name,
        line=f"keep_rows: {{{words_of_yaml(theirs)}: [{words_of_yaml(*sorted(str(one) for (one,) in unmarked))}]}}",
    )
    return _caution(raw, "", number, rows, told)


def _several(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> Caution | None:
    """Rows that share the number of a ticket, an answer, a contract or a fee with an earlier one."""
    if "number" not in raw.beside:
        return None
    number, theirs = quoted(BESIDE + "number"), raw.beside["number"]
    some = f"{_text(BESIDE + 'number')} <> ''"
    who = "count(DISTINCT customer_id)" if "customer_id" in raw.types else "0"
    found = con.execute(f"SELECT count(DISTINCT {number}), {who} FROM {raw.relation} WHERE {some}").fetchone() or (0, 0)
    if said(theirs) == "id" and found[0] <= found[1]:  # those of customers
        return None
    more = con.execute(
        f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(DISTINCT {LINE}) AS n FROM {raw.relation} WHERE {some} "
        f"GROUP BY {number}, {SAME})"
    ).fetchone() or (0,)
    repeated = int(more[0])
    if not repeated or found[0] * 10 < rows:
        return None
    text = translate_count(
        "{count:,} row of '{table}' has the same {column} as an earlier row and differs only in its state or the day of a "
        "change; it counts as well. If only one row of each counts: {line}.",
        "{count:,} rows of '{table}' have the same {column} as an earlier row and differ only in their state or the day of "
        "a change; they count as well. If only one row of each counts: {line}.",
        repeated,
        table=raw.name,
        column=repr(theirs),
        line=once_per_lines(theirs, raw.beside.get("version", "")),
    )
    return _caution(raw, "", repeated, rows, text, "repeated_rows")
