"""Answers, tickets, contracts, contacts, fees, people whose other columns say that a row is none or one of several."""

from __future__ import annotations

import re

import duckdb

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.bounded_yaml import words_of_yaml
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.aside import BESIDE
from cxvalue.tables.read.roles import UNMARKED, said, says_no
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import literal, quoted

_MOST_WORDS, _LONGEST = 20, 40
_NEVER = r"\b(2099|2999|9999)\b"
"""Years that stand for no end."""
_TESTS = r"\b(spam|junk|test|dummy)\b|спам|тест|垃圾|测试|スパム|テスト"
_GONE = r"delet|gelöscht|supprim|eliminad|удал|видал|删除|削除|cancell?ed|storn|annul|отмен|скасов|取消"
_NONE = {
    "surveys": re.compile(
        rf"{_TESTS}|preview|incomplete|partial|screen(ed)? ?out|disqualif|abandon|over ?quota|in progress|not finished|"
        rf"unvollst|abgebrochen|vorschau|incomplet|abandonn|предпросмотр|незаверш|неполн|частичн|відсіян|预览|未完成|{_GONE}"
    ),
    "interactions": re.compile(
        rf"{_TESTS}|merged|duplicate|trash|zusammengeführt|dublette|doublon|fusionn|duplicad|fusionad|дубл|объедин|об'єдн|"
        rf"合并|重复|重複|{_GONE}"
    ),
    "subscriptions": re.compile(
        r"\btrial|incomplete|\bdraft|\bpending$|\blost\b|negotiat|propos|qualif|prospect|\bquote|\btest\b|\bdemo\b|testphase|"
        r"probe|entwurf|angebot|essai|brouillon|devis|prueba|borrador|presupuesto|пробн|испыт|черновик|чернетк|тестов|"
        r"试用|草稿|报价"
    ),
    "fees": re.compile(
        rf"{_TESTS}|\bvoid|revers|refund|waiv|credited|written off|erlass|erstatt|gutgeschr|rembours|reembols|возвр|возвращ|"
        rf"списан|поверн|прощен|退|免除|{_GONE}"
    ),
    "rollout": re.compile(
        rf"not started|postponed|withdrawn|verschoben|report[ée]e?\b|aplazad|отложен|відклад|推迟|{_GONE}"
    ),
}
"""What a state says of a row that is no answer, ticket, contract, fee or start, in small letters."""
_REACTION = re.compile(
    r"\b(open(ed|s)?|click(ed|s)?|bounced?|unsub\w*|complain\w*|geöffnet|geklickt|ouvert|cliqué|abiert[oa]|clic)\b|"
    r"открыт|кликн|перешел|отпис|відкрит|клік|打开|点击|退订"
)
_ENDED = {
    "subscriptions": re.compile(
        r"cancell?ed|\bended\b|\bexpired\b|terminated|churned|^inactive$|gekündigt|beendet|abgelaufen|résili|expiré|cancelad|"
        r"vencid|отмен|законч|прекращ|расторг|скасован|припин|закінч|已取消|终止|已结束|过期"
    ),
    "employees": re.compile(
        r"terminated|\bleft\b|leaver|^inactive$|resigned|retired|former|dismissed|ausgeschieden|inaktiv|gekündigt|parti\b|"
        r"démission|licencié|despedid|jubilad|уволен|звільнен|离职|退休"
    ),
}
_STILL = re.compile(r"pending|will|at period|non.?renew|scheduled|notice|to be")
"""Words of an end that is still to come."""
_APART = {"surveys": ("metric", "touchpoint"), "subscriptions": ("start",)}
"""Our columns that tell the rows of one number apart: questions of one answer, terms of one contract."""


def rows_aside(con: duckdb.DuckDBPyConnection, raw: RawTable) -> list[Caution]:
    """A caution for each column beside those that were mapped which says that rows are not what the study takes them for.

    Tables that a study did not map by hand have no such columns, nor have purchases, which `left_aside` looks at.
    """
    if raw.name == "transactions" or not raw.beside:
        return []
    row = con.execute(f"SELECT count(*) FROM {raw.relation}").fetchone() or (0,)
    rows = int(row[0])
    found = [_states(con, raw, rows), _ended(con, raw, rows), _said_no(con, raw, rows), _several(con, raw, rows)]
    return [one for one in [*found, *(_marked(con, raw, role, rows) for role in ("void", "test"))] if one is not None]


def _words(con: duckdb.DuckDBPyConnection, raw: RawTable, role: str, where: str = "true") -> dict[str, int]:
    """The values of a column beside with the rows for which a test holds; none where it has no few words."""
    if role not in raw.beside:
        return {}
    text = _text(BESIDE + role)
    found = con.execute(
        f"SELECT {text} AS t, count(*) FILTER (WHERE {where}) FROM {raw.relation} GROUP BY 1 ORDER BY 2 DESC, 1 "
        f"LIMIT {_MOST_WORDS + 1}"
    ).fetchall()
    if len(found) > _MOST_WORDS or any(len(str(word)) > _LONGEST for word, _ in found):
        return {}
    return {str(word): int(count) for word, count in found}


def _text(column: str) -> str:
    return f"coalesce(trim(CAST({quoted(column)} AS VARCHAR)), '')"


def _caution(raw: RawTable, column: str, number: int, rows: int, text: str, kind: str = "left_aside") -> Caution:
    return Caution(kind, raw.name, column, number, number / rows, text)


def _counted(words: dict[str, int]) -> str:
    return enumerated(f"{word} {count:,}" for word, count in words.items())


def _states(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> Caution | None:
    """Rows of a state that makes them none, or of an event that is a reaction to a contact."""
    role, pattern = ("event", _REACTION) if raw.name == "contacts" else ("status", _NONE.get(raw.name))
    every = _words(con, raw, role)
    words = {word: count for word, count in every.items() if pattern is not None and pattern.search(word.casefold())}
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


def _ended(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> Caution | None:
    """Contracts and people whose state says that they ended, or left, without the day."""
    if raw.name not in _ENDED:
        return None
    end = "end" if raw.name == "subscriptions" else "left"
    open_end = (
        f"({_text(end)} IN ('') OR regexp_matches({_text(end)}, {literal(_NEVER)}))" if end in raw.types else "true"
    )
    words = {
        word: count
        for word, count in _words(con, raw, "status", open_end).items()
        if count and _ENDED[raw.name].search(word.casefold()) and not _STILL.search(word.casefold())
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


def _said_no(con: duckdb.DuckDBPyConnection, raw: RawTable, rows: int) -> Caution | None:
    """Answers of a survey that was not finished."""
    words = _words(con, raw, "finished")
    no = says_no(words)
    number = sum(words[word] for word in no)
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
    if not 0 < 2 * number < rows:
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
    by = [quoted(name) for name in _APART.get(raw.name, ()) if name in raw.types]
    some = f"{_text(BESIDE + 'number')} <> ''"
    who = "count(DISTINCT customer_id)" if "customer_id" in raw.types else "0"
    found = con.execute(f"SELECT count(DISTINCT {number}), {who} FROM {raw.relation} WHERE {some}").fetchone() or (0, 0)
    if said(theirs) == "id" and found[0] <= found[1]:  # those of customers
        return None
    more = con.execute(
        f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {raw.relation} WHERE {some} "
        f"GROUP BY {', '.join([number, *by])})"
    ).fetchone() or (0,)
    repeated = int(more[0])
    if not repeated or found[0] * 10 < rows:
        return None
    line = f"once_per: {words_of_yaml(theirs)}"
    line += f", latest: {words_of_yaml(raw.beside['version'])}" if "version" in raw.beside else ""
    text = translate_count(
        "{count:,} row of '{table}' has a {column} that an earlier row has too, and it counts as well. If only one row of "
        "each counts: {line}.",
        "{count:,} rows of '{table}' have a {column} that an earlier row has too, and they count as well. If only one row "
        "of each counts: {line}.",
        repeated,
        table=raw.name,
        column=repr(theirs),
        line=line,
    )
    return _caution(raw, "", repeated, rows, text, "repeated_rows")
