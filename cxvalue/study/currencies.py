"""Currencies by their codes and signs, and the time zones and exchange rates that a study file names."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from cxvalue.foundation.errors import Problem, meant
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.study.file import StudyFile

CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)
"""The codes of ISO 4217 for money in use, with two that the euro replaced lately."""

_DOLLARS = tuple("USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP BRL UYU BSD BBD BZD FJD JMD NAD TTD XCD".split())
SIGNS: dict[str, tuple[str, ...]] = {
    "$": _DOLLARS,
    "US$": ("USD",),
    "CA$": ("CAD",),
    "C$": ("CAD", "NIO"),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "€": ("EUR",),
    "£": ("GBP", "EGP", "GIP", "SHP", "FKP", "SYP", "SDG", "LBP"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "\\": ("JPY", "KRW"),  # the sign of yen and won where an old encoding has no other
    "円": ("JPY",),
    "元": ("CNY", "TWD", "HKD"),
    "₽": ("RUB",),
    "РУБ.": ("RUB",),
    "РУБ": ("RUB",),
    "₴": ("UAH",),
    "ГРН.": ("UAH",),
    "ГРН": ("UAH",),
    "₸": ("KZT",),
    "₹": ("INR",),
    "₩": ("KRW", "KPW"),
    "₺": ("TRY",),
    "TL": ("TRY",),
    "원": ("KRW",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₦": ("NGN",),
    "ZŁ": ("PLN",),
    "KČ": ("CZK",),
    "FT": ("HUF",),
    "KR.": ("DKK", "NOK", "SEK", "ISK"),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "FR.": ("CHF",),
}
"""What is written before or after an amount, in capitals, and the currencies that it may stand for."""


def rates_and_zones(study: StudyFile, label: str) -> list[Problem]:
    """Find a time zone that does not exist, and exchange rates that cannot be."""
    problems: list[Problem] = []
    zone = study.time_zone
    if zone is not None and zone not in available_timezones() - {"localtime"}:
        remedy = f"{_near_zone(zone)} {translate('Name the place, not the hours: summer time follows from it.')}"
        found = translate("{zone!r} is not a known time zone.", zone=zone)
        problems.append(Problem(f"{label}: time_zone", found, remedy))
    rates = study.exchange_rates
    if not isinstance(rates, dict):
        return problems
    where = f"{label}: exchange_rates"
    for code, rate in rates.items():
        if code not in CODES and code != study.currency:
            remedy = meant(code.upper(), sorted(CODES)) or translate(
                "Write the three letters of ISO 4217, such as USD."
            )
            problems.append(Problem(f"{where}.{code}", translate("is not a known currency."), remedy))
        if not 0 < rate < math.inf:
            remedy = translate("Give how many {own} one {code} is worth, above 0.", own=study.currency, code=code)
            problems.append(Problem(f"{where}.{code}", translate("{rate} is not a rate.", rate=f"{rate:g}"), remedy))
    own = rates.get(study.currency)
    if own is None:
        found = translate("lacks the study's own currency, {own}.", own=study.currency)
        remedy = translate("Add {own}: 1; the other rates are in {own}.", own=study.currency)
        problems.append(Problem(where, found, remedy))
    elif own != 1:
        found = translate("{rate}, but {own} is the study's own currency.", rate=f"{own:g}", own=study.currency)
        remedy = translate(
            "Write {own}: 1; each other rate gives how many {own} one unit is worth.", own=study.currency
        )
        problems.append(Problem(f"{where}.{study.currency}", found, remedy))
    return problems


def _near_zone(zone: str) -> str:
    """The zone that was probably meant: by its whole name or by its place alone."""
    known = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
    places = {name.split("/")[-1].lower(): name for name in known}
    place = difflib.get_close_matches(zone.split("/")[-1].lower().replace(" ", "_"), places, n=1, cutoff=0.7)
    whole = difflib.get_close_matches(zone, known, n=1, cutoff=0.6)
    best = [places[name] for name in place] + whole
    return translate("Did you mean {word!r}?", word=best[0]) if best else translate("Names look like 'Europe/Kyiv'.")
