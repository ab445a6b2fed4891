"""What a column may be by its name, in several languages, and the words of a status that stand for no sale."""

from __future__ import annotations

import re

from cxvalue.study.currencies import CODES, SIGNS

__all__ = ["KEY", "NO_SALE", "RETURNED", "THOUSANDS", "WORDS", "currency_in", "role_of", "said"]

WORDS: dict[str, str] = {
    "customer": r"customer|client|buyer|account|shopper|member|guest|household|cust\b|user|kunde|debitor|acheteur|comprador|"
    r"клиент|покупател|клієнт|покупець|контрагент",
    "email": r"e-?mail|courriel|correo|почт",
    "order": r"order|invoice|\binv\b|receipt|transaction|bestell|auftrag|rechnung|beleg|commande|facture|pedido|factura|"
    r"заказ|чек|счет|счёт|замовлення|рахунок",
    "date": r"date|day|created|ordered|purchased|sold|datum|tag\b|jour|fecha|дата|день|когда",
    "late": r"updat|modif|due|ship|deliver|paid|payment|cancel|clos|birth|expir|refund|return|ends?\b|liefer|zahl|geändert|"
    r"livr|entrega",
    "amount": r"amount|total|revenue|sales|turnover|price|value|sum\b|subtotal|spend|paid|betrag|umsatz|summe|preis|erlös|"
    r"montant|"
    r"prix|importe|venta|precio|ingreso|сумма|выручк|оборот|цена|сума|виручка|ціна|стоимость|cents?\b",
    "net": r"\bnet\b|\bnetto\b|\bnett\b|\bht\b|\bneto\b|hors taxe|sin iva|без ндс|excl|ex tax|without tax|нетто",
    "gross": r"gross|brutto|\bttc\b|bruto|\bmit mwst|incl|inc tax|with tax|брутто|с ндс",
    "tax": r"\btax(es)?\b|\bvat\b|mwst|\bust\b|steuer|\btva\b|\biva\b|impuesto|ндс|пдв|\bgst\b",
    "shipping": r"shipping|freight|postage|versand|porto|livraison|envío|envio|доставк",
    "discount": r"discount|rabatt|remise|descuento|скидк|знижк|coupon|voucher",
    "refund": r"refund|returned|erstatt|rembours|reembolso|возврат|поверненн",
    "other": r"fee|cost|balance|tip\b|points|weight|age\b|rate\b|percent|margin|profit|kosten|себестоим|budget|limit",
    "quantity": r"quantity|qty|units?\b|pieces|menge|anzahl|quantité|cantidad|количеств|кількість|items",
    "piece": r"unit ?price|price per|item ?price|einzelpreis|stückpreis|prix unitaire|precio unitario|line ?item ?price",
    "status": r"status|\bstat\b|state|stage|zustand|statut|estado|статус|состояние|стан\b",
    "type": r"\b(type|kind|art|typ|movement|vorgang|belegart|тип|вид|операция|операції)\b",
    "currency": r"currency|währung|devise|moneda|divisa|валют",
    "product": r"product|sku|item|article|artikel|produit|producto|товар|артикул",
    "start": r"start|begin|from\b|beginn|début|inicio|начал|початок",
    "end": r"\bend|until|expir|cancel|ende|fin\b|конец|окончан|кінець",
    "name": r"name|nom\b|nombre|имя|фио|ім'я",
}
"""What a column may be called, by what it is, in English, German, French, Spanish, Russian and Ukrainian."""

KEY = r"\b(id|ids|no|nr|number|num|code|key|ref|nummer|numéro|número|номер|код)\b|№|#"
"""Words in the name of a column of numbers or codes."""

NO_SALE = re.compile(
    r"cancel|void|fail|pending|declin|refus|draft|expire|withdraw|hold|fee|transfer|conversion|lost|incomplete|unpaid|past.?due|"
    r"not.?paid|sent|negotiat|propos|qualif|appointment|prospect|present|discover|reject|block|dispute|chargeback|reversal|"
    r"deposit|payout|requires|unresolved|checkout-draft|trash|authori|await|no.?sale|false|test|processed|open"
)
"""Values of a status that stand for no sale, whoever writes them."""

RETURNED = re.compile(
    r"\b(refund|return|credit ?note|reversal|chargeback|storno|gutschrift|retoure?|rücksendung|erstattung|avoir|rembours|"
    r"retour|devoluci|reembolso|abono|возврат|повернен)"
)
"""Words of a row, or of a file, with what came back from customers."""

THOUSANDS = re.compile(r"\b(thousands?|thsd|000s|tausend|tsd|teur|tusd|keur|kusd|milliers|тыс|тысяч|тис|千)\b")
"""Words in the name of a column of amounts that are told in thousands."""
_ALSO_WORDS = frozenset("ALL ANG BAM COP CUP GEL LAK MAD MOP PEN RON SOS TOP TRY".split())


def currency_in(name: str) -> str:
    """The currency that a name of a column says, a code or a sign; nothing where it says none, or a word that is a code too.

    >>> currency_in("total (USD)"), currency_in("Betrag in €"), currency_in("Сумма, руб."), currency_in("TRY ALL")
    ('USD', '€', 'РУБ.', '')
    """
    for word in re.findall(r"[^\W\d_]+\.?|[^\w\s]", name):
        if word in CODES and (word not in _ALSO_WORDS or re.search(rf"[(\[]{word}[)\]]", name)):
            return word
        sign = word.upper() if word.upper() in SIGNS else word.upper().rstrip(".")
        if sign in SIGNS:
            return sign
    return ""


def said(name: str) -> str:
    """A name of a column in small letters, its words apart."""
    apart = re.sub(r"(?<=[a-zа-яäöüß])(?=[A-ZА-Я])", " ", name)
    return re.sub(r"[_\W]+", " ", apart).casefold().strip() + (" #" if "#" in name else "")


def role_of(name: str, role: str) -> bool:
    """Whether a column may be what a role says, by its name.

    >>> role_of("Kundennr.", "customer"), role_of("InvoiceDate", "date"), role_of("net_amount", "net")
    (True, True, True)
    """
    return re.search(WORDS[role], said(name)) is not None
