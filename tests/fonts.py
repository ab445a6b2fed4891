"""The letters of Chinese papers and figures: a subset of Noto Sans CJK, small enough to lie in the package.

python -m tests.fonts FOLDER     FOLDER holds NotoSansCJK-Regular.ttc and -Bold.ttc, of the Debian package fonts-noto-cjk

It holds the characters of GB 2312 (both levels, with its signs), those of Latin letters with marks, and whatever the
Chinese catalogues use beyond them. Hints and the forms of vertical text are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cxvalue.language.catalogue import CATALOGUES
from cxvalue.language.letters import FONTS

FACE = 2
"""Simplified Chinese, among the faces of the collection."""


def characters() -> set[str]:
    """The characters that the subset holds."""
    found = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2040))}
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                found.add(bytes((first, second)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return found | characters_of_the_catalogues()


def characters_of_the_catalogues() -> set[str]:
    """Those that the Chinese catalogues use."""
    texts = (path.read_text(encoding="utf-8") for path in (CATALOGUES / "zh").glob("*.po"))
    return set().union(*texts) - {"\n"}


def write_subset(source: Path, target: Path) -> None:
    """Write the subset of a collection; the same source and catalogues give the same bytes."""
    from fontTools import subset

    options = subset.Options()
    options.font_number, options.hinting, options.recalc_timestamp = FACE, False, False
    options.layout_features, options.name_IDs = ["kern"], [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    font = subset.load_font(str(source), options, dontLoadGlyphNames=True)
    chosen = subset.Subsetter(options)
    chosen.populate(text="".join(sorted(characters())))
    chosen.subset(font)
    subset.save_font(font, str(target), options)


if __name__ == "__main__":
    for weight in ("Regular", "Bold"):
        write_subset(Path(sys.argv[1]) / f"NotoSansCJK-{weight}.ttc", FONTS / f"NotoSansSC-{weight}.otf")
