"""The words that say yes and no in columns of flags, as people and spreadsheets of many languages write them.

No word stands here that says yes in one language and no in another. The single letters are those that mean one thing
wherever they mean anything; ``o`` is none of them, since it is oui beside ``n`` and may be a zero beside ``1``, nor is
``ne``, which is no in Prague and yes in Athens. What a column says by other words, its study file tells (`values`).
"""

from __future__ import annotations

TRUE_WORDS = (
    "true", "t", "yes", "y", "1", "ja", "j", "oui", "sí", "si", "sì", "sim", "s", "tak", "да", "д", "так", "т", "是", "有",
    "wahr", "vrai", "verdadero", "vero", "verdadeiro", "waar", "prawda", "истина", "істина", "правда", "真",
)  # fmt: skip
FALSE_WORDS = (
    "false", "f", "no", "n", "0", "nein", "nee", "non", "nie", "não", "nao", "нет", "н", "ні", "否", "不是", "无", "無",
    "没有", "沒有", "falsch", "faux", "falso", "onwaar", "fałsz", "falsz", "ложь", "хибність", "неправда", "假",
)  # fmt: skip
"""Lower case, for a text in lower case without blanks around it."""
