"""The study file that is written from an export: complete, commented, the same bytes for the same files and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cxvalue.firstmile.asking import Question
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.recognition import Understanding
from cxvalue.firstmile.showing import HOW_SURE
from cxvalue.language.catalogue import spoken, translate

_COMMAND = "`cxvalue new --from`"
"""Stands in the first line of what is written, in every language."""
_ORDER = (
    "layout member table sheet header_row first_row footer copies read same values once_per latest keep_rows "
    "leave_out_rows refund rows_without_customer columns"
).split()
_WIDTH = 46


def study_text(found: Understanding, name: str, paths: Mapping[str, list[str]]) -> str:
    """The text of a study file; `paths` are the files of each table as the study names them.

    What is not answered yet stands there as ASK, with its question beside it.
    """
    questions: dict[tuple[str, str], list[Question]] = {}
    for one in found.questions:
        questions.setdefault((one.table, one.at), []).append(one)
    asked = {at: listed for (table, at), listed in questions.items() if not table}
    last = found.last_day
    check = translate("shows what it understood, and everything that is wrong; writes nothing")
    head = [
        translate("# Written by {command}.", command=_COMMAND),
        f"#   cxvalue check FOLDER       {check}",
        f"#   cxvalue report FOLDER      {translate('makes the report')}",
    ]
    if questions:
        ask = translate("ASK marks a missing answer. Write it there, or run the command again with --answer KEY=VALUE.")
        head.append(f"# {ask}")
    contractual = found.main is not None and found.main.table == "subscriptions"
    lines = [
        *head,
        "",
        _line("name", name, translate("the same as the folder's name")),
        _line("title", translate("What are our customers worth?")),
        *([_line("language", spoken(), translate("of the report"))] if spoken() != "en" else []),
        _line("currency", found.currency or "ASK", _ask(asked.get("currency"), translate("of all amounts"))),
        _line(
            "as_of",
            last.isoformat() if last else "latest_complete_month",
            translate("the last day in the file; latest_complete_month for a report every month") if last else "",
        ),
    ]
    lines += [_line("contract", "contractual", translate("customers under contract"))] if contractual else []
    lines += _margin(found, asked)
    lines += [
        _line(
            "annual_discount_rate",
            "0.10",
            translate("effective annual rate, as your finance department uses it: 0.10 is 10%"),
        ),
        _line("horizon_months", "24", translate("how far ahead value is counted")),
    ]
    if len(found.codes) > 1:
        rates = _flow(found.rates) if "rates" in found.answers else "ASK"
        about = translate("what one of each is worth")
        lines.append(_line("exchange_rates", rates, _ask(asked.get("exchange_rates"), about)))
    for draft in found.drafts:
        guests = found.settled[draft.table][0].get("guest_ids")
        if guests:
            asked_here = questions.get((draft.table, "guest_ids"))
            about = translate("they count in the totals, but not as a customer")
            lines.append(_line("guest_ids", _flow(guests), _ask(asked_here, about)))
    lines += ["", "tables:"]
    if found.main is None:
        ask = translate("no file contains purchases or contracts; without them there is no study")
        lines += ["  transactions:", _line("path", "ASK", ask, 4)]
    for draft in found.drafts:
        said = {at: listed for (table, at), listed in questions.items() if table == draft.table}
        lines += _table(draft, found.settled[draft.table][0], paths[draft.table], said)
    return "\n".join(lines) + "\n"


def _table(draft: Draft, spec: dict[str, Any], names: list[str], said: Mapping[str, list[Question]]) -> list[str]:
    """What the study file says of one table, with what is asked about it at each key."""
    row = translate("a row is {row}", row=translate(draft.row))
    lines = [f"  {draft.table}:".ljust(_WIDTH - 2) + f"# {row}"]
    lines.append(_line("path", _flow(names[0] if len(names) == 1 else names), "", 4))
    # Of purchases it was asked what their other columns mean; other tables are held against them as if written by hand.
    layout = draft.layout or ("own" if draft.table == "transactions" else None)
    whole = {**draft.export.spec, **spec, "layout": layout}
    whole["read"] = {**draft.export.spec.get("read", {}), **spec.get("read", {})}
    for key in _ORDER:
        if whole.get(key) not in (None, {}, [], ""):
            lines += _key(key, whole[key], said, draft.why, draft.record.title if draft.record else "")
    return lines + [f"    # {note}" for note in [*draft.notes, *draft.said]]


def is_ours(text: str) -> bool:
    """Whether `study_text` wrote a study file, whatever the language of its comments.

    >>> is_ours("# Written by `cxvalue new --from`.\\nname: shop"), is_ours("name: shop")
    (True, False)
    """
    first = text.partition("\n")[0]
    return first.startswith("#") and _COMMAND in first


def _margin(found: Understanding, asked: Mapping[str, Any]) -> list[str]:
    if found.margin == "column":
        return []
    if found.margin == "unknown":
        said = translate("not known: amounts are revenue, and the page says so")
        return [_line("gross_margin", "1", said), _line("money", "revenue")]
    about = translate("share of revenue that is left after the goods and all other costs of a sale")
    return [_line("gross_margin", found.margin or "ASK", _ask(asked.get("gross_margin"), about))]


def _ask(questions: Sequence[Question] | None, about: str) -> str:
    """The questions of a place with their answers, else what is known of it."""
    if not questions:
        return about
    said = []
    for question in questions:
        answers = " | ".join(dict.fromkeys(option.answer for option in question.options)) or "…"
        said += [question.ask, f"--answer {question.key}={answers}"]
    return " ".join(said)


def _key(key: str, value: Any, asked: Mapping[str, Any], why: Mapping[str, tuple[str, str]], title: str) -> list[str]:
    if key in ("keep_rows", "leave_out_rows", "columns", "values"):
        lines = [f"    {key}:"]
        for name, one in value.items():
            question = asked.get(f"{key}.{name}")
            sure = why[name][0] if key == "columns" and name in why else "asked"
            about = _ask(question, translate(HOW_SURE[sure]) if sure != "asked" else "")
            lines.append(_line(name, _flow(one), about, 6))
        return lines
    question = asked.get(key) or [one for at, listed in asked.items() if at.startswith(f"{key}.") for one in listed]
    system = title or translate("no system that is known")
    return [_line(key, _flow(value), _ask(question, system if key == "layout" else ""), 4)]


def _line(key: str, value: str, about: str = "", indent: int = 0) -> str:
    text = " " * indent + f"{_flow(key)}: {value}"
    return f"{text.ljust(_WIDTH - 2)}  # {' '.join(about.split())}" if about else text


def _flow(value: Any) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=100_000, sort_keys=False)
    return text.strip().removesuffix("...").strip()
