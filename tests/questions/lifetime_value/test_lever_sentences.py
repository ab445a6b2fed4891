"""The sentences on the value levers."""

from __future__ import annotations

import math
from dataclasses import replace

from cxvalue.lifetime import Interval, Lever, ValueLevers
from cxvalue.questions.lifetime_value.display import levers_display
from cxvalue.questions.lifetime_value.lever_sentences import levers_report

NOTHING = Interval(math.nan, math.nan, math.nan)


def test_levers_in_words() -> None:
    made = (
        Lever("retention", 0.01, Interval(500.0, 400.0, 600.0), 0.85, 0.86),
        Lever("purchase", 1.0, NOTHING, withheld="nobody is active."),
        Lever("margin", 1.0, Interval(3000.0, 2900.0, 3100.0)),
        Lever("erosion", 0.1, Interval(-2800.0, -3000.0, -2600.0)),
    )
    table = levers_report(ValueLevers(Interval(1e4, 9e3, 1.1e4), made, 514, 24, 0.1, 0.95, "bg_nbd"), "EUR")
    stay, more, margin, eroded = table["text"]
    assert "(86.0% instead of 85.0%), today's customers would bring EUR 500 more over 24 months" in stay
    assert more == "Withheld: nobody is active."
    assert "(between EUR 2,900 and 3,100)" in margin
    assert "10% of the purchases a year for 2 years, today's customers are forecast to bring EUR 2,800 less" in eroded
    assert "(between EUR 2,600 and 3,000)" in eroded
    short = levers_report(ValueLevers(Interval(1e4, 9e3, 1.1e4), made, 514, 12, 0.1, 0.95, "bg_nbd"), "EUR")
    assert "10% of the purchases a year for 12 months, today's" in short["text"].iloc[-1]
    shown = levers_display(table).to_html()
    assert "5.0%" in shown
    assert "withheld" in shown


def test_a_lever_of_periods_names_them_and_a_loss_is_said() -> None:
    more = Lever("purchase", 1.0, Interval(700.0, 600.0, 800.0), 9.0, 10.0)
    less = replace(more, gain=Interval(-700.0, -800.0, -600.0))
    levers = ValueLevers(Interval(1e4, 9e3, 1.1e4), (more, less), 514, 24, 0.1, 0.95, "bg_bb")
    gained, lost = levers_report(levers, "EUR", "month with a purchase")["text"]
    assert "bought in one more month a year while they stay (10.0 instead of 9.0 months)" in gained
    assert "EUR 700 more over 24 months (between EUR 600 and 800)" in gained
    assert "EUR 700 less over 24 months (between EUR 600 and 800)" in lost
    bought, unbought = levers_report(levers, "EUR")["text"]
    assert "bought once more a year while they stay (10.0 instead of 9.0 times)" in bought
    assert "EUR 700 less" in unbought
