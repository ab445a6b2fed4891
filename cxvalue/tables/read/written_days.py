"""Days in the words of a language, in an era of Japan or in wide digits, rewritten so that a date format reads them."""

from __future__ import annotations

from cxvalue.tables.read.sql import literal

_NAMES = (
    "january jan januar jänner jän janvier janv enero ene январь января янв січень січня січ",
    "february feb februar feber février févr fevrier fevr febrero февраль февраля февр фев лютий лютого лют",
    "march mar märz mär maerz mrz mars marzo март марта мар березень березня бер",
    "april apr avril avr abril abr апрель апреля апр квітень квітня квіт кві",
    "may mai mayo май мая травень травня трав тра",
    "june jun juni juin junio июнь июня июн червень червня черв чер",
    "july jul juli juillet juil julio июль июля июл липень липня лип",
    "august aug août aout agosto ago август августа авг серпень серпня серп сер",
    "september sep sept septembre septiembre setiembre set сентябрь сентября сент сен вересень вересня вер",
    "october oct oktober okt octobre octubre октябрь октября окт жовтень жовтня жовт жов",
    "november nov novembre noviembre ноябрь ноября нояб ноя листопад листопада лист лис",
    "december dec dezember dez décembre déc decembre diciembre dic декабрь декабря дек грудень грудня груд гру",
)
_SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
MONTHS = {name: short for names, short in zip(_NAMES, _SHORT, strict=True) for name in names.split()}
"""What a month may be called in English, German, French, Spanish, Russian and Ukrainian, with how date formats call it."""
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}

WIDE = "０１２３４５６７８９／－．：　"
_NARROW = "0123456789/-.: "
MAY_BE_WRITTEN = rf"\pL|[{WIDE}]"
"""What stands in a text that `in_figures` may rewrite."""

_LETTER = r"[^\s\d.,/:()-]"  # the class of all letters takes five times as long
_WEEKDAY = rf"^(?:{_LETTER}+\.?,? )?"
_YEAR = r"(\d{4}|\d{2})(?: ?(?:года|року|г|р)\.?)?,?((?:[T ,]+\d{1,2}:.*)?)$"
_PATTERNS = {
    "east": (
        r"^(?:(令和|平成|昭和)(\d{1,2}|元)|(\d{4}))[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일]?"
        rf"(?:[(（]{_LETTER}[)）])?((?:[T ]*\d{{1,2}}:.*)?)$",
        ["era", "of_era", "year", "month", "day", "clock"],
    ),
    "day_first": (
        rf"(?i){_WEEKDAY}(\d{{1,2}})(?:\.|er|st|nd|rd|th|º|°)?[ /-]?(?:de |of )?({_LETTER}{{3,10}})\.?,?[ /-](?:del? )?"
        rf"{_YEAR}",
        ["day", "month", "year", "clock"],
    ),
    "month_first": (
        rf"(?i){_WEEKDAY}({_LETTER}{{3,10}})\.? (\d{{1,2}})(?:st|nd|rd|th|er)?,? {_YEAR}",
        ["month", "day", "year", "clock"],
    ),
}
"""How days are written, with the names of what stands in brackets."""


def in_figures(text: str) -> str:
    """The SQL of a text whose day is in words, of an era or in wide digits, as one that `CANDIDATES` know; others stay.

    A month that has no name here makes the text NULL.

    >>> import duckdb
    >>> days = ("3. März 2025", "5 de enero de 2025 10:30", "12 янв. 2025 г.", "令和7年1月5日", "２０２５/０１/０５")
    >>> [duckdb.sql(f"SELECT {in_figures(literal(day))}").fetchone()[0] for day in days]
    ['3-Mar-2025', '5-Jan-2025 10:30', '12-Jan-2025', '2025-1-5', '2025/01/05']
    """
    narrow = f"nfc_normalize(translate(replace({text}, '\u00a0', ' '), {literal(WIDE)}, {literal(_NARROW)}))"
    names, shorts = (", ".join(map(literal, words)) for words in (MONTHS, MONTHS.values()))
    month = f"[{shorts}][list_position([{names}], lower(p.day_first.month || p.month_first.month))]"
    begun = " ".join(f"WHEN {literal(era)} THEN {year}" for era, year in _ERAS.items())
    of_era = f"TRY_CAST(replace(p.east.of_era, '元', '1') AS INTEGER) + CASE p.east.era {begun} END"
    # A text and its parts are named once, however often they are used: to find the parts takes longer than all the rest.
    parts = ", ".join(
        f"{name}: regexp_extract(w, {literal(how)}, {groups})" for name, (how, groups) in _PATTERNS.items()
    )
    made = (
        f"CASE WHEN p.east.day <> '' THEN coalesce(CAST({of_era} AS VARCHAR), p.east.year) || '-' || p.east.month || '-' || "
        f"p.east.day || replace(p.east.clock, ',', ' ') {_in_words('day_first')} {_in_words('month_first')} ELSE w END"
    )
    return once(narrow, "w", once(f"{{{parts}}}", "p", once(month, "month", made)))


def once(value: str, name: str, sql: str) -> str:
    """The SQL of an expression in which a value that is long to write goes by a name.

    >>> once("lower('A')", "x", "x || x")
    "list_transform([lower('A')], lambda x: x || x)[1]"
    """
    return f"list_transform([{value}], lambda {name}: {sql})[1]"


def _in_words(order: str) -> str:
    """A day whose month is a word, with the time of day, which some write after a comma."""
    p = f"p.{order}"
    return f"WHEN {p}.day <> '' THEN {p}.day || '-' || month || '-' || {p}.year || replace({p}.clock, ',', ' ')"
