"""Contacts that a study leaves out because they were not delivered: then the groups are no longer those that a lot made."""

from __future__ import annotations

import re

from cxvalue.language.catalogue import translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.cautions import Caution
from cxvalue.tables.read.roles import said
from cxvalue.tables.read.sources import RawTable

_UNDELIVERED = re.compile(
    r"\b(un|not |non ?)deliver|^deliver(ed|y (failed|error|failure))$|fail\w* to (deliver|send)|bounc|returned to sender|"
    r"\binvalid (e ?mail|address|number|phone|recipient)|undeliverable|^(fail(ed|ure)?|rejected|blocked|error|unreachable)$|"
    r"unzustell|zugestellt|^(non )?délivré|no entregad|^entregad|rebot|^fehlgeschlagen$|^échec$|"
    r"не ?достав|^доставл|^(отклонено|отказ|ошибка|помилка|відхилено)$|送达|退信|退回|^失败$|未送達"
)
_ABOUT_ELSE = re.compile(
    r"campaign|\barm\b|consent|segment|subject|group|reason|product|\bname\b|title|offer|template|categor|opt ?in|kampagne|"
    r"кампани|кампані|согласи|згод|сегмент|тема|活动|同意|主题"
)
"""Columns whose values are not what became of a message."""
_LEFT_OUT = ("keep_rows", "leave_out_rows")


def undelivered_left_out(raw: RawTable) -> list[Caution]:
    """A caution where rows of contacts are left out by what a column says of their delivery; it lowers the evidence.

    Customers held out have no delivery that could fail, so that leaving it out changes one group alone.
    """
    if raw.name != "contacts":
        return []
    found = [(what, rows) for reason, what, rows in raw.left_out if reason in _LEFT_OUT and _is_undelivered(what)]
    rows = sum(number for _, number in found)
    if not rows:
        return []
    text = translate_count(
        "{count:,} contact is left out because of its delivery ({words}). Nothing like it is left out of those held out, so "
        "the groups are not those that were assigned: deliveries fail more often for customers who buy less. Keep all rows "
        "and map a column 'delivered' (yes or no).",
        "{count:,} contacts are left out because of their delivery ({words}). Nothing like it is left out of those held "
        "out, so the groups are not those that were assigned: deliveries fail more often for customers who buy less. Keep "
        "all rows and map a column 'delivered' (yes or no).",
        rows,
        words=enumerated(what for what, _ in found),
    )
    return [Caution("undelivered", raw.name, "delivered", rows, None, text, True)]


def _is_undelivered(what: str) -> bool:
    """Whether a column and its value, as `column: value`, say that a message was not delivered, or that it was."""
    column, _, value = what.partition(": ")
    return not _ABOUT_ELSE.search(said(column)) and _UNDELIVERED.search(said(value)) is not None
