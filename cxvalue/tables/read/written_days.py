"""Days in the words of a language, in an era of Japan or in wide digits, rewritten so that a date format reads them."""

from __future__ import annotations

from cxvalue.tables.read.sql import literal

_MONTHS = (
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
"""What a month may be called in English, German, French, Spanish, Russian and Ukrainian, January first."""
_SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NUMBERED = {name: short for names, short in zip(_MONTHS, _SHORT, strict=True) for name in names.split()}
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}

WIDE = "０１２３４５６７８９／－．：　"
_NARROW = "0123456789/-.: "
MAY_BE_WRITTEN = rf"\pL|[{WIDE}]"
"""What stands in a text that `in_figures` may rewrite."""

_WEEKDAY = r"^(?:\pL+\.?,? )?"
_YEAR = r"(\d{4}|\d{2})(?: ?(?:года|року|г|р)\.?)?,?((?:[T ,]+\d{1,2}:.*)?)$"
_DAY_FIRST = (
    rf"(?i){_WEEKDAY}(\d{{1,2}})(?:\.|er|st|nd|rd|th|º|°)?[ /-]?(?:de |of )?(\pL{{3,10}})\.?,?[ /-](?:del? )?{_YEAR}"
)
_MONTH_FIRST = rf"(?i){_WEEKDAY}(\pL{{3,10}})\.? (\d{{1,2}})(?:st|nd|rd|th|er)?,? {_YEAR}"
_EAST = (
    r"^(?:(令和|平成|昭和)(\d{1,2}|元)|(\d{4}))[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일]?"
    r"(?:[(（]\pL[)）])?((?:[T ]*\d{1,2}:.*)?)$"
)


def in_figures(text: str) -> str:
    """The SQL of a text whose day is in words, of an era or in wide digits, as one that `CANDIDATES` know; others stay.

    A month that has no name here makes the text NULL.

    >>> import duckdb
    >>> days = ("3. März 2025", "5 de enero de 2025 10:30", "12 янв. 2025 г.", "令和7年1月5日", "２０２５/０１/０５")
    >>> [duckdb.sql(f"SELECT {in_figures(literal(day))}").fetchone()[0] for day in days]
    ['3-Mar-2025', '5-Jan-2025 10:30', '12-Jan-2025', '2025-1-5', '2025/01/05']
    """
    narrow = f"nfc_normalize(translate(replace({text}, '\u00a0', ' '), {literal(WIDE)}, {literal(_NARROW)}))"
    names, shorts = (", ".join(map(literal, words)) for words in (_NUMBERED, _NUMBERED.values()))
    begun = " ".join(f"WHEN {literal(era)} THEN {year}" for era, year in _ERAS.items())
    of_era = f"TRY_CAST(replace({_part(_EAST, 2)}, '元', '1') AS INTEGER) + CASE {_part(_EAST, 1)} {begun} END"
    year = f"coalesce(CAST({of_era} AS VARCHAR), {_part(_EAST, 3)})"
    day = " ".join(
        (
            _when(_EAST, year, _part(_EAST, 4), _part(_EAST, 5), _part(_EAST, 6)),
            _when(_DAY_FIRST, _part(_DAY_FIRST, 1), "month", _part(_DAY_FIRST, 3), _part(_DAY_FIRST, 4)),
            _when(_MONTH_FIRST, _part(_MONTH_FIRST, 2), "month", _part(_MONTH_FIRST, 3), _part(_MONTH_FIRST, 4)),
        )
    )
    # A text and a month are named once, however often they are used: what a query is made of takes longer than to run it.
    name = f"lower({_part(_DAY_FIRST, 2)} || {_part(_MONTH_FIRST, 1)})"
    made = once(f"[{shorts}][list_position([{names}], {name})]", "month", f"CASE {day} ELSE w END")
    return once(narrow, "w", made)


def once(value: str, name: str, sql: str) -> str:
    """The SQL of an expression in which a value that is long to write goes by a name.

    >>> once("lower('A')", "x", "x || x")
    "list_transform([lower('A')], lambda x: x || x)[1]"
    """
    return f"list_transform([{value}], lambda {name}: {sql})[1]"


def _part(pattern: str, group: int) -> str:
    return f"regexp_extract(w, {literal(pattern)}, {group})"


def _when(pattern: str, first: str, second: str, third: str, rest: str) -> str:
    """A day of three parts as figures, with the time of day, which some write after a comma."""
    made = f"{first} || '-' || {second} || '-' || {third} || replace({rest}, ',', ' ')"
    return f"WHEN regexp_matches(w, {literal(pattern)}) THEN {made}"
