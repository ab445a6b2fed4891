"""From files to what they hold: each table recognised by a record, else guessed, and the tables held against one another."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from cxvalue.engine.embedded import connect
from cxvalue.firstmile.asking import Option, Question, put
from cxvalue.firstmile.drafts import Draft, columns_in, complete, draft_of_record, settle, signs_of
from cxvalue.firstmile.exports import Export, open_exports
from cxvalue.firstmile.guesses import GUESSED, draft_by_guess
from cxvalue.firstmile.records import Record, records, told
from cxvalue.firstmile.trying import shaped, told_once
from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.study import ReadOptions
from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.read.dates import read_dates
from cxvalue.tables.read.sql import quoted

SURE_FROM = 0.8
AHEAD = 0.2
"""A record is sure from this fit on, and so far ahead of the next."""
_MAIN = ("transactions", "subscriptions")
_TAKEN = {"€": "EUR"}
_FEWEST_SHARED = 0.05
_MOST_CODES = 4


def match(names: Sequence[str]) -> tuple[Record | None, str, str]:
    """The record that a table's columns fit, told to readers, "sure" or "likely", and why not where none does."""
    fits = sorted(
        ((*record.fit(names), record.layout, record) for record in records()), key=lambda one: (-one[0], one[2])
    )
    whole = [one for one in fits if one[1]]
    if not whole:
        best = fits[0]
        lacking = [name for name in best[3].needs if name not in best[3].names(names)]
        near = best[0] >= 0.6 and len(lacking) <= 2
        if not near:
            return None, "", ""
        columns = enumerated(map(repr, lacking))
        return (
            None,
            "",
            translate("looks like {system}, but lacks {columns}", system=told(best[3]).title, columns=columns),
        )
    best = whole[0]
    rivals = [one[0] for one in fits if one[3] is not best[3]]
    sure = best[0] >= SURE_FROM and best[0] - max(rivals, default=0.0) >= AHEAD
    if not sure and len(best[3].needs) < 4 and best[0] < SURE_FROM:
        return None, "", ""
    return told(best[3]), "sure" if sure else "likely", ""


@dataclass(frozen=True)
class Understanding:
    """What the files hold: a draft a table, the answers given so far, and whether stated defaults are taken."""

    drafts: tuple[Draft, ...]
    answers: Mapping[str, str] = field(default_factory=dict)
    accept: bool = False
    kept: Any = None  # the engine and the scratch folder live as long as this
    left: tuple[str, ...] = ()

    @cached_property
    def settled(self) -> dict[str, tuple[dict[str, Any], dict[str, Any], list[Question]]]:
        """For each table its keys, the keys to try it with, and its open questions."""
        self._known_keys()
        found = {draft.table: settle(draft, self.answers, self.accept) for draft in self.drafts}
        if self.main and self.main.margin and self.margin == "column":
            spec, tried, listed = found[self.main.table]
            spec, tried = (put(one, "columns.margin", self.main.margin) for one in (spec, tried))
            found[self.main.table] = spec, tried, listed
        return found

    @cached_property
    def questions(self) -> list[Question]:
        """All questions that are open, the costliest first."""
        asked = [question for _, _, listed in self.settled.values() for question in listed]
        asked.sort(key=lambda one: -one.cost)
        if not any(draft.table in _MAIN for draft in self.drafts):
            return asked
        study = []
        if not self.currency:
            study.append(self._currency_question())
        if not self.margin:
            ask = translate(
                "Which share of revenue is left after the goods and all other costs of a sale (contribution margin)?"
            )
            options = [Option("unknown", translate("not known: everything is given in revenue, and the page says so"))]
            if self.main and self.main.margin:
                says = translate("what {column!r} says is left of each row, in money", column=self.main.margin)
                options.insert(0, Option("column", says))
            study.append(Question("margin", ask, "gross_margin", tuple(options), None, "share"))
        if self._several and "rates" not in self.answers:
            codes = enumerated(self.codes)
            ask = translate(
                "Amounts are in several currencies ({codes}). What is one unit of each worth in the study's currency?",
                codes=codes,
            )
            study.append(Question("rates", ask, "exchange_rates", (), None, "rates"))
        return [*[one for one in asked if one.cost], *study, *[one for one in asked if not one.cost]]

    @property
    def main(self) -> Draft | None:
        """The table of purchases, else that of contracts."""
        tables = {draft.table: draft for draft in self.drafts}
        return tables.get("transactions") or tables.get("subscriptions")

    @property
    def codes(self) -> tuple[str, ...]:
        """The currencies that the main table names."""
        return self.main.codes if self.main else ()

    @property
    def sign(self) -> str:
        """The currency written beside the amounts that are revenue, or in the name of their column; else an empty text."""
        if self.main is None or self.main.sign:
            return self.main.sign if self.main else ""
        revenue = str(self.settled[self.main.table][0]["columns"].get("revenue", ""))
        return next((sign for name in columns_in(revenue) for sign in signs_of(self.main.export, name)), "")

    @property
    def _several(self) -> bool:
        return len(self.codes) > 1

    @property
    def currency(self) -> str:
        """The study's currency, as answered or as the file says; empty while it is not known."""
        given = self.answers.get("currency", "").upper()
        found = self.codes[0] if len(self.codes) == 1 else ""
        found = found or _TAKEN.get(self.sign, self.sign if self.sign in CODES else "")
        if given and given not in CODES:
            says = translate("{word!r} is not a currency.", word=given)
            raise BadInput.at("--answer currency", says, translate("Write three letters, such as EUR."))
        if given and len(self.codes) == 1 and given != found and "rates" not in self.answers:
            says = translate("is {given}, and the file says {found}.", given=given, found=found)
            remedy = translate("Take currency={code}, or give the rate: --answer rates='{code}: 0.92'.", code=found)
            raise BadInput.at("--answer currency", says, remedy)
        sign = self.sign
        written = SIGNS.get(sign, (sign,) if sign in CODES else ())
        if given and not self.codes and written and given not in written:
            says = translate("is {given}, and the amounts are written in {sign}.", given=given, sign=sign)
            remedy = translate(
                "Take one of {codes}, or export the amounts in {given}.",
                codes=enumerated(written[:_MOST_CODES]),
                given=given,
            )
            raise BadInput.at("--answer currency", says, remedy)
        return given or found

    @property
    def margin(self) -> str:
        """The margin as answered; a column of the file stands for itself."""
        if self.main and "margin" in self.main.spec["columns"]:
            return "column"
        given = self.answers.get("margin", "")
        if given == "column":
            if self.main and self.main.margin:
                return given
            says = translate("no column says in each row what is left of it, in money.")
            raise BadInput.at("--answer margin", says, translate("Write 0.40, 40%, or unknown."))
        if given and given != "unknown":
            try:
                share = float(given.rstrip("% ").replace(",", ".")) / (100 if "%" in given else 1)
            except ValueError:
                share = -1.0
            if not 0 < share <= 1:
                says = translate("{word!r} is not a share.", word=given)
                raise BadInput.at("--answer margin", says, translate("Write 0.40, 40%, or unknown."))
            return f"{share:g}"
        return given

    @property
    def rates(self) -> dict[str, float]:
        """What one of each currency is worth in the study's, as answered."""
        rates = {self.currency: 1.0}
        for part in self.answers.get("rates", "").strip("{} ").split(","):
            code, sign, worth = part.replace("=", ":").partition(":")
            if sign:
                try:
                    rates[code.strip().upper()] = float(worth)
                except ValueError:
                    says = translate("{word!r} is not a rate.", word=part)
                    raise BadInput.at("--answer rates", says, translate("Write 'USD: 0.92, GBP: 1.17'.")) from None
        return rates

    @property
    def last_day(self) -> date | None:
        """The last day of the main table, else of all, that is not to come; None where no days can be read yet."""
        days = [
            _last_day(draft.export, self.settled[draft.table][1], ours)
            for draft in ([self.main] if self.main else self.drafts)
            for ours in ("date", "start", "end")
        ]
        return max((day for day in days if day is not None), default=None)

    def with_answers(self, answers: Mapping[str, str], accept: bool = False) -> Understanding:
        """The same with further answers."""
        return Understanding(self.drafts, {**self.answers, **answers}, self.accept or accept, self.kept, self.left)

    def _currency_question(self) -> Question:
        sign = self.sign
        codes = self.codes or SIGNS.get(sign, ())[:_MOST_CODES]
        says = translate("in the file") if self.codes else translate("written {sign}", sign=sign)
        options = tuple(Option(code, says) for code in codes)
        return Question("currency", translate("In which currency are the amounts?"), "currency", options, None, "code")

    def _known_keys(self) -> None:
        """No answer may be to a question that there is not anywhere, or against what the file itself says."""
        asked = {question.key for draft in self.drafts for question in draft.questions} | {
            "currency",
            "margin",
            "rates",
        }
        settled = {key: answer for draft in self.drafts for key, answer in draft.chosen.items()}
        tables = {draft.table for draft in self.drafts}
        everywhere = asked | set(GUESSED) | {str(one["key"]) for record in records() for one in record.asks}
        problems = []
        for key, answer in self.answers.items():
            table, dot, word = key.rpartition(".")
            if word not in everywhere or (dot and table not in tables):
                near = nearest(word, sorted(everywhere))
                problems.append(Problem(f"--answer {key}", translate("no such question."), near))
            elif word in settled and word not in asked and answer.lower() != settled[word].lower():
                found = translate(
                    "is {answer!r}, and the amounts of the file add up as {settled!r}.",
                    answer=answer,
                    settled=settled[word],
                )
                remedy = translate("Write {answer}, or leave it out.", answer=f"{word}={settled[word]}")
                problems.append(Problem(f"--answer {key}", found, remedy))
        if problems:
            raise BadInput(problems)

    @property
    def needless(self) -> list[str]:
        """Answers to questions that these files do not ask."""
        asked = {question.key for draft in self.drafts for question in draft.questions} | {
            "currency",
            "margin",
            "rates",
        }
        return [key for key in self.answers if key.rpartition(".")[2] not in asked]


def open_files_of(files: Sequence[Path]) -> Understanding:
    """Open files and recognise what they hold; raises `BadInput` with all that cannot be used, and why."""
    scratch = tempfile.TemporaryDirectory(prefix="cxvalue-new-")
    engine = connect()
    drafts, problems, left = [], [], []
    for export in open_exports(engine.con, files, Path(scratch.name)):
        record, how, near = match(export.names)
        draft = draft_of_record(export, record) if record is not None else draft_by_guess(export)
        if record is not None and how == "likely":
            draft.why = {ours: ("likely", why) for ours, (_, why) in draft.why.items()}
        if near:
            draft.said.append(near)
        drafts.append(complete(draft))
    good = [draft for draft in drafts if draft.refusal is None]
    for draft in drafts:
        if draft.refusal is not None:
            inside = any(other.export.paths == draft.export.paths for other in good)
            if inside:
                left.append(f"{draft.export.label}: {draft.refusal.found}")
            else:
                problems += [draft.refusal, *draft.export.faults]
    if problems:
        raise BadInput(problems)
    good = _joined(good, left)
    return Understanding(tuple(good), kept=(engine, scratch), left=tuple(left))


def _joined(drafts: list[Draft], left: list[str]) -> list[Draft]:
    """One draft a table; customers are numbered as in the main table."""
    tables: dict[str, Draft] = {}
    problems = []
    for draft in drafts:
        other = tables.setdefault(draft.table, draft)
        if other is not draft:
            found = translate(
                "{one} and {other} both contain {table}, in different columns.",
                one=other.export.label,
                other=draft.export.label,
                table=draft.table,
            )
            problems.append(Problem("--from", found, translate("Give one of them, or a study each.")))
    if problems:
        raise BadInput(problems)
    main = tables.get("transactions") or tables.get("subscriptions")
    customers = tables.get("customers")
    if main is not None and customers is not None:
        shares = {name: _shared(main, customers.export, name) for name in customers.export.names}
        best = max(shares, key=lambda name: shares[name])
        if shares[best] > max(_FEWEST_SHARED, shares.get(customers.spec["columns"]["customer_id"], 0.0)):
            customers.spec["columns"]["customer_id"] = best
        share = shares[customers.spec["columns"]["customer_id"]]
        why = translate("it contains {share:.0%} of the buyers", share=share)
        customers.why["customer_id"] = ("sure" if share > 0.8 else "likely", why)
        if share <= _FEWEST_SHARED:
            unknown = translate(
                "{file}: none of its columns matches the customers of {table}",
                file=customers.export.label,
                table=main.table,
            )
            left.append(unknown)
            del tables["customers"]
    return list(tables.values())


def _shared(main: Draft, export: Export, name: str) -> float:
    """The share of the main table's customers that a column knows, where each of its values stands once."""
    look = export.looks[name]
    theirs = columns_in(main.spec["columns"]["customer_id"])[0]
    if theirs not in main.export.looks or not look.filled or look.different < look.filled:
        return 0.0
    buyer, known = main.export.text(theirs), export.text(name)
    row = export.con.execute(
        f"SELECT avg(CASE WHEN k IS NULL THEN 0 ELSE 1 END) FROM (SELECT DISTINCT {buyer} AS b FROM {main.export.relation} "
        f"WHERE {buyer} IS NOT NULL) LEFT JOIN (SELECT DISTINCT {known} AS k FROM {export.relation}) ON b = k"
    ).fetchone()
    return float(row[0] or 0.0) if row else 0.0


@told_once
def _last_day(export: Export, spec: dict[str, Any], ours: str) -> date | None:
    theirs = spec["columns"].get(ours)
    if theirs is None or theirs == "ASK":
        return None
    try:
        columns = {"product": theirs}
        plain = {key: value for key, value in spec.items() if key not in ("columns", "refund")}
        relation, found, source = shaped(export, {**plain, "columns": columns})
        name, kind = source.columns["product"], found.types[source.columns["product"]]
        text = f"nullif(trim(CAST({quoted(name)} AS VARCHAR)), '')"
        day = f"CAST({quoted(name)} AS DATE)"
        if not kind.startswith(("DATE", "TIMESTAMP")):
            readings, problems = read_dates(export.con, relation, {"d": text}, ReadOptions(**spec.get("read", {})), "")
            if problems:
                return None
            day = readings["d"].expression(text)
        row: Any = export.con.execute(
            f"SELECT max(d) FROM (SELECT {day} AS d FROM {relation}) WHERE d <= today()"
        ).fetchone()
        return row[0] if row else None
    except (BadInput, duckdb.Error):
        return None
