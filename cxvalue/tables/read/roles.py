"""What a column may be by its name, in several languages, and the words of a status that stand for no sale."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from cxvalue.study.currencies import CODES, SIGNS
from cxvalue.tables.read.yes_no import FALSE_WORDS, TRUE_WORDS

_NO_MARK = (
    r"^(?!.*(polic|\bfree|cancell?able|reason code|\bfees?\b|group|variant|\bresult|score|\b(ab|[ab] b)\b|terms|"
    r"kostenlos|gebühr|bedingung|stornierbar|gruppe|бесплатн|безкоштовн|услови|умови|правил|групп|груп|результат|免费|"
    r"政策|组|グループ))"
)
"""Before the words of a column that marks rows: names of terms and of experiments, which hold such words too."""

_PAID = (
    r"(paid|posted|booked|gebucht|bezahlt|payée?|pagad[oa]|pagat[oa]|contabilizad[oa]|betaald|zapłacon[aey]|"
    r"opłacon[aey]|провед[её]н(ный|о|а)?|оплачен(ный|о|а)?|сплачен(ий|о|а)?)"
)
_ENDED = (
    r"(completed?|confirmed|approved|settled|successful|success|valid|captured|fulfilled|finali[sz]ed|abgeschlossen|"
    r"bestätigt|confirmée?|confirmad[oa]|подтвержд[её]н(ный|о|а)?|підтверджен(ий|о|а)?)"
)
_SALE = (
    r"(orders?|invoices?|payments?|transactions?|sales?|purchases?|bestellung(en)?|auftrag|rechnung(en)?|zahlung(en)?|"
    r"transaktion(en)?|verkauf|kauf|commandes?|factures?|paiements?|ventes?|achats?|pedidos?|facturas?|pagos?|ventas?|"
    r"compras?|transacci[oó]n|ordine|fattura|pagamento|vendita|acquisto|encomenda|fatura|venda|bestelling|factuur|"
    r"betaling|zamówienie|faktura|płatność|sprzedaż|transakcja|заказ|сч[её]т|чек|плат[её]ж|оплата|продажа|покупка|"
    r"транзакция|операция|замовлення|рахунок|платіж|продаж|транзакція|операція)"
)
_ENTRY = r"(documents?|entry|entries|journal|voucher|lines?|beleg|buchung|документ|запись|реализация|накладная|запис)"
_SMALL = (
    r"(is|was|are|has|have|been|fully|already|the|in full|ist|sind|wurde|bereits|vollständig|est|sont|a|été|es|está|foi|"
    r"è|stato|stata|zijn|czy|jest|flag|indicator|y n|yn|yes no|j n|ja nein|oui non|s n|sí no|да нет|так ні|был[ао]?|"
    r"полностью|уже|чи|було|повністю)"
)
_DONE = (
    rf"^(({_SMALL}|{_SALE}) )*({_PAID}|{_ENDED})( {_SMALL})*$|^(({_SMALL}|{_ENTRY}|{_SALE}) )*{_PAID}( {_SMALL})*$|"
    r"^(订单|交易|款项|发票|付款|支付)?(是否已?|已)(付款|支付|完成)(成功)?$"
)
"""A column of yes and no about the sale itself: its word alone, or beside words for a sale; never what else was done."""

WORDS: dict[str, str] = {
    "customer": r"customer|client|buyer|account|shopper|member|guest|household|cust(no)?\b|user|kunde|debitor|kunnr|"
    r"auftraggeb|acheteur|comprador|clien[tz]|klient|klant|müşteri|клиент|покупател|клієнт|покупець|контрагент|客户|顾客|"
    r"买家|会员|顧客|会員|注文者|購入者|고객|회원",
    "email": r"email|\be[- ]mail|courriel|correo|почт",
    "order": r"order|invoice|\binv\b|receipt|transaction|bestell|auftrag(?!geb)|rechnung|beleg|vbeln|faktura(?!dat)|"
    r"commande|facture|pedido|factura|ordine|fattura|zamówien|faktur[ay]\b|sipariş|"
    r"заказ|чек|счет|счёт|замовлення|рахунок|订单|单据编号|单号|受注|注文(?!者|日)|주문(?!일)",
    "date": r"date|day|created|ordered|purchased|sold|opened|placed|period|datum|fakturadat|fkdat|tag\b|jour|fecha|"
    r"data\b|tarih|дата|день|когда|период|період|日期|时间|日時|注文日|受注日|購入日|일자|일시|날짜",
    "late": r"updat|modif|due|ship|deliver|paid|payment|cancel|clos|birth|expir|refund|return|ends?\b|liefer|zahl|geändert|"
    r"livr|entrega",
    "amount": r"amount|total|revenue|sales|turnover|price|value|sum\b|subtotal|spend|paid|betrag|umsatz|summe|preis|erlös|"
    r"montant|"
    r"prix|importe|venta|precio|ingreso|importo|imponibile|totale|valor\b|wert\b|netwr|bedrag|kwota|wartość|cena|tutar|"
    r"сумма|выручк|оборот|цена|сума|виручка|ціна|стоимость|cents?\b|金额|销售额|合计|货款|売上|金額|合計|금액|매출",
    "net": r"\bnet\b|\bnetto|\bnett\b|\bht\b|\bneto\b|netwr|hors taxe|sin iva|без ндс|excl|ex tax|without tax|untaxed|"
    r"нетто|imponibile|líquido|不含税|税抜",
    "gross": r"gross|brutto|\bttc\b|bruto|\bmit mwst|incl|inc tax|with tax|брутто|с ндс|含税|税込",
    "tax": r"\btax(es)?\b|\bvat\b|mwst|mwsbk|\bust\b|steuer|\btva\b|\biva\b|impuesto|\bbtw\b|"
    r"imposto|\bkdv\b|ндс|пдв|\bgst\b|税额|消費税|부가세",
    "shipping": r"shipping|freight|postage|versand|porto\b|livraison|envío|envio|spedizione|verzend|"
    r"доставк|运费|送料|배송비",
    "discount": r"discount|rabatt|remise|descuento|скидк|знижк|coupon|voucher",
    "refund": r"refund|returned|erstatt|rembours|reembolso|rimbors|\bzwrot|\biade\b|возврат|поверненн|退款|返金|환불",
    "other": r"fee|cost|balance|tip\b|points|weight|age\b|rate\b|percent|margin|profit|kosten|себестоим|budget|limit",
    "margin": r"^((gross|net|contribution|order|line|total) ?)?(margin|profit)( (amount|value|total|[a-z]{3}))?$|"
    r"^(deckungsbeitrag|rohertrag|rohgewinn|marge( brute)?|bénéfice|margen( bruto)?|beneficio|margine|utile|"
    r"(валовая )?прибыль|(валовий )?прибуток|маржа|毛利润?|利润|粗利)( [a-z]{3})?$",
    "quantity": r"quantity|qty|units?\b|pieces|menge|anzahl|quantité|cantidad|количеств|кількість|items|数量|수량",
    "piece": r"unit ?price|price per|item ?price|einzelpreis|stückpreis|prix unitaire|precio unitario|"
    r"line ?item ?price|单价|単価|단가",
    "status": r"status|\bstat\b|state|stage|zustand|statut|estado|stato\b|статус|состояние|стан\b|状态|状況|상태",
    "void": rf"{_NO_MARK}.*(cancel|\bvoid|storn|annul|delet|отмен|скасов|удал|取消|作废|キャンセル)",
    "test": rf"{_NO_MARK}(?!.*(split|experiment|multivari|hold ?out|pric(e|ing)\b|эксперимент|експеримент|实验|実験))"
    r".*(\btest( ?orders?)?$|is test|\btest ?mode|\btest ?order|\bтест|测试|テスト)",
    "done": _DONE,
    "type": r"\b(type|kind|art|typ|movement|vorgang|belegart|s h|soll haben|debit credit|dr cr|d c|debe haber|débit crédit|"
    r"дебет кредит|тип|вид|операция|операції)\b|"
    r"类型|借贷|種別",
    "currency": r"currency|\b(cur|curr|ccy)\b|währ(un)?g|waer[ks]|\bwkz\b|"
    r"devise|moneda|divisa|valuta|moeda|валют|币种|币别|通貨",
    "product": r"product|sku|item|article|artikel|produit|producto|description|position\b|bezeichnung|leistung\b|libellé|"
    r"designation|désignation|concepto|descripción|descrizione|omschrijving|line ?type|товар|артикул|номенклатур|"
    r"наименовани|найменуванн|услуг|商品|宝贝|品名|项目",
    "version": r"\b(updat|modif|revis|chang|edit)\w*( ?(at|on|date|time|datetime|timestamp|no|number))?$|"
    r"^(last|date) ?(updat|modif|chang|edit)\w*|\b(row )?version( ?(no|nr|number))?$|geändert|änderung|^aktualisier|modifié|"
    r"mise à jour|modificad|actualizad|modificat|изменен|изменён|обновлен|обновлён|версия|змінено|оновлен|версія|"
    r"更新|修改|版本|変更日|수정일",
    "start": r"start|begin|from\b|beginn|début|inicio|начал|початок",
    "end": r"\bend|until|expir|cancel|ende|fin\b|конец|окончан|кінець",
    "name": r"name|nom\b|nombre|nome\b|имя|фио|ім'я|名称|氏名",
}
"""What a column may be called, by what it is, in English, German, French, Spanish, Russian and Ukrainian, and the
commonest of it in Chinese, Japanese, Korean, Italian, Portuguese, Dutch, Polish and Turkish."""

KEY = (
    r"\b(id|ids|no|nr|number|num|code|key|ref|nummer|numéro|número|numero|numer|codice|номер|код)\b|"
    r"№|#|nummer$|编码|编号|番号|번호"
)
"""Words in the name of a column of numbers or codes."""

NO_SALE = re.compile(
    r"cancel|void|fail|pending|declin|refus|draft|expire|withdraw|hold|fee|transfer|conversion|lost|incomplete|unpaid|"
    r"past.?due|not.?paid|sent|negotiat|propos|qualif|appointment|prospect|present|discover|reject|block|dispute|chargeback|reversal|"
    r"deposit|payout|requires|unresolved|checkout-draft|trash|authori|await|no.?sale|false|test|processed|open|storn|"
    r"annul|\banul|\bi\u0307?ptal|rechaz|recus|refusé|abgebrochen|abgelehnt|fehlgeschlagen|offen\b|"
    r"отмен|скасов|отклон|не ?проведен|черновик|关闭|取消|等待|作废|失败|キャンセル|취소"
)
"""Values of a status that stand for no sale, whoever writes them."""

RETURNED = re.compile(
    r"\b(refund|return|credit ?(note|memo)|reversal|chargeback|storno|gutschrift|retoure?|rücksendung|erstattung|avoir|"
    r"rembours|retour|devoluci|reembolso|abono|nota di credito|rimbors|zwrot|iade\b|возврат|повернен|"
    r"退款|退货|返品|返金|환불)"
)
"""Words of a row, or of a file, with what came back from customers."""

_PAIRS = "s h,soll haben,debit credit,dr cr,d c,дебет кредит,借 贷,debe haber,débit crédit"
_CREDIT = {frozenset(pair.split()): pair.split()[1] for pair in _PAIRS.split(",")}
"""What stands for debit and credit in a column of nothing else, with the word of what is given back."""

_SIDES = r"deliver|ship|channel|customer|client|pay|card|order|product"
"""Words in the name of a kind of something else than an entry, whose letters or words may be those of debit and credit."""

_RATE = r"(?<!corpo)rate\b|(?<!um)satz\b|taux|ставк|tipo\b|aliquota|stawka|tarief|percent|pct|prozent|процент"
_HIGHEST_RATE, _FEWEST_RATED = 0.5, 20
_COMMON = (
    0,
    2.1,
    2.5,
    2.6,
    3.8,
    5,
    5.5,
    6,
    7,
    7.7,
    8,
    8.1,
    8.5,
    9,
    10,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    27,
)
TEST_MAIL = r"(test|tests|tester|testing|qa|dummy)([._+-]?(user|order|account|shop|customer|kunde|store)?[._+-]?\d*)@.+"
"""An address of mail, in small letters, of somebody who tries a shop."""

UNMARKED = rf"[-–—−.,/:0 ]*|n/?a|#n/a|none|null|nan|{'|'.join(FALSE_WORDS)}"
"""All that a cell says, in small letters, in a column that marks rows where it marks none."""


_SORT = (
    r"and|plus|de|und|et|y|fees?|costs?|charges?|kosten|gebühr(en)?|frais|gastos|costes?|costi|spese|стоимость|за|standard|"
    r"express|economy|priority|ground|international|domestic|free|paid|flat|rate|dhl|ups|dpd|gls|hermes|fedex|usps|post|"
    r"paket|parcel|dotcom|\d+"
)
_BESIDE = (
    rf"({WORDS['shipping']}|{WORDS['tax']}|gift ?wrap(ping)?\b|tips?\b|rounding|deposit|pfand|handling|umsatzsteuer|"
    r"mehrwertsteuer|carriage)(\w{0,2}|kosten|gebühr|pauschale)\b"
)
BESIDE_GOODS = re.compile(rf"(({_SORT}) )*\b{_BESIDE}( ({_SORT}|{_BESIDE}))*")
"""The whole of what a line says that is beside goods: one such word, and words for sorts of it."""

THOUSANDS = re.compile(
    r"\b(thousands?|thsd|000s|tausend|tsd|teur|tusd|keur|kusd|k (eur|usd|gbp|chf|rub|uah)|"
    r"milliers|тыс|тысяч|тис|千)\b"
)
"""Words in the name of a column of amounts that are told in thousands."""
_NAMED = {
    **dict.fromkeys(("EURO", "EUROS", "ЕВРО", "ЄВРО", "欧元", "ユーロ"), ("EUR",)),
    **dict.fromkeys(("US DOLLAR", "US DOLLARS", "U.S. DOLLAR", "AMERICAN DOLLAR", "美元"), ("USD",)),
    **dict.fromkeys(("DOLLAR", "DOLLARS", "ДОЛЛАР", "ДОЛАР"), SIGNS["$"]),
    **dict.fromkeys(("POUND", "POUNDS"), SIGNS["£"]),
    **dict.fromkeys(("STERLING", "POUND STERLING", "POUNDS STERLING", "BRITISH POUND", "UK POUND", "英镑"), ("GBP",)),
    **dict.fromkeys(("SWISS FRANC", "SWISS FRANCS", "SCHWEIZER FRANKEN"), ("CHF",)),
    **dict.fromkeys(("CANADIAN DOLLAR", "CANADIAN DOLLARS"), ("CAD",)),
    **dict.fromkeys(("AUSTRALIAN DOLLAR", "AUSTRALIAN DOLLARS"), ("AUD",)),
    **dict.fromkeys(("YEN", "JAPANESE YEN", "日元"), ("JPY",)),
    **dict.fromkeys(("YUAN", "RENMINBI", "RMB", "人民币"), ("CNY",)),
    **dict.fromkeys(("RUBLE", "RUBLES", "RUR", "РУБЛЬ", "РУБЛИ"), ("RUB",)),
    **dict.fromkeys(("HRYVNIA", "ГРИВНА", "ГРИВНЯ", "ГРИВНІ"), ("UAH",)),
    **dict.fromkeys(("ZLOTY", "ZŁOTY"), ("PLN",)),
}
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


def currencies_named(word: str) -> frozenset[str]:
    """The currencies that a code, a sign or a name may stand for; none where it is no word for one.

    >>> sorted(currencies_named("Euro")), sorted(currencies_named("US$")), sorted(currencies_named("shop"))
    (['EUR'], ['USD'], [])
    """
    word = word.strip().upper()
    return frozenset((word,) if word in CODES else SIGNS.get(word, _NAMED.get(word, ())))


def said(name: str) -> str:
    """A name of a column in small letters, its words apart.

    >>> said("InvoiceDate"), said("VATAmount"), said("MwSt-Betrag"), said("E-Mail")
    ('invoice date', 'vat amount', 'mwst betrag', 'e mail')
    """
    whole = name.replace("MwSt", "Mwst")
    apart = re.sub(r"(?<=[a-zа-яäöüß])(?=[A-ZА-Я])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})", " ", whole)
    return re.sub(r"[_\W]+", " ", apart).casefold().strip() + (" #" if "#" in name else "")


def role_of(name: str, role: str) -> bool:
    """Whether a column may be what a role says, by its name.

    >>> role_of("Kundennr.", "customer"), role_of("InvoiceDate", "date"), role_of("net_amount", "net")
    (True, True, True)
    """
    return re.search(WORDS[role], said(name)) is not None


def is_paid(name: str) -> bool:
    """Whether a column's name says that a sale is paid, posted or booked, rather than anything else that is done with it.

    >>> is_paid("Invoice paid"), is_paid("Order fulfilled"), is_paid("Shipping paid")
    (True, False, False)
    """
    return role_of(name, "done") and re.search(rf"(^| ){_PAID}( |$)|付款|支付", said(name)) is not None


def is_tax_rate(name: str) -> bool:
    """Whether a column is a rate of tax, by its name.

    >>> is_tax_rate("VAT rate"), is_tax_rate("MwSt.-Satz"), is_tax_rate("VAT %"), is_tax_rate("VAT")
    (True, True, True, False)
    """
    if role_of(name, "amount"):
        return False
    return "税率" in name or (role_of(name, "tax") and ("%" in name or re.search(_RATE, said(name)) is not None))


def tax_rate(value: str) -> float | None:
    """A rate as a share, written as a percentage or as a share; None where it is neither.

    >>> tax_rate("19"), tax_rate("5,5 %"), tax_rate("0.07"), tax_rate("VAT 20%"), tax_rate("1240")
    (0.19, 0.055, 0.07, 0.2, None)
    """
    found = re.fullmatch(r"(?:[^\W\d]+ )?(\d{1,2}(?:[.,]\d+)?) ?(%?)", value.strip())
    if found is None:
        return None
    number = float(found[1].replace(",", "."))
    rate = number / 100 if found[2] or number >= 1 else number
    return round(rate, 6) if rate < _HIGHEST_RATE else None


def like_rates(rates: Collection[float], rows: int, amounts: int) -> bool:
    """Whether shares are rates of tax whatever their column is called: few common ones in many rows of differing amounts.

    >>> like_rates([0.19, 0.07], 40, 30), like_rates([0.19], 40, 1), like_rates([0.1235, 0.19], 40, 30)
    (True, False, False)
    """
    return rows >= _FEWEST_RATED and amounts >= 3 * len(rates) and all(round(100 * one, 2) in _COMMON for one in rates)


def is_test_mail(value: str) -> bool:
    """Whether an address of mail is that of somebody who tries a shop.

    >>> is_test_mail("test+3@shop.com"), is_test_mail("QA@shop.com"), is_test_mail("test.mann@mail.com")
    (True, True, False)
    """
    return re.fullmatch(TEST_MAIL, value.strip().casefold()) is not None


def says_no(words: Iterable[str]) -> list[str]:
    """The words of a column of yes and no that say no; none where it has any other word, or only one of the two.

    >>> says_no(["Yes", "No", ""]), says_no(["Yes", "Partly", "No"]), says_no(["No"])
    (['No'], [], [])
    """
    listed = [word for word in words if word]
    no = [word for word in listed if word.casefold() in FALSE_WORDS]
    yes = [word for word in listed if word.casefold() in TRUE_WORDS]
    return no if yes and len(no) + len(yes) == len(listed) else []


def returns_among(name: str, words: Iterable[str]) -> list[str]:
    """The words of a column that stand for what came back: by themselves, or as credit beside debit and nothing else.

    Debit and credit are looked for only where `name`, the column's, is that of a kind of entry.

    >>> returns_among("kind", ["Sale", "Refund"]), returns_among("S/H", ["S", "H", ""]), returns_among("size", ["S", "H"])
    (['Refund'], ['H'], [])
    """
    listed = [word for word in words if word]
    entries = role_of(name, "type") and not re.search(_SIDES, said(name))
    credit = _CREDIT.get(frozenset(word.casefold() for word in listed)) if entries else None
    return [word for word in listed if RETURNED.search(said(word)) or word.casefold() == credit]
