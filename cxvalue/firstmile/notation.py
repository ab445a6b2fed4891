"""How an export writes its numbers and days: the `read:` keys that its columns prove, and what they leave open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cxvalue.firstmile.asking import Option, Question
from cxvalue.firstmile.exports import Export
from cxvalue.language.catalogue import translate, using
from cxvalue.study import ReadOptions
from cxvalue.tables.read.dates import read_dates

_CORE = re.compile(r"\d(?:[\d.,'’ \u00a0\u202f]*\d)?")


def read_of_numbers(export: Export, columns: Sequence[str]) -> tuple[dict[str, Any], list[Question]]:
    """The signs before decimals and between thousands of the columns with numbers in text, or the question which."""
    points, commas, open_commas, open_points, groups = 0, 0, 0, 0, {"": 0}
    thousand = {",": 0, ".": 0, " ": 0, "'": 0}
    for name in columns:
        if export.looks[name].kind != "VARCHAR":
            continue
        found = export.con.execute(
            f"SELECT {export.text(name)}, count(*) FROM {export.relation} GROUP BY 1 HAVING {export.text(name)} IS NOT NULL"
        ).fetchall()
        for text, rows in found:
            core = _CORE.search(str(text))
            if core is None:
                continue
            number = core[0].replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'")
            for sign in " '":
                thousand[sign] += rows * (sign in number)
            number = re.sub(r"[ ']", "", number)
            signs = [one for one in number if one in ".,"]
            if len(set(signs)) == 2:
                last = signs[-1]
                points, commas = points + rows * (last == "."), commas + rows * (last == ",")
                thousand[signs[0]] += rows
            elif len(signs) > 1:
                thousand[signs[0]] += rows
            elif signs and not re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", number):
                points, commas = points + rows * (signs[0] == "."), commas + rows * (signs[0] == ",")
            elif signs:
                open_commas, open_points = (
                    open_commas + rows * (signs[0] == ","),
                    open_points + rows * (signs[0] == "."),
                )
    del groups
    decimal = "," if commas > points else "." if points else ""
    read: dict[str, Any] = {"decimal": ","} if decimal == "," else {}
    for sign, rows in thousand.items():
        between = sign != decimal and (
            rows or (sign == "," and decimal == "." and open_commas) or (sign == "." and decimal == "," and open_points)
        )
        if between:
            read["thousands"] = sign
    if decimal or not (open_commas or open_points) or thousand[","] or thousand["."]:
        return read, []
    sign, other = (",", ".") if open_commas else (".", ",")
    asked = Question(
        "numbers",
        translate(
            "Is {number} one thousand five hundred and eighty-eight, or a little more than one?", number=f"1{sign}588"
        ),
        "read.decimal",
        (
            Option(
                "thousands",
                translate("one thousand five hundred and eighty-eight"),
                {"read": {"decimal": other, "thousands": sign}},
            ),
            Option("decimals", translate("a little more than one"), {"read": {"decimal": sign}}),
        ),
    )
    return read, [asked]


def read_of_days(export: Export, columns: Sequence[str], read: dict[str, Any]) -> tuple[dict[str, Any], list[Question]]:
    """The format of the columns with days in text, where a study would need it said, or the question which."""
    texts = {
        name: export.text(name) for name in columns if not export.looks[name].kind.startswith(("DATE", "TIMESTAMP"))
    }
    if not texts or "date_format" in read:
        return {}, []
    where = f"(SELECT * FROM {export.relation})"
    with using("en"):  # what it says is taken apart below
        _, problems = read_dates(export.con, where, texts, ReadOptions(**read), "export", None)
    for problem in problems:
        formats = re.findall(r'date_format: "([^"]+)"', " ".join(problem.examples))
        if len(formats) == 1:
            return {"date_format": formats[0]}, []
        if len(formats) > 1:
            example = problem.found.rpartition("(")[2].rstrip(").")
            options = []
            for style in formats:
                first = re.sub(r"[^dmbyY]", "", style)[:1].lower()
                word = {"d": "day_first", "m": "month_first", "y": "year_first"}.get(first, style)
                says = translate("{example} in the order {order}", example=example, order=style)
                options.append(Option(word, says, {"read": {"date_format": style}}))
            ask = translate("Which comes first in {example}, the day or the month?", example=example)
            return {}, [Question("dates", ask, "read.date_format", tuple(options))]
        words = re.findall(r"date_format: (\w+)", " ".join(problem.examples))
        if words:
            return {"date_format": words[0]}, []
    return {}, []
