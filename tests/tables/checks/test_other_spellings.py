"""Programmes, products, metrics and touchpoints written in several ways are refused, names of their own are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxvalue.foundation.errors import BadInput
from tests.tables.helpers import load

SOLD = "customer_id,date,revenue,product\n" + "".join(
    f"c{i},2025-0{m}-03,10,tea\n" for m in (1, 3, 5) for i in range(8)
)
PEOPLE = "customer_id,branch\n" + "".join(f"c{i},b{i}\n" for i in range(8))
PROGRAMME = {"name": "waiver", "unit": "branch", "design": "staggered"}


def said(folder: Path, tables: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(BadInput) as caught:
        load(folder, {"transactions": SOLD, **tables}, **settings)
    return str(caught.value)


def test_half_of_a_roll_out_under_a_capital_letter_is_no_roll_out_of_half_the_units(tmp_path: Path) -> None:
    """Its units counted as units of no programme, and the effect was another one without a word."""
    rows = "".join(f"{'waiver' if i % 2 else 'Waiver'},b{i},{'2025-04-01' if i < 4 else ''}\n" for i in range(8))
    told = {"transactions": SOLD, "customers": PEOPLE, "rollout": "programme,unit,start\n" + rows}
    assert "tables.rollout.programme: 4 rows spell 'waiver' as 'Waiver'" in said(tmp_path, told, programmes=[PROGRAMME])
    told["rollout"] = told["rollout"].replace("Waiver", "Waiver II")  # another programme
    load(tmp_path, told, programmes=[PROGRAMME])
    both = [PROGRAMME, {**PROGRAMME, "name": "Waiver"}]
    load(tmp_path, {**told, "rollout": told["rollout"].replace("Waiver II", "Waiver")}, programmes=both)


@pytest.mark.parametrize("declared", [{}, {"metrics": {"overall": {"main": True}}}])
def test_a_metric_under_two_spellings_is_refused(tmp_path: Path, declared: dict[str, Any]) -> None:
    """Half of the answers made the score, the other half another metric."""
    rows = [f"c{i},2025-06-0{i + 1},{'overall' if i % 4 else 'Overall'},{i + 2}\n" for i in range(8)]
    surveys = "customer_id,date,metric,score\n" + "".join(rows)
    assert "tables.surveys.metric: 2 rows spell 'overall' as 'Overall'" in said(
        tmp_path, {"surveys": surveys}, **declared
    )
    load(tmp_path, {"transactions": SOLD, "surveys": surveys.replace("Overall", "delivery")}, **declared)


def test_the_product_of_a_campaign_and_the_steps_of_a_journey_are_held_as_declared(tmp_path: Path) -> None:
    sold = SOLD.replace("10,tea", "10,Tea", 3)
    sent = "customer_id,date,campaign,arm\n" + "".join(
        f"c{i},2025-03-01,spring,{'held' if i < 3 else 'mail'}\n" for i in range(8)
    )
    campaigns = [{"name": "spring", "control": "held", "window_days": 30, "product": "tea"}]
    found = said(tmp_path, {"transactions": sold, "contacts": sent}, campaigns=campaigns)
    assert "tables.transactions.product: 3 rows spell 'tea' as 'Tea'" in found
    load(tmp_path, {"transactions": sold, "contacts": sent}, campaigns=[{**campaigns[0], "product": None}])
    green = {"transactions": sold.replace("Tea", "green  tea").replace(",tea", ",green tea"), "contacts": sent}
    found = said(tmp_path, green, campaigns=[{**campaigns[0], "product": "green tea"}])
    assert "tables.transactions.product: 3 rows spell 'green tea' as 'green  tea'" in found
    calls = "customer_id,date,channel,reason,touchpoint\nc1,2025-02-01,app,x,Order\nc1,2025-02-03,app,x,Delivery\n"
    found = said(tmp_path, {"interactions": calls}, experience={"journey": ["order", "Delivery"]})
    assert "tables.interactions.touchpoint: 1 row spells 'order' as 'Order'" in found
    assert "Delivery" not in found
