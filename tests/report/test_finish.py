"""What a page gets last: amounts stay whole, and Chinese letters come with it."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from cxvalue.report.finish import embed_letters, keep_amounts_whole


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("in 2025 EUR 1,234.50, then", "EUR 1,234.50"),
        ("worth USD −1.24 M a year", "USD −1.24 M"),
        ("and as likely 1.26 M", "1.26 M"),
        ("принесут 1,91 млн EUR маржи", "1,91 млн EUR"),
        ("принесли 167\u00a0000 EUR маржі", "167\u00a0000 EUR"),
        ("带来EUR 16.7万的毛利", "EUR 16.7万"),
        ("от 917\u00a0000 до 1,58 млн EUR.", "1,58 млн EUR"),
    ],
)
def test_an_amount_stands_on_one_line(text: str, whole: str) -> None:
    page = f"<p>{text}</p>"
    assert re.findall('<span class="amount">(.*?)</span>', keep_amounts_whole(page)) == [whole]
    assert re.sub("<[^>]*>", "", keep_amounts_whole(page)) == text


def test_attributes_titles_and_styles_stay() -> None:
    page = "<title>EUR 5 b</title><style>p{a:EUR 5}</style>"
    page += '<img alt="EUR 5 > EUR 4"><p title="EUR 5">no 5 money, 06:05 UTC</p>'
    assert keep_amounts_whole(page) == page


def test_a_chinese_page_brings_its_letters_and_no_others() -> None:
    page = '<html><head><style>中</style></head><body><img src="data:国"><p>客户&#20215;值 abc −5 “</p></body></html>'
    done = embed_letters(page)
    assert re.sub("<style>@font-face.*?</style>\n", "", done) == page
    fonts = re.findall("base64,([A-Za-z0-9+/=]+)", done)
    assert len(fonts) == 2
    for font in fonts:
        known = TTFont(BytesIO(base64.b64decode(font)))
        assert {chr(letter) for letter in known.getBestCmap()} == set("客户价值“")
        assert "SIL Open Font License" in str(known["name"].getDebugName(13))
    assert embed_letters(page) == done
