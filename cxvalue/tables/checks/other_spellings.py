"""Names that decide a figure must be written in one way: programmes, products, metrics, touchpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import ibis

from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import StudyFile

MOST = 5
"""Spellings that are shown, at most."""


def other_spellings(study: StudyFile, tables: Mapping[str, ir.Table]) -> list[Problem]:
    """A name of the study, or a metric, that stands in a table with other capital letters or blanks as well: refused.

    Rows under the other spelling would be left out of the figure without a word. `tables` are the sound rows by the table's
    name. Two spellings that the study declares both are two names.
    """
    declared: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("rollout", "programme", [one.name for one in study.programmes]),
        ("transactions", "product", [one.product for one in study.campaigns if one.product]),
        ("surveys", "metric", study.metrics),
        ("interactions", "touchpoint", [*study.experience.journey, *(one.name for one in study.touchpoints)]),
    )
    asked: dict[tuple[str, str], tuple[set[str], ir.Table]] = {}
    for table, column, names in declared:
        wanted, rows = set(names), tables.get(table)
        if rows is not None and column in rows.columns and (wanted or column == "metric"):
            asked[table, column] = wanted, _spellings(rows, table, column, wanted)
    if not asked:
        return []
    each = ibis.union(*(one for _, one in asked.values())).to_pyarrow().to_pylist()
    problems: list[Problem] = []
    for (table, column), (wanted, _) in asked.items():
        forms = {one["written"]: one["rows"] for one in each if one["place"] == table}
        problems += _refused(table, column, wanted, forms)
    return problems


def _spellings(rows: ir.Table, table: str, column: str, wanted: set[str]) -> ir.Table:
    said = rows.select(written=rows[column].cast("string")).filter(lambda t: t.written.notnull())
    if column != "metric":  # an undeclared metric is a figure of its own all the same
        said = said.filter(
            said.written.re_replace(r"\s+", " ").strip().lower().isin(sorted({_word(name) for name in wanted}))
        )
    return said.group_by("written").agg(rows=said.count()).mutate(place=ibis.literal(table))


def _refused(table: str, column: str, wanted: set[str], each: Mapping[str, int]) -> Iterator[Problem]:
    alike: dict[str, dict[str, int]] = {}
    for written, rows in each.items():
        alike.setdefault(_word(written), {})[written] = rows
    for word, forms in sorted(alike.items()):
        meant = sorted(name for name in wanted if _word(name) == word) or [
            max(forms, key=lambda form: (forms[form], form))
        ]
        others = sorted(form for form in forms if form not in meant)
        if others:
            number = sum(forms[form] for form in others)
            found = translate_count(
                "{count:,} row spells {name!r} as {written}, which makes it a different name.",
                "{count:,} rows spell {name!r} as {written}, which makes it a different name.",
                number,
                name=meant[0],
                written=enumerated(map(repr, others[:MOST])),
            )
            remedy = translate(
                "Spell it the same way everywhere in the table, or correct it with a 'query:' over the file."
            )
            yield Problem(f"tables.{table}.{column}", found, remedy, number)


def _word(name: str) -> str:
    return " ".join(name.split()).lower()
