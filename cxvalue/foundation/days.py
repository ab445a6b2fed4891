"""A day however it is given: a date, a text, a pandas or numpy moment."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translate


def as_day(value: Any, where: str = "as_of", otherwise: str = "") -> date:
    """The day of a date, a moment or a text such as 2026-06-30; raises `BadInput` for anything else.

    `otherwise` is what else may be given there, for the message.

    >>> as_day("2026-06-30")
    datetime.date(2026, 6, 30)
    >>> as_day(datetime(2026, 6, 30, 23, 59))
    datetime.date(2026, 6, 30)
    """
    if otherwise:
        remedy = translate("Give a day such as 2026-06-30, or {otherwise}.", otherwise=otherwise)
    else:
        remedy = translate("Give a day such as 2026-06-30.")
    if isinstance(value, datetime):  # a pandas Timestamp is one
        if value != value:
            raise BadInput.at(where, translate("is empty."), remedy)
        return value.date()
    if isinstance(value, date):
        return value
    if type(value).__module__ == "numpy" and hasattr(value, "astype"):
        value = str(value.astype("datetime64[D]"))
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10]) if len(value.strip()) >= 10 else date.fromisoformat("")
        except ValueError:
            pass
    raise BadInput.at(where, translate("{value!r} is not a day.", value=value), remedy)
