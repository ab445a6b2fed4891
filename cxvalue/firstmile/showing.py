"""What was recognised, as lines for a terminal and as a table for a notebook: samples of values are shown here only."""

from __future__ import annotations

from html import escape

from cxvalue.firstmile.drafts import Draft, columns_in
from cxvalue.firstmile.recognition import Understanding
from cxvalue.firstmile.trying import kept_values, total
from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translatable, translate, translate_count, written
from cxvalue.language.letters import padded
from cxvalue.language.words import enumerated, spoken_words

_LONGEST = 34
_NAME = 14
HOW_SURE = {"sure": translatable("sure"), "likely": translatable("likely"), "asked": translatable("as answered")}
"""How sure a column is, in words."""


def lines_of(found: Understanding) -> list[str]:
    """Each table with its columns, how sure each is and some values, and then the open questions."""
    lines: list[str] = []
    for draft in found.drafts:
        spec, tried, _ = found.settled[draft.table]
        system = _system(draft) + (f" ({draft.record.layout})" if draft.record else "")
        head = translate_count(
            "{file}, {count:,} row: {system}",
            "{file}, {count:,} rows: {system}",
            draft.export.rows,
            file=draft.export.label,
            system=system,
        )
        lines.append(head)
        if "header_row" in draft.export.spec:
            lines.append("  " + translate("header in row {row}", row=draft.export.spec["header_row"]))
        lines += [f"  {note}" for note in draft.export.notes]
        lines.append(f"  {padded(translate('a row is'), _NAME)} {translate(draft.row)}")
        lines += [
            f"  {ours:<{_NAME}} {padded(theirs, 26)} {padded(value, _LONGEST)} {word}{f': {why}' if why else ''}"
            for ours, theirs, value, word, why in _columns(draft, spec, found)
        ]
        for key in ("keep_rows", "leave_out_rows"):
            for name in spec.get(key, {}):
                lines.append(f"  {key:<{_NAME}} {name}: {_counted(draft, spec, key, name)}")
        money = total(draft.export, tried) if draft.table == "transactions" and len(draft.codes) < 2 else None
        if money is not None:
            amount = spoken_words()["money"].format(currency=found.currency, amount=written(money, ",.2f"))
            lines.append(f"  {padded(translate('net revenue'), _NAME)} {amount}".rstrip())
        lines += [f"  {said}" for said in [*draft.said, *draft.notes]]
    lines += [translate("not used: {what}", what=what) for what in found.left]
    needless = [f"--answer {key}={found.answers[key]}" for key in found.needless]
    lines += [translate("not asked here, so not used: {answer}", answer=answer) for answer in needless]
    questions = found.questions
    if questions:
        head = translate_count(
            "{count} question, the costliest first:", "{count} questions, the costliest first:", len(questions)
        )
        lines += ["", head]
        for number, question in enumerate(questions, start=1):
            first, *rest = question.lines(found.currency)
            lines += [f"{number}. {first}", *(f"   {line}" for line in rest)]
    return lines


def _system(draft: Draft) -> str:
    return draft.record.title if draft.record else translate("no system that is known")


def _columns(draft: Draft, spec: dict[str, object], found: Understanding) -> list[tuple[str, str, str, str, str]]:
    columns = spec["columns"]
    assert isinstance(columns, dict)
    asked = {question.at.removeprefix("columns.") for question in found.questions if question.table == draft.table}
    rows = []
    for ours, theirs in columns.items():
        names = [name for name in columns_in(str(theirs)) if name in draft.export.looks]
        shown = enumerated(draft.export.looks[names[0]].samples) if names else ""
        word, why = draft.why.get(ours, ("sure", translate("as answered")))
        word = translate("ASKED") if ours in asked else translate(HOW_SURE[word])
        rows.append((ours, str(theirs), shown[: _LONGEST - 2] + ("…" if len(shown) > _LONGEST - 2 else ""), word, why))
    return rows


def _counted(draft: Draft, spec: dict[str, object], key: str, name: str) -> str:
    rules = spec[key]
    assert isinstance(rules, dict)
    if rules[name] == "ASK":
        return translate("ASKED")
    plain = {
        one: value for one, value in spec.items() if one not in ("keep_rows", "leave_out_rows", "columns", "refund")
    }
    try:
        values = kept_values(draft.export, {one: value for one, value in plain.items() if value != "ASK"}, f"[{name}]")
    except BadInput:
        return enumerated(rules[name])
    words = {str(word).lower() for word in rules[name]}
    inside: list[str] = []
    outside: list[str] = []
    for value, count in values:
        told = f"{value or translate('empty')} {written(count, ',')}"
        (inside if value.lower() in words else outside).append(told)
    kept, left = (inside, outside) if key == "keep_rows" else (outside, inside)
    if not left:
        return enumerated(kept[:8])
    return translate("{kept}; left out: {left}", kept=enumerated(kept[:8]), left=enumerated(left[:8]))


def html_of(found: Understanding) -> str:
    """The same as a table for a notebook."""
    parts = []
    for draft in found.drafts:
        spec, _, _ = found.settled[draft.table]
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (ours, theirs, value, word, why)) + "</tr>"
            for ours, theirs, value, word, why in _columns(draft, spec, found)
        )
        named = translate("ours"), translate("yours"), translate("values"), translate("how sure"), translate("why")
        heads = "".join(f"<th>{escape(word)}</th>" for word in named)
        about = translate(
            "{file}: {system}; a row is {row}", file=draft.export.label, system=_system(draft), row=translate(draft.row)
        )
        caption = f"<caption>{escape(about)}</caption>"
        parts.append(f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    if found.questions:
        asked = "".join(
            f"<li>{escape(question.ask)}<br><code>.answer({question.key}=…)</code></li>" for question in found.questions
        )
        parts.append(f"<p>{escape(translate('Open questions:'))}</p><ol>{asked}</ol>")
    return "".join(parts)
