"""A text is read in the encoding that makes words of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.encodings import encoding_of

RUSSIAN = "Клиент;Номер заказа;Дата;Сумма\nФирма 1;7;01.02.2025;15,50\n"
GERMAN = "Kundennr;Währung;Straße\n1;€;Größe\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN.upper(), "koi8-r"),
        (GERMAN, "cp1252"),
        ("Número de orden;Costo de envío\n1;2\n", "cp1252"),
        ("Numer klienta;Wartość\n1;5 zł\n", "cp1250"),
        ("订单编号,买家会员名,订单状态\n1,a,交易成功\n", "gb18030"),
        ("受注番号,注文日,注文者ID\n1,2025/01/02,山田\n", "shift_jis"),
        ("고객번호,주문번호,결제금액\n1,2,3\n", "euc-kr"),
        ("customer;order\n1;2\n", "utf-16-le"),
        ("customer;order\n1;2\n", "utf-16-be"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    assert encoding_of(tmp_path / "x.csv") == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_a_text_that_says_its_encoding_needs_none(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x.csv").write_bytes("customer;order\n1;2\n".encode(encoding))
    assert encoding_of(tmp_path / "x.csv") is None


def test_bytes_of_no_encoding_are_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a;b\x81\x8d \n1;2\n")
    assert encoding_of(tmp_path / "x.csv") is not None
