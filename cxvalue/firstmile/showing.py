"""What was recognised, as lines for a terminal and as a table for a notebook: samples of values are shown here only."""

from __future__ import annotations

from html import escape

from cxvalue.firstmile.drafts import Draft, columns_in
from cxvalue.firstmile.recognition import Understanding
from cxvalue.firstmile.trying import kept_values, total
from cxvalue.foundation.errors import BadInput

__all__ = ["html_of", "lines_of"]

_LONGEST = 34


def lines_of(found: Understanding) -> list[str]:
    """Each table with its columns, how sure each is and some values, and then the open questions."""
    lines: list[str] = []
    for draft in found.drafts:
        spec, tried, _ = found.settled[draft.table]
        title = f"{draft.record.title} ({draft.record.layout})" if draft.record else "no system that is known"
        lines.append(f"{draft.export.label}, {draft.export.rows:,} rows: {title}")
        if "header_row" in draft.export.spec:
            lines.append(f"  header in row {draft.export.spec['header_row']}")
        lines += [f"  {note}" for note in draft.export.notes]
        lines.append(f"  {'a row is':<14} {draft.row}")
        lines += [
            f"  {ours:<14} {theirs:<26} {value:<{_LONGEST}} {word}{f': {why}' if why else ''}"
            for ours, theirs, value, word, why in _columns(draft, spec, found)
        ]
        for key in ("keep_rows", "leave_out_rows"):
            for name in spec.get(key, {}):
                lines.append(f"  {key:<14} {name}: {_counted(draft, spec, key, name)}")
        money = total(draft.export, tried) if draft.table == "transactions" and len(draft.codes) < 2 else None
        if money is not None:
            lines.append(f"  {'net revenue':<14} {found.currency} {money:,.2f}")
        lines += [f"  {said}" for said in [*draft.said, *draft.notes]]
    lines += [f"not used: {what}" for what in found.left]
    lines += [f"not asked here, so not used: --answer {key}={found.answers[key]}" for key in found.needless]
    questions = found.questions
    if questions:
        count = len(questions)
        lines += ["", f"{count} question{'s' if count != 1 else ''}, the costliest first:"]
        for number, question in enumerate(questions, start=1):
            first, *rest = question.lines(found.currency)
            lines += [f"{number}. {first}", *(f"   {line}" for line in rest)]
    return lines


def _columns(draft: Draft, spec: dict[str, object], found: Understanding) -> list[tuple[str, str, str, str, str]]:
    columns = spec["columns"]
    assert isinstance(columns, dict)
    asked = {question.at.removeprefix("columns.") for question in found.questions if question.table == draft.table}
    rows = []
    for ours, theirs in columns.items():
        names = [name for name in columns_in(str(theirs)) if name in draft.export.looks]
        shown = ", ".join(draft.export.looks[names[0]].samples) if names else ""
        word, why = draft.why.get(ours, ("sure", "as answered"))
        word = "ASKED" if ours in asked else "as answered" if word == "asked" else word
        rows.append((ours, str(theirs), shown[: _LONGEST - 2] + ("…" if len(shown) > _LONGEST - 2 else ""), word, why))
    return rows


def _counted(draft: Draft, spec: dict[str, object], key: str, name: str) -> str:
    rules = spec[key]
    assert isinstance(rules, dict)
    if rules[name] == "ASK":
        return "ASKED"
    plain = {
        one: value for one, value in spec.items() if one not in ("keep_rows", "leave_out_rows", "columns", "refund")
    }
    try:
        values = kept_values(draft.export, {one: value for one, value in plain.items() if value != "ASK"}, f"[{name}]")
    except BadInput:
        return ", ".join(rules[name])
    words = {str(word).lower() for word in rules[name]}
    inside = [f"{value or 'empty'} {rows:,}" for value, rows in values if (value.lower() in words)]
    outside = [f"{value or 'empty'} {rows:,}" for value, rows in values if (value.lower() not in words)]
    kept, left = (inside, outside) if key == "keep_rows" else (outside, inside)
    return f"{', '.join(kept[:8])}" + (f"; left out: {', '.join(left[:8])}" if left else "")


def html_of(found: Understanding) -> str:
    """The same as a table for a notebook."""
    parts = []
    for draft in found.drafts:
        spec, _, _ = found.settled[draft.table]
        title = draft.record.title if draft.record else "no system that is known"
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (ours, theirs, value, word, why)) + "</tr>"
            for ours, theirs, value, word, why in _columns(draft, spec, found)
        )
        heads = "".join(f"<th>{word}</th>" for word in ("ours", "yours", "values", "how sure", "why"))
        about = f"{escape(draft.export.label)}: {escape(title)}; a row is {escape(draft.row)}"
        parts.append(f"<table><caption>{about}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    if found.questions:
        asked = "".join(
            f"<li>{escape(question.ask)}<br><code>.answer({question.key}=…)</code></li>" for question in found.questions
        )
        parts.append(f"<p>Open questions:</p><ol>{asked}</ol>")
    return "".join(parts)
