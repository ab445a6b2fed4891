"""What a column may be by its name."""

from __future__ import annotations

import pytest

from cxvalue.tables.read.roles import NO_SALE, is_paid, role_of, said


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


@pytest.mark.parametrize(
    "name",
    "Paid,Is paid?,Paid (Y/N),invoice_paid,Posted,Document posted,Order booked,Bezahlt,Rechnung bezahlt,"
    "Beleg gebucht,Facture payée,"
    "Pagado,Проведен,Документ проведён,Заказ оплачен,Замовлення сплачено,是否付款,订单是否已支付".split(","),
)
def test_a_name_that_says_that_a_sale_is_paid_or_in_the_books(name: str) -> None:
    assert is_paid(name)


@pytest.mark.parametrize(
    "name",
    "Fulfilled,Approved,Valid,Order confirmed,Payment successful,transaction settled,"
    "Bestellung bestätigt,Заказ подтвержден".split(","),
)
def test_a_name_that_says_what_else_became_of_a_sale(name: str) -> None:
    assert role_of(name, "done")
    assert not is_paid(name)


@pytest.mark.parametrize(
    "name",
    "Email confirmed,VAT number valid,Address valid,Phone valid,Review posted,Survey completed,"
    "Profile completed,KYC completed,"
    "Refund completed,Duty paid,Tax paid,Sales tax paid,Commission paid,Shipping paid,"
    "Newsletter confirmed,Opt-in confirmed,"
    "Marketing approved,Return approved,Coupon valid,Account confirmed,Document approved,"
    "Order email confirmed,not paid,Paid amount,"
    "Email подтвержден,Доставка оплачена,Konto bezahlt,Rechnungsadresse bestätigt,运费已付款".split(","),
)
def test_what_was_done_with_something_else_says_nothing_of_the_sale(name: str) -> None:
    assert not role_of(name, "done")


def test_an_experiment_marks_no_orders_for_a_test() -> None:
    assert all(role_of(name, "test") for name in ("Test", "Is test", "test_order", "Test mode", "тестовый заказ"))
    names = ("ABTest", "AB Test", "ab_test", "A/B test", "Split test", "Pricing test", "Holdout test")
    assert not any(role_of(name, "test") for name in names)
