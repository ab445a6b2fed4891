"""The encoding that a text is most likely in: the one that makes words of it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

_SAMPLE = 1 << 20
_COMMON = "оеаинтсрвл"
"""The commonest letters of Russian, six in ten of all; Ukrainian has nearly the same."""
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(path: Path) -> str | None:
    """None where a text is UTF-8 or says its encoding itself, else the likeliest that reads all of it."""
    data = path.read_bytes()
    if data[:2] in _MARKS:
        return None
    if b"\0" in data[:_SAMPLE]:
        even = sum(not byte for byte in data[:_SAMPLE:2])
        return "utf-16-be" if 2 * even > data[:_SAMPLE].count(0) else "utf-16-le"
    if _read(data, "utf-8") is not None:
        return None
    texts = {name: text for name in _CYRILLIC if (text := _read(data, name)) is not None}
    rates = {name: _cyrillic(text) for name, text in texts.items()}
    best = max(rates, key=lambda name: rates[name], default="")
    if best and rates[best] > 0.4:
        return best
    for name, letters in (
        ("euc-kr", r"[가-힣]"),
        ("gb18030", r"[一-鿿　-〿＀-￯]"),
        ("shift_jis", r"[ぁ-ヿ一-鿿　-〿＀-￯]"),
    ):
        text = _read(data, name)
        if text is not None and _share(text, letters) > 0.9 and (name != "gb18030" or _is_plain_chinese(text)):
            return name
    latin = _read(data, "cp1252")
    central = _read(data, "cp1250")
    if central is not None and (latin is None or re.search(r"[a-z][³¹¿œŸ]|[³¹¿][a-z]", latin)):
        return "cp1250"
    return "cp1252" if latin is not None else "latin-1"


def _read(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _share(text: str, letters: str) -> float:
    """The share of a pattern among all signs beyond ASCII; 0 where many of these stand inside words of Latin letters."""
    part = text[:_SAMPLE]
    beyond = re.findall(r"[^\x00-\x7f]+", part)
    inside = len(re.findall(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][a-z]", part))
    signs = len("".join(beyond))
    return len(re.findall(letters, part)) / signs if signs and 5 * inside < len(beyond) else 0.0


def _cyrillic(text: str) -> float:
    """How common the Cyrillic letters of a text are in words; 0 where most signs are none, or small come before large."""
    letters = re.findall(r"[А-Яа-яЁёІіЇїЄєҐґ]", text[:_SAMPLE])
    mixed = len(re.findall(r"[а-яё][А-ЯЁ]", text[:_SAMPLE]))
    if _share(text, r"[А-Яа-яЁёІіЇїЄєҐґ№«»–—\u00a0]") < 0.9 or 10 * mixed > len(letters):
        return 0.0
    return sum(one in _COMMON for one in "".join(letters).casefold()) / max(1, len(letters))


def _is_plain_chinese(text: str) -> bool:
    """Whether the signs are those of everyday Chinese: the encoding itself reads nearly any bytes as some rare ones."""
    beyond = re.findall(r"[^\x00-\x7f]", text[:_SAMPLE])
    return sum(_everyday(one) for one in set(beyond)) > 0.9 * len(set(beyond))


def _everyday(sign: str) -> bool:
    try:
        return bool(sign.encode("gb2312"))
    except UnicodeEncodeError:
        return False
