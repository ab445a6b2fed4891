"""What a column may be by its name."""

from __future__ import annotations

import pytest

from cxvalue.tables.read.roles import NO_SALE, role_of, said


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Kunden-Nr.", "customer"),
        ("clientId", "customer"),
        ("номер клиента", "customer"),
        ("fecha de compra", "date"),
        ("montant HT", "net"),
        ("Betrag brutto", "gross"),
        ("сумма", "amount"),
        ("n° de commande", "order"),
        ("État / statut", "status"),
    ],
)
def test_names_in_several_languages(name: str, role: str) -> None:
    assert role_of(name, role)


def test_words_of_a_name_stand_apart() -> None:
    assert said("InvoiceDate") == "invoice date"
    assert said("Order #") == "order #"


def test_a_status_that_stands_for_no_sale() -> None:
    assert all(NO_SALE.search(word) for word in ("cancelled", "payment failed", "awaiting payment", "closed lost"))
    assert not any(NO_SALE.search(word) for word in ("paid", "completed", "shipped", "closed won"))
