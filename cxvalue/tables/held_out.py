"""Arms that were held out, by their names: as lists of contacts and roll-outs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

HELD_OUT_WORDS = frozenset({
    "control", "controls", "control group", "control arm", "ctrl", "holdout", "holdouts", "holdout group", "hold out",
    "heldout", "held out", "no contact", "not contacted", "no treatment", "untreated", "not treated", "none", "placebo",
    "bau", "as before",
    "контроль", "контрольная", "контрольная группа", "группа контроля", "без программы", "без изменений", "плацебо",
    "контрольна", "контрольна група", "група контролю", "без програми", "без змін",
    "对照", "对照组", "控制组", "对照組", "控制組", "未处理", "空白组",
})  # fmt: skip


def in_held_out_arm(arm: ir.StringColumn) -> Any:
    """Whether rows are in an arm called what held-out arms are called, however it is written; not so without an arm."""
    written: Any = arm
    written = written.strip().lower().replace("_", " ").replace("-", " ")
    return written.isin(sorted(HELD_OUT_WORDS)).fill_null(False)
