"""The encoding that a text is most likely in: the one that makes words of it, and the Western one where none does."""

from __future__ import annotations

import codecs
import re
from itertools import pairwise
from pathlib import Path

_SAMPLE = 1 << 20
_COMMON = "оеаинтсрвл"
"""The commonest letters of Russian, six in ten of all; Ukrainian has nearly the same."""
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_RUSSIAN = r"[А-Яа-яЁёІіЇїЄєҐґ]"
_FEWEST = 10
"""The letters of another script that its different words must hold: fewer come about by chance."""
_ASIAN = (  # the letters that make words, what may stand beside them, and the fewest letters: kanji are many
    ("euc-kr", r"[가-힣]", "", _FEWEST),
    ("gb18030", r"[一-鿿]", "|[　-〿＀-￯¥]", 4),
    ("shift_jis", r"[ぁ-ヿ一-鿿々]", "|[　-〿＀-￯¥]", 4),
)
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SIGNS = bytes((0x80, 0xA0, 0xA3, 0xA7, 0xB0, 0xB2, 0xB3, *range(0x91, 0x98)))
"""Western signs that stand beside numbers and words: € £ § ° ² ³, the space that does not break, quotes and dashes."""
_SMALL = "[a-zà-ÿ]"


def encoding_of(path: Path) -> str | None:
    """None where a text is UTF-8 or says its encoding itself, else the likeliest that reads all of it."""
    data = path.read_bytes()
    if data[:2] in _MARKS:
        return None
    if wide := _wide(data[:_SAMPLE]):
        return wide
    if _read(data, "utf-8") is not None:
        return None
    if not data.translate(None, _SIGNS).isascii() and (script := _of_words(data)):
        return script
    latin, central = _read(data, "cp1252"), _read(data, "cp1250")
    if central is not None and (re.search(r"[^\W\d_][ŤťŹ]", central) if latin is None else _is_central(latin)):
        return "cp1250"
    return "cp1252" if latin is not None else "latin-1"


def _read(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _of_words(data: bytes) -> str | None:
    """The encoding in which a text has words of another script than the Latin one."""
    texts = {name: text for name in _CYRILLIC if (text := _read(data, name)) is not None}
    rates = {name: _cyrillic(text) for name, text in texts.items()}
    seen = {name: rate for name, rate in rates.items() if _letters(texts[name], _RUSSIAN, name) >= _FEWEST}
    best = max(seen, key=lambda name: seen[name], default="")
    if best and seen[best] > 0.4:
        return best
    if rates.get("cp1251") and _in_runs(data):
        return "cp1251"
    for name, letters, beside, fewest in _ASIAN:
        text = _read(data, name)
        if text is None or _letters(text, letters, name) < fewest or _share(text, letters + beside) <= 0.9:
            continue
        if name != "gb18030" or _is_plain_chinese(text):
            return name
    return None


def _wide(part: bytes) -> str | None:
    """UTF-16 without a mark: much of it is zeros, nearly all of them the one or the other byte of their signs."""
    zeros, even = part.count(0), part[::2].count(0)
    if zeros < 0.3 * len(part) or 0.05 * zeros < even < 0.95 * zeros or not zeros:
        return None
    return "utf-16-be" if 2 * even > zeros else "utf-16-le"


def _in_runs(data: bytes) -> bool:
    """Whether bytes beyond ASCII stand side by side, as in words of another script; accents and signs stand alone."""
    part = data[:_SAMPLE]
    return 2 * sum(one > 127 and other > 127 for one, other in pairwise(part)) > sum(byte > 127 for byte in part)


def _letters(text: str, letter: str, encoding: str) -> int:
    """The letters of the different words of a script, none of them a mere row of Western signs."""
    words = set(re.findall(rf"(?<![A-Za-z]){letter}{{2,}}(?![A-Za-z])", text[:_SAMPLE]))
    return sum(len(word) for word in words if word.encode(encoding).strip(_SIGNS))


def _share(text: str, letters: str) -> float:
    """The share of a pattern among all signs beyond ASCII; 0 where many of these stand inside words of Latin letters."""
    part = text[:_SAMPLE]
    beyond = re.findall(r"[^\x00-\x7f]+", part)
    inside = len(re.findall(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][a-z]", part))
    signs = len("".join(beyond))
    return len(re.findall(letters, part)) / signs if signs and 5 * inside < len(beyond) else 0.0


def _cyrillic(text: str) -> float:
    """How common the Cyrillic letters of a text are in words; 0 where most signs are none, or small come before large."""
    letters = re.findall(_RUSSIAN, text[:_SAMPLE])
    mixed = len(re.findall(r"[а-яё][А-ЯЁ]", text[:_SAMPLE]))
    if _share(text, rf"{_RUSSIAN}|[№«»–—\u00a0]") < 0.9 or 10 * mixed > len(letters):
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


def _is_central(latin: str) -> bool:
    """Whether Western signs stand where only letters of Central Europe can: cp1250 has them at the same bytes."""
    part = latin[:_SAMPLE]
    if re.search(rf"{_SMALL}¿?[³¹]¿?{_SMALL}|œæ|ŒÆ|\bz³\b", part):  # ł and ą inside a word, ść, zł
        return True
    if re.search(rf"{_SMALL}¿{_SMALL}", part) and not re.search("[¡áéíúñ]", part):  # ż, and nothing Spanish
        return True
    kinds = set(re.findall(r"[A-Za-zà-ÿ]([øìùšžõû])", part))
    czech = "ø" in kinds and kinds & {*"ìù"} and len(kinds & {*"øìùšž"}) > 2 and not re.search("[åæ]", part)  # ř, ě, ů
    hungarian = {"õ", "û"} <= kinds and not re.search("[ãçê]", part)  # ő and ű, and nothing Portuguese
    return bool(czech or hungarian)
