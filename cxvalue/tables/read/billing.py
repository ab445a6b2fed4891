"""For how long an amount is paid: words of intervals, and names of amounts, in several languages."""

from __future__ import annotations

import re
from decimal import Decimal

from cxvalue.tables.read.roles import said

_MONTHLY = (
    r"\bmrr\b|month|monat|mensuel|mensual|mensile|miesięcz|maand|aylık|\bmes\b|\bmois\b|месяц|месячн|\bмес\b|місяц|місячн|"
    r"\bміс\b|月|월"
)
_YEARLY = (
    r"\barr\b|\bacv\b|\byear|annual|annum|jahr|jährlich|annuel|\ban\b|anual|\baño\b|annuo|\bгод|годов|\bрік\b|"
    r"річн|年|연간"
)
_QUARTERLY = r"quarter|quartal|trimestr|квартал|季"
_UNITS = {
    "0.0328542": r"days?|daily|tage?n?|täglich(e[rnsm]?)?|jours?|d[ií]as?|giorn[io]|день|дн(я|ей|і|ів)|d",
    "0.2299795": r"weeks?|weekly|wks?|w|wochen?|wöchentlich(e[rnsm]?)?|semaines?|hebdomadaire|semanas?|semanal|"
    r"settiman[ae]|settimanale|we(ek|ken)|wekelijks|недел[яиьюе]|недель|еженедельн\w+|тиж(день|ня|ні|нів)|щотижн\w+",
    "0.4599589": r"fortnights?|fortnightly",
    "1": r"months?|monthly|mths?|mos?|m|monate?n?|monatlich(e[rnsm]?)?|monatsweise|mois|mensuel(le)?s?|mes(es)?|"
    r"mensual(es|mente)?|mes[ei]|mensil[ei]|mês|mensal|miesi[ąę]c\w*|maand(en)?|maandelijks|aylık|ay|мес|месяц(а|ев|ы)?|"
    r"месячн\w+|ежемесячн\w+|помесячн\w+|міс|місяц[яьі]|місяців|місячн\w+|щомісяц\w+|щомісячн\w+|помісячн\w+",
    "2": r"bimestral(e|es)?|bimestriel(le)?s?|bimestre",
    "3": r"quarters?|quarterly|qtr|q|quartale?|quartalsweise|quartalsmäßig|trimestr[ei]s?|trimestral(e|es|mente)?|"
    r"trimestriel(le)?s?|kwarta(al|ł)|kwartaln\w+|квартал\w{0,2}|квартальн\w+|ежеквартальн\w+|поквартальн\w+|"
    r"щокварталь\w+|щокварталу",
    "6": r"semestre|semestriel(le)?s?|semestral(e|es|mente)?|полугоди[ея]|полугодов\w+|полгода|півріччя|піврічн\w+|півроку",
    "12": r"years?|yearly|yrs?|y|annual|annually|annum|jahre?n?|jährlich(e[rnsm]?)?|ans?|année|annuel(le)?s?|años?|"
    r"anual(mente)?|ann[oi]|annual[ei]|anos?|rok|roku|roczn\w+|jaar|jaarlijks|yıllık|yıl|год[ау]?|лет|годов\w+|"
    r"ежегодн\w+|рік|рок[иу]|років|річн\w+|щорічн\w+|щороку",
    "24": r"biennial|biennially|biennal[ei]?",
}  # fmt: skip
"""The months of a word for a time, by that word."""
_NUMBERS = {
    1: r"one|ein(e[rnsm]?)?|une?|un[ao]|um|один|одна|одне|een|jeden",
    2: r"two|other|zwei|zwo|deux|dos|due|dois|duas|twee|dwa|два|две|дві",
    3: r"three|drei|trois|tres|tre|três|drie|trzy|три",
    4: r"four|vier|quatre|cuatro|quattro|quatro|cztery|четыре|чотири",
    5: r"five|fünf|cinq|cinco|cinque|vijf|pięć|пять|п'ять",
    6: r"six|sechs|seis|sei|zes|sześć|шесть|шість",
    7: r"seven|sieben",
    8: r"eight|acht|huit|ocho|otto|oito|восемь|вісім",
    9: r"nine|neun",
    10: r"ten|zehn|dix|diez|dieci|dez|tien|десять",
    11: r"eleven|elf",
    12: r"twelve|zwölf|douze|doce|dodici|doze|twaalf|двенадцать|дванадцять",
    18: r"eighteen|achtzehn|восемнадцать",
    24: r"vierundzwanzig",
    36: r"sechsunddreißig",
}
_MULTIPLIERS = {
    "0.5": r"semi|half|halb|halbe[rsn]?|demi|medio|pół|half a|пол|пів",
    "0.25": r"viertel",
    **{str(number): form for number, form in _NUMBERS.items() if number > 1},
}
"""What a number of times a word for a time is taken, with or without a hyphen, by the word before it."""
_BEFORE = (
    r"every|each|per|an?|in|once|billed|paid|pays?|billing|payment|p|alle|jede[rnsm]?|pro|je|im|auf|einmal|zahlung|"
    r"toutes|tous|chaque|par|les|le|la|al|cada|por|el|los|las|ogni|al|a|elke|per|co|раз|в|на|за|каждые|каждый|каждую|"
    r"кожні|кожен|кожного|оплата"
)
_AFTER = (
    r"plan|billing|payment|billed|paid|recurring|subscription|abo|zahlung|zahlweise|abrechnung|rate|abonnement|"
    r"facturation|pago|оплата|тариф|подписка|підписка"
)
_CJK = {
    "12": r"年(度|付|缴|额|払い?|次|ごと|间|間)?|연(간|납)?|년|매년",
    "1": r"(个|個|ヶ|か|カ|ケ)?月(度|付|缴|额|額|払い?|次|ごと|间|間)?|월(간|납)?|개월|매월",
    "3": r"季度?(付|缴)?|四半期|분기",
    "6": r"半年(付|缴|払い?|ごと)?|반년|반기",
    "0.2299795": r"(周|週|星期)(付|间|間|ごと)?|주",
    "0.0328542": r"[日天](付|ごと)?|일",
}  # fmt: skip
_CJK_NUMBERS = {
    "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十二": 12
}  # fmt: skip
_BILLING = (
    r"billing|billed|bill|payment|payments|invoicing|zahlungs?(weise|intervall|rhythmus|turnus|frequenz|periode|"
    r"zeitraum)|zahlweise|(ab)?rechnungs?(intervall|zyklus|zeitraum|periode|rhythmus|turnus|frequenz)|abrechnung|"
    r"beitragszahlung|zahlung|facturation|paiement|prélèvement|facturación|pago|cobro|fatturazione|pagamento|"
    r"faturamento|cobrança|facturering|facturatie|betaal(frequentie|periode|termijn)|betaling|rozliczeni\w+|płatności|"
    r"оплат[аыи]|платеж(а|ей)|платежу|платежів|платы|списани[яе]|списання|биллинга?|білінгу?|расч[её]тный|розрахунковий|"
    r"тарификации"
)
_HOW_OFTEN = (
    r"interval|cycle|frequency|freq|recurrence|cadence|intervall|turnus|rhythmus|zyklus|frequenz|périodicité|fréquence|"
    r"intervalle|periodicidad|frecuencia|intervalo|ciclo|periodicità|frequenza|intervallo|periodicidade|frequência|"
    r"frequentie|częstotliwość|периодичность|частота|интервал|періодичність|інтервал"
)
_OF_IT = (
    r"period|periode|période|periodo|período|okres|период|період|plan|price|subscription|fee|charge|abo|der|de|del|di|"
    r"da|du|des|la|of|подписки|підписки"
)
_BILLED = (
    rf"(({_BILLING}|{_HOW_OFTEN}|{_OF_IT}) )*({_BILLING}|{_HOW_OFTEN})( ({_BILLING}|{_HOW_OFTEN}|{_OF_IT}))*|"
    r"(付费|计费|账单|缴费|支付|付款|扣费|结算|收费)(周期|频率|方式)|"
    r"(支払い?|請求|課金)(周期|間隔|サイクル|頻度)|(결제|청구|납부) ?주기"
)
"""The whole of the name of a column that says how often a contract is paid."""
_NOT_BILLED = (
    r"notice|term\b|terms|contract|commit|laufzeit|kündig|dauer|duration|bindung|vertrag|warrant|garant|cancel|minimum|"
    r"tenure|engagement|préavis|durée|plazo|permanencia|contrato|preaviso|contratto|durata|срок|договор|контракт|"
    r"уведомлен|строк|договір|договор|trial|deliver|ship|liefer|reminder|合同|合约|期限|期间|试用|契約"
)
"""Parts of the name of a column of times in which nothing is paid: how long a contract is, or lasts after a notice."""


def is_interval(name: str) -> bool:
    """Whether the name of a column says that it is how often a contract is paid.

    >>> is_interval("Billing cycle"), is_interval("billing_city"), is_interval("notice period")
    (True, False, False)
    """
    return re.fullmatch(_BILLED, said(name)) is not None


def is_no_interval(name: str) -> bool:
    """Whether the name of a column says that its times are of something else: how long a contract is, or a notice."""
    return re.search(_NOT_BILLED, said(name)) is not None


def months_of(word: str) -> str | None:
    """The months that a word for an interval stands for; None where any part of it is not understood, or it may be two.

    >>> months_of("every 3 months"), months_of("vierteljährlich"), months_of("два года"), months_of("twice a year")
    ('3', '3', '24', None)
    """
    if re.search(r"[^\w\s().'/-]|^\W*[-−]\d|\d\s*/", word):
        return None
    words = re.sub(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", said(word))
    words = re.sub(r"^(1|one|один|одна) (?=раз )|^(1 x|1 mal|one time) (?=(a|per|pro|im|par) )", "", words)
    words = re.sub(r"^(month|year) (to|by) (?=\1$)", "", words)
    times = rf"(?P<number>\d+|{'|'.join(_NUMBERS.values())})"
    before, after = rf"(({_BEFORE}) )*", rf"( ({_AFTER}))*"
    for months, unit in _UNITS.items():
        found = re.fullmatch(rf"{before}({times} )?(?P<unit>{unit}){after}", words)
        if found is not None:
            return _product(months, _number(found["number"] or "1"))
        for times_over, form in {**_MULTIPLIERS, **({"2": "bi|zwei"} if months == "0.2299795" else {})}.items():
            if re.fullmatch(rf"{before}({form}) ?({unit}){after}", words):
                return _product(months, Decimal(times_over))
    for months, unit in _CJK.items():
        found = re.fullmatch(rf"(每|按|毎|매)? ?(\d+|[一二两兩三四五六七八九十]+)? ?({unit})", words)
        if found is not None:
            number = found[2] or "1"
            value = int(number) if number.isdecimal() else _CJK_NUMBERS.get(number)
            return _product(months, Decimal(value)) if value else None
    return None


def _number(word: str) -> Decimal:
    if word.isdecimal():
        return Decimal(word)
    return Decimal(next(number for number, form in _NUMBERS.items() if re.fullmatch(form, word)))


def _product(months: str, times: Decimal) -> str | None:
    return f"{(Decimal(months) * times).normalize():f}" if times else None


def periods_named(name: str) -> tuple[int, ...]:
    """The months that an amount may be for, by its name.

    >>> periods_named("Monatsbeitrag"), periods_named("ARR"), periods_named("price"), periods_named("quarterly_fee")
    ((1,), (12,), (1, 12), (1, 3, 12))
    """
    if re.search(_QUARTERLY, said(name)):
        return (1, 3, 12)
    monthly, yearly = (re.search(pattern, said(name)) is not None for pattern in (_MONTHLY, _YEARLY))
    return (1,) if monthly and not yearly else (12,) if yearly and not monthly else (1, 12)
