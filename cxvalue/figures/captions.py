"""What stands below a published figure: what it is about, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping

from cxvalue.language.catalogue import translatable, translate

_CAPTIONS: Mapping[str, tuple[str, str]] = {
    "customer_bridge": (
        translatable("From last year's active customers to today's"),
        translatable("Opening + new + reactivated − lost = closing, by the same rule of inactivity at both dates."),
    ),
    "margin_bridge": (
        translatable("The same bridge in margin"),
        translatable("Margin of the 12 months before each date; 'stayed' is what kept customers brought more or less."),
    ),
    "value_concentration": (
        translatable("How few customers carry the business"),
        translatable("Margin since {day}, customers ranked from the most valuable down."),
    ),
    "holdout_tracking": (
        translatable("The forecast and what happened"),
        translatable("Purchases after the first, cumulative. Everything right of the line was unknown to the model."),
    ),
    "holdout_tracking_by_period": (
        translatable("The forecast and what happened"),
        translatable("{things} after the first, cumulative. Everything right of the line was unknown to the model."),
    ),
    "seasonal_index": (
        translatable("Purchases by season"),
        translatable(
            "Repeat purchases of each month of the year compared with an average month; the line is the range."
        ),
    ),
    "future_value": (
        translatable("Where the future value is"),
        translatable("Expected margin over {horizon} by tenth of the customers, the most valuable first."),
    ),
    "forecast_record": (
        translatable("Past forecasts and the actual margin"),
        translatable(
            "Each dot is a forecast made with what was known on its date, with its range; the line is the actual margin."
        ),
    ),
    "value_levers": (
        translatable("What would change the future value"),
        translatable("Change of the expected margin over {horizon}; the line is the range of the average."),
    ),
    "contract_bridge": (
        translatable("From last year's customers to today's"),
        translatable("Opening + new + came back − lost = closing, by contracts open at both dates."),
    ),
    "contract_survival": (
        translatable("How long customers stay"),
        translatable(
            "Share still under contract by age; the dashed line is the model that knows only the age of a contract (sBG)."
        ),
    ),
    "churn_bands": (
        translatable("Whom we may lose, and what they bring"),
        translatable(
            "Active customers and their margin of the last 12 months by the probability of no purchase in the next 12."
        ),
    ),
    "churn_bands_of_contracts": (
        translatable("Whom we may lose, and what they bring"),
        translatable(
            "Active customers and their margin of the last 12 months by the probability that the contract ends in the next "
            "12."
        ),
    ),
    "churn_calibration": (
        translatable("Did the past warning come true?"),
        translatable(
            "Customers active then, by tenths of their forecast risk; where bar and point meet, the forecast was right."
        ),
    ),
    "churn_calibration_of_contracts": (
        translatable("Did the past warning come true?"),
        translatable(
            "Customers under contract then, by tenths of their forecast risk; where bar and point meet, the forecast was "
            "right."
        ),
    ),
    "hazard_ratios": (
        translatable("What goes with the end of a contract"),
        translatable("Times as often as at the level marked with a line; red: more than chance. Links, not causes."),
    ),
    "account_renewals": (
        translatable("Do accounts with satisfied users renew more often?"),
        translatable(
            "Share of accounts still under contract 12 months later, by the mean score of their users. A link, not a cause."
        ),
    ),
    "experience_levels": (
        translatable("Where customers of each level are a quarter later"),
        translatable("Shares of the customers of each level; unknown did not answer, gone are silent for long."),
    ),
    "complaints_open": (
        translatable("How long complaints wait for an answer"),
        translatable("Share of the complaints of the last 12 months not answered by each day, with its range."),
    ),
    "market_gaps": (
        translatable("Where we stand against competitors"),
        translatable("Own score less each competitor's, by date."),
    ),
    "drivers": (
        translatable("What goes with the score, and how well we do"),
        translatable("Importance of each driver with its range, against its current mean; look first at the top left."),
    ),
    "dormancy_flow": (
        translatable("Who went silent, who came back"),
        translatable(
            "Customers without a purchase for {silence}, by month, with those who came back and those who went silent."
        ),
    ),
    "campaign_uplift": (
        translatable("The {title} campaign: what the contact added"),
        translatable(
            "Contacted less held out by days since the contact; a fall after a rise would mean that "
            "purchases were brought forward."
        ),
    ),
    "campaign_targeting": (
        translatable("The {title} campaign: what it earns to contact only some"),
        translatable(
            "Earned per customer when the first so many percent of a ranking are contacted, measured on the test itself."
        ),
    ),
    "discount_acceptance": (
        translatable("How many buy at which discount"),
        translatable(
            "Share of visits that end in a purchase, by depth; the points are measured, the curve is fitted to them."
        ),
    ),
    "discount_profit": (
        translatable("What one discount for everybody would earn"),
        translatable(
            "Expected margin per visit by depth. To the left of the best depth too many customers leave, to "
            "the right of it too much is given away."
        ),
    ),
    "discount_policies": (
        translatable("No discount, one discount, or the ladder"),
        translatable("Expected margin per visit under each policy, with its range."),
    ),
    "programme_effect": (
        translatable("{title}: what changed after the start"),
        translatable(
            "Mean effect per treated customer by months since the start, with 95% ranges; grey points should be near zero."
        ),
    ),
    "programme_promise": (
        translatable("{title}: did it bring what was promised?"),
        translatable("Margin by month: promised from the data up to {month}, and as it was then measured."),
    ),
    "programme_money": (
        translatable("{title}: when the money comes back"),
        translatable(
            "Money in and out by month, and the discounted sum to date. Where there is a dashed line, the effect beyond it "
            "is assumed."
        ),
    ),
    "programme_bridge": (
        translatable("{title}: from what was measured to what it is worth"),
        translatable(
            "From the effect as measured to the net present value: what build-up, time, risks and costs add or take."
        ),
    ),
    "programme_draws": (
        translatable("{title}: how sure the result is"),
        translatable(
            "The net present value with all inputs drawn at once within their ranges: how often each result comes out."
        ),
    ),
    "programme_tornado": (
        translatable("{title}: what moves the result"),
        translatable(
            "The net present value when one input is low or high, between its 10% and 90% points, and all others as "
            "expected."
        ),
    ),
    "programme_scenarios": (
        translatable("{title}: under other assumptions"),
        translatable("The net present value with its range as registered, and with one assumption changed."),
    ),
    "programme_rules": (
        translatable("{title}: up to which amount, and how often a year"),
        translatable(
            "What every rule is worth per year (left), and the best number of times for each cap with its range (right)."
        ),
    ),
    "programme_risk": (
        translatable("{title}: what a bad year costs"),
        translatable(
            "Probability that a year's loss exceeds each amount, beside the average year and, where it is near, the "
            "benefit."
        ),
    ),
}


def caption(key: str, **values: object) -> tuple[str, str]:
    """The two lines below a figure in the language that is spoken, `values` filled into their places.

    >>> caption("programme_scenarios", title="Loyalty card")[1]
    'The net present value with its range as registered, and with one assumption changed.'
    >>> caption("programme_money", title="Loyalty card")[0]
    'Loyalty card: when the money comes back'
    """
    about, read = _CAPTIONS[key]
    return translate(about, **values), translate(read, **values)
