"""The early-warning list of customers under contract: ranked by the margin that may go, with the reason in words.

A reason is given where something of the customer's own speaks: a driver that changes and with which contracts ended
clearly more often (the interval of its hazard ratio lies above 1), a complaint that is open, a value per month that has
fallen, or an anniversary that is near where contracts end at anniversaries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import months_before
from cxvalue.language.catalogue import translatable, translate, translate_count, written
from cxvalue.language.words import named, spoken_words
from cxvalue.questions.churn.early_warning import COMPLAINT_OPEN, complaint_since, open_complaints
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.drivers import COMPLAINT, SATISFACTION, THIRDS, DriverTables, people_of
from cxvalue.questions.contracts.endings import CHURN_MONTHS, ContractChurn

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECENT_COMPLAINT, UNSATISFIED, PAYS_LESS, RENEWAL_NEAR = (
    translatable("complaint in the last 90 days"),
    translatable("satisfaction in the lowest third"),
    translatable("pays less than a year ago"),
    translatable("renewal is near"),
)
CONTRACT_REASONS = (COMPLAINT_OPEN, RECENT_COMPLAINT, UNSATISFIED, PAYS_LESS, RENEWAL_NEAR)
FALL_AT_LEAST = 0.2
NEAR_MONTHS = 3.0


def contract_warning(churn: ContractChurn, contracts: Contracts, tables: DriverTables) -> pd.DataFrame:
    """All active customers, the largest value at risk first. It names customers: for a private list only.

    Columns: rank, customer_id, value_at_risk (probability x margin; empty without a margin), p_end_12m, margin_12m,
    months_with_us, reason (empty where nothing speaks). Without margins the probability ranks.
    """
    ages = contracts.age_months()[churn.seen.who]
    parts = [
        _complaints(churn, tables),
        _driver(churn, COMPLAINT, "yes", RECENT_COMPLAINT),
        _driver(churn, SATISFACTION, THIRDS[0], UNSATISFIED),
        _pays_less(churn, contracts),
        _renewal(churn),
    ]
    table = pd.DataFrame(
        {
            "customer_id": churn.customer_id,
            "value_at_risk": churn.probabilities * churn.margins,
            "p_end_12m": churn.probabilities,
            "margin_12m": churn.margins,
            "months_with_us": np.round(ages, 1),
            "reason": ["; ".join(filter(None, said)) for said in zip(*parts, strict=True)],
        }
    )
    ranked = table.sort_values(["value_at_risk", "p_end_12m"], ascending=False, kind="stable", ignore_index=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    return ranked


def _said(mask: NDArray[np.bool_], words: str) -> list[str]:
    return [translate(words) if yes else "" for yes in mask.tolist()]


def _worse(churn: ContractChurn, driver: str) -> set[str]:
    """Levels of a driver at which contracts ended clearly more often than at the level compared with."""
    if churn.hazard is None:
        return set()
    ratios = churn.hazard.model.ratios()
    return set(ratios.loc[(ratios["driver"] == driver) & (ratios["low"] > 1), "level"])


def _driver(churn: ContractChurn, driver: str, level: str, words: str) -> list[str]:
    nobody = np.zeros(churn.customer_id.size, dtype=bool)
    if churn.hazard is None or level not in _worse(churn, driver):
        return _said(nobody, words)
    return _said(churn.hazard.now[driver].eq(level).to_numpy(), words)


def _pays_less(churn: ContractChurn, contracts: Contracts) -> list[str]:
    before = contracts.monthly_value(months_before(contracts.as_of, CHURN_MONTHS))[churn.seen.who]
    now = contracts.monthly_value()[churn.seen.who]
    share = np.divide(now, before, out=np.ones_like(now), where=before > 0)
    less, words = translate(PAYS_LESS), spoken_words()
    falls = [written(1 - part, ".0%") if part <= 1 - FALL_AT_LEAST else "" for part in share.tolist()]
    return [named(less, fall, words) if fall else "" for fall in falls]


def _renewal(churn: ContractChurn) -> list[str]:
    if churn.seen.step == 1:
        return [""] * churn.customer_id.size
    wait = churn.seen.wait.tolist()
    return [f"{translate(RENEWAL_NEAR)}: {_within(months)}" if months <= NEAR_MONTHS else "" for months in wait]


def _within(months: float) -> str:
    return translate_count("in {count} month", "in {count} months", max(round(months), 1))


def _complaints(churn: ContractChurn, tables: DriverTables) -> list[str]:
    """The oldest open complaint of anybody in the customer's account."""
    made = tables.interactions
    if made is None or "complaint" not in made.columns:
        return [""] * churn.customer_id.size
    people = people_of(tables.subscriptions)
    by_account = made.join(people, "customer_id").drop("customer_id").rename(customer_id="key")
    account = people.to_pandas().drop_duplicates("customer_id").set_index("customer_id")["key"]
    keys = account.reindex(churn.customer_id).to_numpy(object)
    since = open_complaints(by_account, churn.as_of).reindex(keys)
    return [complaint_since(day) for day in since.tolist()]
