"""What is wrong with the tables behind an effect, as one of its checks: it lowers the evidence like any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cxvalue.effects.effect import Check
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.tables.cautions import Caution


def data_checks(cautions: Iterable[Caution], tables: Sequence[str], name: str = "") -> tuple[Check, ...]:
    """A failed check where a caution that lowers evidence is about one of these tables, else none.

    `name` is the campaign or programme: what is about another one is none of its.
    """
    found = [one.text for one in cautions if one.lowers and one.table in tables and one.about in ("", name)]
    question = translate("Are the tables behind it consistent?")
    return (Check("tables", question, False, True, " ".join(found)),) if found else ()
