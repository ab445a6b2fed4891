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
        ("会员编号,下单时间,金额\n" + "".join(f"{n},2025年{n}月,¥{n}.00\n" for n in range(1, 10)), "gb18030"),
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


@pytest.mark.parametrize(
    "text",
    [
        "id;paid\n1;1000,50 €\n",
        "id;paid\n1;1\xa0200,50\n2;1\xa0300,00\xa0€\n",
        "id,paid\n1,£10.50\n",
        "id;size\n1;20°\n2;§\xa07\n3;5 m³\n4;‘a’ – “b”\n",
        "id;Größe\n" + "1;1\xa0200\xa0€\n2;€\xa05\n3;§\xa012\n" * 40,
        "produit;cœur;très\n",
        "id;Größe\n1;5 m³\n",
        "id;comentario\n1;¿qué\n2;bien¿no?, año\n",
        "navn;pris\nKøbt;på;più\n",
        "lunedì;più;è\n",
        "informações;São João\n",
        "août;où;œuvre\n",
        "Straße;ÄÖÜ;É;©;½\n",
    ],
)
def test_western_signs_and_accents_are_no_words_of_another_script(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode("cp1252"))
    assert encoding_of(tmp_path / "x.csv") == "cp1252"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Чай;5 руб\nМыло;7 руб\n", "cp1251"),
        ("Мыло;Соль\n", "cp1251"),
        ("id;status\n1;оплачен\n2;отменен\n", "cp866"),
        ("id;status\n1;оплачен\n2;отменен\n", "koi8-r"),
        ("id,status\n1,完了\n2,取消\n", "shift_jis"),
        ("氏名,金額\nﾔﾏﾀﾞ ﾀﾛｳ,5\n", "shift_jis"),
        ("姓名,金额\n", "gb18030"),
    ],
)
def test_a_few_words_of_another_script_are_enough(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    assert encoding_of(tmp_path / "x.csv") == encoding


@pytest.mark.parametrize(
    "text",
    [
        "id;cena\n1;5 zł\n",
        "książka;żel\n",
        "każdy\n",
        "pięść\n",
        "Příjmení;Jméno;město;účtů\n",
        "Vevő;Összeg;fűtő\n",
        "plný;síť\n",
    ],
)
def test_letters_of_central_europe_are_seen_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode("cp1250"))
    assert encoding_of(tmp_path / "x.csv") == "cp1250"


@pytest.mark.parametrize(
    "data", [b"id;note\n1;a\0b\n", b"id;note\n" + b"1;\0\n" * 50, "é\0;1\n".encode(), b"a\0\0b" * 9]
)
def test_zeros_alone_do_not_make_two_bytes_of_every_sign(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    assert encoding_of(tmp_path / "x.csv") is None
