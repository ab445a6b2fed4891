"""Sound studies, damaged the way files of strangers are: what comes out is refused, flagged, or the same.

`outcome(seed)` makes a sound study (a shop with a campaign, branches with a programme, a club with contracts), damages one
of its files in one way, and says what became of it. Nothing here knows how the product finds a damage.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cxvalue.engine.embedded import connect
from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.questions.campaigns import campaign_data, campaign_result
from cxvalue.questions.contracts.contract_base import contracts_of
from cxvalue.questions.contracts.contract_history import monthly_contracts
from cxvalue.questions.programmes.measure import StudyTables, fit_programme
from cxvalue.study import StudyFile, load_study_file
from cxvalue.tables.counts import TableSet
from cxvalue.tables.load import load_tables

AS_OF, TODAY = date(2026, 6, 30), date(2026, 7, 2)
Rows = list[dict[str, str]]
Tables = dict[str, Rows]
Damage = Callable[[Tables, np.random.Generator], bool]

HEAD = "currency: EUR\nas_of: 2026-06-30\ngross_margin: 0.4\nannual_discount_rate: 0.1\nhorizon_months: 12\n"
STUDIES = {
    "shop": """tables:
  transactions: {path: transactions.csv}
  customers: {path: customers.csv}
  contacts: {path: contacts.csv}
campaigns: [{name: wake, control: held_out, window_days: 60}]
""",
    "branches": """tables:
  transactions: {path: transactions.csv}
  customers: {path: customers.csv}
  rollout: {path: rollout.csv}
programmes: [{name: svc, design: staggered, unit: branch, horizon_months: 12}]
""",
    "club": """contract: contractual
tables:
  subscriptions: {path: subscriptions.csv}
  customers: {path: customers.csv}
  surveys: {path: surveys.csv}
""",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a damaged study: refused, flagged, same, or wrong; `said` is the message or the difference."""

    study: str
    damage: str
    became: str
    said: str


def _day(days: int) -> str:
    return (date(2024, 7, 1) + timedelta(days=days)).isoformat()


@cache
def sound(kind: str, seed: int = 1) -> Tables:
    """A sound study of a kind, as rows of text."""
    rng = np.random.default_rng(seed)
    people = [f"{n:05d}" for n in range(1001, 1301)]
    branch = {one: f"B{n % 12:02d}" for n, one in enumerate(people)}
    customers = [{"customer_id": one, "branch": branch[one], "acquired_on": _day(0)} for one in people]
    if kind == "club":
        contracts, answers = [], []
        for one in people:
            start = int(rng.integers(0, 600))
            end = start + 30 * int(rng.integers(2, 30))
            price = f"{rng.choice([15, 20, 30])}.50"
            row = {
                "customer_id": one,
                "start": _day(start),
                "end": _day(end) if end < 728 else "",
                "value_per_month": price,
            }
            contracts.append(row | {"plan": str(rng.choice(["basic", "plus"]))})
            answers.append(
                {"customer_id": one, "date": _day(start + 20), "metric": "csi", "score": str(rng.integers(1, 11))}
            )
        return {"subscriptions": contracts, "customers": customers, "surveys": answers}
    lines: Rows = []
    starts = {f"B{n:02d}": 420 + 60 * (n % 3) for n in range(8)}
    for one in people:
        for day in np.flatnonzero(rng.random(730) < 0.04):
            treated = kind == "branches" and day >= starts.get(branch[one], 10_000)
            amount = round(float(rng.gamma(4, 8)) + 1.07 + 6.0 * treated, 2)
            off = round(amount * 0.1, 2) if rng.random() < 0.3 else 0.0
            row = {"customer_id": one, "date": _day(int(day)), "revenue": f"{amount:.2f}", "discount": f"{off:.2f}"}
            lines.append(row | {"order_id": f"O{len(lines):06d}", "product": str(rng.choice(["tea", "cup"]))})
    if kind == "branches":
        rollout = [
            {"programme": "svc", "unit": f"B{n:02d}", "start": _day(starts[f"B{n:02d}"]) if n < 8 else ""}
            for n in range(12)
        ]
        return {"transactions": lines, "customers": customers, "rollout": rollout}
    contacts = [
        {
            "customer_id": one,
            "date": _day(600),
            "campaign": "wake",
            "arm": "mail" if rng.random() < 0.6 else "held_out",
            "cost": "0.35",
        }
        for one in people
    ]
    return {"transactions": lines, "customers": customers, "contacts": contacts}


def write(kind: str, tables: Tables, folder: Path) -> StudyFile:
    """Write a study of a kind with its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yml").write_text(f"name: {kind}\n{HEAD}{STUDIES[kind]}", encoding="utf-8")
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return load_study_file(folder / "study.yml")


def figures(kind: str, tables: Tables, folder: Path) -> tuple[TableSet, dict[str, float]]:
    """What the study comes to: its counts, its sums, and the effect of its campaign or programme."""
    study = write(kind, tables, folder)
    con = connect()
    loaded = load_tables(study, None, TODAY, folder / "out", con)
    found = {name: con.read_parquet(path) for name, path in loaded.paths.items()}
    out: dict[str, float] = {"as_of": loaded.as_of.toordinal(), "observed_from": loaded.observed_from.toordinal()}
    if kind == "club":
        made = contracts_of(found["subscriptions"], as_of=loaded.as_of, observed_from=loaded.observed_from)
        months = monthly_contracts(made)
        for name in months.select_dtypes("number").columns:
            out[f"sum of {name}"] = float(months[name].sum())
        return loaded, out
    bought = found["purchases"]
    sums = bought.aggregate(
        customers=bought.customer_id.nunique(),
        purchases=bought.count(),
        revenue=bought.revenue.sum(),
        margin=bought.margin.sum(),
    )
    out |= {name: float(value) for name, value in sums.to_pyarrow().to_pylist()[0].items()}
    if kind == "branches":
        tables = StudyTables(study, found.get, loaded.as_of, loaded.observed_from)
        fit = fit_programme(tables, study.programmes[0])
        out |= {"effect": fit.effect.estimate, "se": fit.effect.se}
        return loaded, out
    rows = campaign_data(
        found["contacts"], bought, name="wake", control="held_out", window_days=60, as_of=loaded.as_of,
        transactions=found["transactions"], customers=found["customers"],
    )  # fmt: skip
    result = campaign_result(rows)
    out |= {"uplift": result.return_uplift.value, "margin": result.margin_per_contact.value}
    return loaded, out


def _columns(tables: Tables, kinds: set[str]) -> list[tuple[str, str]]:
    return [(name, column) for name, rows in tables.items() for column in rows[0] if column in kinds]


def _some(rng: np.random.Generator, rows: Rows, share: float | None = None) -> list[int]:
    """Rows to be damaged: a share of them, at least two."""
    share = float(rng.choice([0.1, 0.5, 1.0])) if share is None else share
    return sorted(rng.choice(len(rows), max(2, round(share * len(rows))), replace=False).tolist())


def _change(
    tables: Tables, rng: np.random.Generator, kinds: set[str], form: Callable[[str], str], share: float | None
) -> bool:
    """Write the filled values of one column in another form, in a share of its rows."""
    places = _columns(tables, kinds)
    if not places:
        return False
    name, column = places[int(rng.integers(len(places)))]
    filled = [row for row in tables[name] if row[column]]
    changed = False
    for i in _some(rng, filled, share):
        new = form(filled[i][column])
        changed = changed or new != filled[i][column]
        filled[i][column] = new
    return changed


IDS = {"customer_id", "unit", "branch"}
MONEY = {"revenue", "discount", "cost", "value_per_month"}
DATES = {"date", "start", "end", "acquired_on"}


def _form(kinds: set[str], form: Callable[[str], str], share: float | None = None) -> Damage:
    return lambda tables, rng: _change(tables, rng, kinds, form, share)


def _date(style: str) -> Callable[[str], str]:
    return lambda text: date.fromisoformat(text).strftime(style)


def _twice(share: float) -> Damage:
    """A part of one file stands in it twice."""

    def damage(tables: Tables, rng: np.random.Generator) -> bool:
        name = str(rng.choice(sorted(tables)))
        rows = tables[name]
        rows.extend(dict(row) for row in rows[-max(2, round(share * len(rows))) :])
        return True

    return damage


def _empty(tables: Tables, rng: np.random.Generator) -> bool:
    name, column = _columns(tables, {"customer_id", "date", "revenue", "start", "unit", "arm", "campaign"})[0]
    places = _columns(tables, {"customer_id", "date", "revenue", "start", "unit", "arm", "campaign"})
    name, column = places[int(rng.integers(len(places)))]
    if (name, column) == ("rollout", "start"):
        return False  # never treated, which is a fact
    for i in _some(rng, tables[name], 0.02):
        tables[name][i][column] = str(rng.choice(["", " ", "NULL", "N/A"]))
    return True


def _extra(form: Callable[[Rows], dict[str, str]]) -> Damage:
    def damage(tables: Tables, rng: np.random.Generator) -> bool:
        name = str(rng.choice(sorted(tables)))
        tables[name].append(form(tables[name]))
        return True

    return damage


def _total(rows: Rows) -> dict[str, str]:
    first = next(iter(rows[0]))
    return {key: "Total" if key == first else (rows[0][key] if key in MONEY else "") for key in rows[0]}


def _guests(word: str) -> Damage:
    def damage(tables: Tables, rng: np.random.Generator) -> bool:
        name = "subscriptions" if "subscriptions" in tables else "transactions"
        for i in _some(rng, tables[name], 0.3):
            tables[name][i]["customer_id"] = word
        return True

    return damage


def _reorder(tables: Tables, rng: np.random.Generator) -> bool:
    for rows in tables.values():
        rng.shuffle(rows)  # type: ignore[arg-type]
    return True


def _signs(tables: Tables, rng: np.random.Generator) -> bool:
    return _change(tables, rng, {"discount", "cost", "value_per_month"}, lambda text: f"-{text}", None)


DAMAGES: dict[str, Damage] = {
    "zeros in front": _form(IDS, lambda text: f"000{text}"),
    "a .0 at the end of ids": _form(IDS, lambda text: f"{text}.0"),
    "small letters": _form(IDS, str.lower),
    "blanks around ids": _form(IDS, lambda text: f" {text}\t"),
    "ids of another system": _form(IDS, lambda text: f"X-{text}"),
    "ids in scientific notation": _form({"customer_id"}, lambda text: f"{float(text):.2E}" if text.isdigit() else text),
    "decimal commas": _form(MONEY, lambda text: text.replace(".", ",")),
    "three decimals": _form(MONEY, lambda text: f"{float(text):.3f}"),
    "thousands commas": _form({"revenue"}, lambda text: f"{float(text) * 1000:,.2f}", 1.0),
    "currency signs": _form(MONEY, lambda text: f"€{text}"),
    "another currency": _form(MONEY, lambda text: f"${text}"),
    "accounting parentheses": _form({"revenue"}, lambda text: f"({text})", 0.1),
    "a minus behind": _form({"revenue"}, lambda text: f"{text}-", 0.1),
    "a real minus sign": _form({"revenue"}, lambda text: f"\u2212{text}", 0.1),
    "signs turned round": _signs,
    "days first": _form(DATES, _date("%d/%m/%Y")),
    "months first": _form(DATES, _date("%m/%d/%Y")),
    "a time of day": _form(DATES, lambda text: f"{text} 23:30:00"),
    "a time with its zone": _form(DATES, lambda text: f"{text}T23:30:00+02:00"),
    "serial days": _form(DATES, lambda text: str((date.fromisoformat(text) - date(1899, 12, 30)).days)),
    "epoch seconds": _form(DATES, lambda text: str((date.fromisoformat(text) - date(1970, 1, 1)).days * 86400)),
    "dates years ahead": _form({"date"}, lambda text: f"2126{text[4:]}", 0.02),
    "the file twice": _twice(1.0),
    "half of the file twice": _twice(0.5),
    "empty cells": _empty,
    "a total row": _extra(_total),
    "the header again": _extra(lambda rows: {key: key for key in rows[0]}),
    "guests under one word": _guests("guest"),
    "guests under 0": _guests("0"),
    "another order of rows": _reorder,
}


def _flags(loaded: TableSet) -> set[str]:
    """What the preparation says of its rows: its cautions, and the counts of rows that it dropped, merged or noted."""
    said = {f"caution {one.kind} {one.table}" for one in loaded.cautions}
    return said | {
        f"{one.kind} {one.table} {one.what}" for one in loaded.counts if one.kind in ("note", "merged", "dropped")
    }


@cache
def _reference(kind: str, folder: Path) -> tuple[set[str], dict[str, float]]:
    loaded, expected = figures(kind, sound(kind), folder)
    assert not loaded.cautions, f"a sound {kind} is suspected: {loaded.cautions}"
    return _flags(loaded), expected


def outcome(seed: int, folder: Path) -> Outcome:
    """Damage a sound study by the case of this number, and say what became of it.

    `folder` holds what is written; the sound studies in it are made once. The cases go round all kinds of damage.
    """
    rng = np.random.default_rng([7, seed])
    name = list(DAMAGES)[seed % len(DAMAGES)]
    while True:
        kind = str(rng.choice(sorted(STUDIES)))
        tables = {key: [dict(row) for row in rows] for key, rows in sound(kind).items()}
        if DAMAGES[name](tables, rng):
            break
    flags, expected = _reference(kind, folder / kind)
    try:
        loaded, found = figures(kind, tables, folder / f"case{seed}")
    except (BadInput, CxvalueError) as error:
        return Outcome(kind, name, "refused", str(error))
    off = {
        key: (value, found.get(key))
        for key, value in expected.items()
        if found.get(key) is None or abs(found[key] - value) > 1e-9 * max(1.0, abs(value))
    }
    if not off:
        return Outcome(kind, name, "same", "")
    new = sorted(_flags(loaded) - flags)
    return Outcome(kind, name, "flagged" if new else "wrong", "; ".join(new) or str(off))


def summary(found: list[Outcome]) -> str:
    """How the damages ended, a line each: refused, flagged, the same, wrong."""
    ends = ("refused", "flagged", "same", "wrong")
    lines = [f"{'damage':<28}" + "".join(f"{end:>9}" for end in ends)]
    for name in DAMAGES:
        counts: Any = [sum(one.damage == name and one.became == end for one in found) for end in ends]
        lines.append(f"{name:<28}" + "".join(f"{count:>9}" for count in counts))
    totals = [sum(one.became == end for one in found) for end in ends]
    return "\n".join([*lines, f"{'all':<28}" + "".join(f"{total:>9}" for total in totals)])
