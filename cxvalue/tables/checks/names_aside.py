"""Columns whose names say another unit, another term or another day than the study takes them for."""

from __future__ import annotations

import re

import duckdb

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.bounded_yaml import name_of_yaml, words_of_yaml
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.aside import BESIDE
from cxvalue.tables.read.billing import periods_named
from cxvalue.tables.read.roles import THOUSANDS, currency_in, role_of, said
from cxvalue.tables.read.sources import RawTable
from cxvalue.tables.read.sql import literal, trimmed

_MONEY = (
    *("value_per_month", "cost", "basket_value", "basket_margin", "amount", "shortfall"),
    *("monthly_cost", "acquisition_cost"),
)
"""Our columns of money outside purchases."""
_CENTS = re.compile(r"\bcents?\b|\bpence\b|\bminor\b|kopek|копе")
_HOURS = re.compile(r"\b(hours?|hrs?|stunden?|heures?|horas?|часы?|часов|годин[аи]?)\b|小时|時間")
_MINUTES = re.compile(r"\b(min|mins|minut\w*|мин|минут\w*|хв|хвилин\w*)\b|分")
_SECONDS = re.compile(r"\b(seconds|secs?|sekunden|sek|secondes|segundos|сек|секунд[аы]?)\b|秒")
_WHOLE_TERM = re.compile(
    r"\btcv\b|total contract|contract (value|total)|lifetime value|gesamt(vertrags)?wert|auftragswert|"
    r"valeur (totale )?du contrat|"
    r"valor (total )?del contrato|сумма (договора|контракта)|сума (договору|контракту)|合同(总额|金额)"
)
_TERM = re.compile(
    r"((contract|initial|subscription|commitment) )?(term|duration|length|laufzeit|durée|plazo|срок|строк)"
    r"( (договора|договору))?( in)?( (months?|mths?|monaten?|mois|meses|мес|месяцев|місяців|міс))|(term|contract) months|"
    r"vertragslaufzeit( in)?( monaten?)?|合同月数"
)
_EACH = re.compile(
    r"^(unit |list |plan )?price$|\b(per|pro|par|por) (seat|user|unit|licen[cs]e|nutzer|lizenz|utilisateur|usuario)\b"
)
_DUE = re.compile(
    r"\b(due|sla|target|deadline|promised|expected|planned|frist|fällig\w*|échéance|prévue?|vencimiento|prevista?|"
    r"плановый|плановая|планова|дедлайн|крайний|крайній)\b|期限|截止"
)
_DONE = re.compile(
    r"\b(resolved|solved|closed|completed|done|respon\w+|repl(y|ied)|actual(ly)?|met|kept|missed|gelöst|erledigt|"
    r"tatsächlich\w*|eingehalten|фактическ\w+|решен\w*|выполнен\w*|фактичн\w+|вирішен\w*|виконан\w*)\b|实际"
)
"""Words of the day on which something was done, whatever was agreed for it."""
_RENEWAL = re.compile(
    r"current (period|term)|period end|renew|next (bill|pay|invoice|charge)|(paid|valid) (through|up to|till)|"
    r"verlängerung|nächste|prochain|renouvel|próxim|renovaci|продлени|следующ|наступн|подовжен|续费|续约|下次"
)
_NOT_RENEWED = re.compile(
    r"\b(non|nonrenew\w*|not|no|never|lapsed?|ended|churn\w*|cancel\w*|nicht|sans|sin|не|без|нет|немає)\b|未|不|没"
)
_ASKED = re.compile(
    r"cancel(l?ed)?( (at|on|date|day|requested|request|utc|time))*|(date of )?cancell?ation( (requested|request|notice))?"
    r"( (at|on|date|day|utc|time))*|notice( (given|received))?( (at|on|date|day))*|kündigungs(eingang|datum)"
)
_ENDED = re.compile(r"(subscription |contract )?end(ed|s)? (at|on|date)( utc)?|vertragsende")
"""The whole of the name of a column of days; one of yes and no is called 'ended' alone."""
_REACTED = re.compile(
    r"\b(open(ed)?|click(ed)?|redeemed|converted|responded|geöffnet|geklickt)\b|открыт|відкрит|打开|点击"
)
_BIRTH = re.compile(
    r"((customer|employee|member) )?(birth ?(date|day)|date of birth|dob)|geburts(datum|tag)|date de naissance|"
    r"fecha de nacimiento|(дата|день) рождения|(дата|день) народження|生日|出生(日期|年月日)?"
)


def names_aside(con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str) -> list[Caution]:
    """A caution for each column that by its name, or by one beside it, is something else than what it is mapped to.

    `currency` is the study's. The money of purchases is looked at elsewhere, but for the currency that a column says.
    """
    if not raw.watched and raw.name != "customers":
        return []
    found = [_currencies(con, raw, currency)]
    if raw.name != "transactions":
        plain = {ours: theirs for ours, theirs in raw.theirs.items() if theirs != ours and not theirs.startswith("=")}
        found += [
            Caution("left_aside", raw.name, ours, _rows(con, raw), 1.0, text)
            for ours, theirs in plain.items()
            if (text := _unit(con, raw, ours, theirs, currency) or _day(raw, ours, theirs))
            and _rows(con, raw, f"{trimmed(ours)} <> ''")
        ]
        found.append(_pieces(con, raw))
    return [one for one in found if one is not None]


def _rows(con: duckdb.DuckDBPyConnection, raw: RawTable, where: str = "true") -> int:
    row = con.execute(f"SELECT count(*) FILTER (WHERE {where}) FROM {raw.relation}").fetchone() or (0,)
    return int(row[0])


def _fits(*names: str) -> bool:
    """Whether names can stand in a formula, in their brackets."""
    return not any(sign in name for name in names for sign in '[]"')


def _line(ours: str, formula: str) -> str:
    """A formula as it stands under the columns of a study file."""
    return f"{ours}: '{formula.replace(chr(39), 2 * chr(39))}'"


def _unit(con: duckdb.DuckDBPyConnection, raw: RawTable, ours: str, theirs: str, currency: str) -> str:
    """What is to be said of an amount or a time whose name is that of another unit; an empty text where it is not."""
    words, told = said(theirs), {"ours": ours, "theirs": repr(theirs)}
    if not _fits(theirs):
        return _other_currency(raw, ours, theirs, currency)
    if ours == "minutes" and not _MINUTES.search(words):
        if _HOURS.search(words):
            line = _line("minutes", f"=[{theirs}] * 60")
            return translate("'{ours}' is {theirs}, in hours by its name. If it is: {line}.", **told, line=line)
        if _SECONDS.search(words):
            line = _line("minutes", f"=[{theirs}] / 60")
            return translate("'{ours}' is {theirs}, in seconds by its name. If it is: {line}.", **told, line=line)
    if ours not in _MONEY:
        return ""
    if THOUSANDS.search(words):
        line = _line(ours, f"=[{theirs}] * 1000")
        return translate("'{ours}' is {theirs}, in thousands by its name. If it is: {line}.", **told, line=line)
    if _CENTS.search(words) and not _rows(con, raw, f"NOT regexp_full_match({trimmed(ours)}, '-?[0-9]*(\\.0)?')"):
        line = _line(ours, f"=[{theirs}] / 100")
        return translate("'{ours}' is {theirs}, in cents by its name. If it is: {line}.", **told, line=line)
    if text := _other_currency(raw, ours, theirs, currency):
        return text
    if ours == "monthly_cost" and periods_named(theirs) == (12,):
        line = _line("monthly_cost", f"=[{theirs}] / 12")
        return translate("'{ours}' is {theirs}, which by its name is for a year. If it is: {line}.", **told, line=line)
    if ours == "value_per_month" and _WHOLE_TERM.search(words) and periods_named(theirs) == (1, 12):
        term = next((one for one in raw.every if _fits(one) and _TERM.fullmatch(said(one))), "")
        line = _line("value_per_month", f"=[{theirs}] / [{term}]" if term else f"=[{theirs}] / 24")
        return translate(
            "'{ours}' is {theirs}, which may be paid for the whole term of a contract. If it is, divide it by the "
            "months of the term, such as {line}.",
            **told,
            line=line,
        )
    return ""


def _other_currency(raw: RawTable, ours: str, theirs: str, currency: str) -> str:
    """What is to be said of an amount whose name is that of another currency; an empty text where it is not."""
    named = currency_in(theirs) if ours in _MONEY and "currency" not in raw.theirs else ""
    if not named or currency in SIGNS.get(named, (named,)):
        return ""
    told = {"ours": ours, "theirs": repr(theirs), "currency": currency}
    return translate("'{ours}' is {theirs}, and the study's currency is {currency}.", **told)


def _day(raw: RawTable, ours: str, theirs: str) -> str:
    """What is to be said of a day whose name is that of another one; an empty text where it is not."""
    words, told = said(theirs), {"ours": ours, "theirs": repr(theirs)}
    if ours in ("responded_on", "resolved_on") and _DUE.search(words) and not _DONE.search(words):
        return translate(
            "'{ours}' is {theirs}, which by its name is the day by which it was to be done, not the day on which it was.",
            **told,
        )
    if (raw.name, ours) == ("subscriptions", "end"):
        if _RENEWAL.search(words) and not _NOT_RENEWED.search(words):
            return translate(
                "'{ours}' is {theirs}, which by its name is the day up to which a contract is paid or on which it renews: "
                "contracts that run on would look ended. Map the day on which they ended, empty where they did not.",
                **told,
            )
        mapped = {*raw.theirs.values()}
        other = next((name for name in raw.every if name not in mapped and _ENDED.fullmatch(said(name))), "")
        if other and _ASKED.fullmatch(words):
            return translate(
                "'{ours}' is {theirs}, which by its name is the day on which somebody cancelled; the contract may run on "
                "until {other}. If it does: {line}.",
                **told,
                other=repr(other),
                line=f"end: {name_of_yaml(other)}",
            )
    if (raw.name, ours) == ("contacts", "date") and _REACTED.search(words):
        return translate(
            "'{ours}' is {theirs}, which by its name is the day on which the customer reacted, not that of the contact.",
            **told,
        )
    if ours in ("acquired_on", "hired") and _BIRTH.fullmatch(words):
        return translate("'{ours}' is {theirs}, which by its name is a day of birth.", **told)
    return ""


def _pieces(con: duckdb.DuckDBPyConnection, raw: RawTable) -> Caution | None:
    """Contracts for several pieces whose value may be that of one."""
    value = raw.theirs.get("value_per_month", "")
    if "seats" not in raw.beside or not value or value.startswith("=") or not _fits(value, raw.beside["seats"]):
        return None
    if not (role_of(value, "piece") or _EACH.search(said(value)) or periods_named(value) == (1, 12)):
        return None
    theirs = raw.beside["seats"]
    text = f"TRY_CAST({trimmed(BESIDE + 'seats')} AS DOUBLE)"
    number, rows = _rows(con, raw, f"{text} <> 1"), _rows(con, raw)
    if not number:
        return None
    told = translate_count(
        "'value_per_month' is {value}, and {column} is not 1 in {count:,} row. If it is the price of one: {line}.",
        "'value_per_month' is {value}, and {column} is not 1 in {count:,} rows. If it is the price of one: {line}.",
        number,
        value=repr(value),
        column=repr(theirs),
        line=_line("value_per_month", f"=[{theirs}] * [{value}]"),
    )
    return Caution("left_aside", raw.name, "value_per_month", number, number / rows, told)


def _currencies(con: duckdb.DuckDBPyConnection, raw: RawTable, currency: str) -> Caution | None:
    """Amounts of another currency by a column beside them; several of purchases are told with their other columns."""
    money = [ours for ours in ("revenue", *_MONEY) if ours in raw.theirs]
    if "currency" not in raw.beside or not money:
        return None
    text = f"upper({trimmed(BESIDE + 'currency')})"
    found = con.execute(
        f"SELECT {text}, count(*), (SELECT count(*) FROM {raw.relation}) FROM {raw.relation} "
        f"WHERE regexp_full_match({text}, {literal('[A-Z]{3}')}) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    codes = {str(code): int(rows) for code, rows, _ in found}
    foreign = {code: rows for code, rows in codes.items() if code in CODES and code != currency}
    if not foreign or not codes.keys() <= CODES or (raw.name == "transactions" and len(codes) > 1):
        return None
    number, theirs = sum(foreign.values()), raw.beside["currency"]
    told = translate_count(
        "Amounts of '{table}' count as {currency}, and {column} says {codes} in {count:,} row. Map it ({line}), and give "
        "the value of one of each under exchange_rates.",
        "Amounts of '{table}' count as {currency}, and {column} says {codes} in {count:,} rows. Map it ({line}), and give "
        "the value of one of each under exchange_rates.",
        number,
        table=raw.name,
        currency=currency,
        column=repr(theirs),
        codes=enumerated(foreign),
        line=f"currency: {words_of_yaml(theirs)}",
    )
    return Caution("left_aside", raw.name, money[0], number, number / found[0][2], told)
