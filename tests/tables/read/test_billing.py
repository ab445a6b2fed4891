"""For how long an amount is paid, by words and names in several languages."""

from __future__ import annotations

import pytest

from cxvalue.tables.read.billing import months_of, periods_named


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (0.5, "semi-monthly,semimonthly"),
        (
            1,
            "monthly,P1M,1 month,Month-to-month,once a month,monatlich,mensuel,раз в месяц,помісячно,每月,月付,1ヶ月,월",
        ),
        (2, "every 2 months,every other month,zweimonatlich,bimestral,каждые два месяца"),
        (
            3,
            "quarterly,every 3 months,3m,P3M,vierteljährlich,3 Monate,alle drei Monate,раз в 3 месяца,щоквартально,"
            "每三个月,季度",
        ),
        (6, "half-yearly,semi-annual,6 months,halbjährlich,semestral,раз в полгода,半年"),
        (12, "yearly,annually,12 months,12m,P1Y,per annum,jährlich,Jahr,раз в год,щороку,按年,年付"),
        (24, "24 months,Two year,2 years,biennial,zweijährlich,два года,两年"),
        (12 / 365.25 * 7 * 2, "biweekly,every 2 weeks,fortnightly,14 days,zweiwöchentlich"),
        (12 / 365.25 * 7 * 4, "every 4 weeks,28 days,4 Wochen"),
        (12 / 365.25 * 90, "90 days,90 Tage,90 дней"),
    ],
)
def test_an_interval_is_its_count_of_its_unit(months: float, words: str) -> None:
    for word in words.split(","):
        assert float(months_of(word) or "nan") == pytest.approx(months, rel=1e-5), word


@pytest.mark.parametrize(
    "word",
    "bimonthly;biannual;twice a year;twice a month;2x pro Jahr;4x jährlich;2 раза в год;6 раз в год;"
    "1.5 months;1,5 Monate;0 months;"
    "-1 month;6-8 weeks;12 payments per year;annual, billed monthly;twenty four months;every third month;"
    "dreivierteljährlich;"
    "1/4-jährlich;> 1 year;½ year;multi-year;Montag;once;monthlyish;12/Jahr;4/Jahr;2/month;Basic;P1Y6M;1 year 6 months;"
    "bimensuel".split(";"),
)
def test_an_interval_of_which_a_part_is_not_understood_is_none(word: str) -> None:
    assert months_of(word) is None


@pytest.mark.parametrize(("name", "periods"), [("MRR", (1,)), ("годовая плата", (12,)), ("fee", (1, 12))])
def test_names_of_amounts(name: str, periods: tuple[int, ...]) -> None:
    assert periods_named(name) == periods
