"""Steps of the journey: by hand and against the truth of the world."""

from __future__ import annotations

from datetime import date, timedelta

import ibis

from cxvalue.questions.journey.steps import steps_of
from tests.experienceworlds import retail

AS_OF = date(2025, 12, 31)


def test_a_step_is_lost_where_the_next_does_not_come_within_30_days() -> None:
    def day(n: int) -> date:
        return AS_OF - timedelta(days=n)

    rows = [
        ("a", "order", day(100)), ("a", "delivery", day(100)),  # the same day counts
        ("b", "order", day(100)), ("b", "delivery", day(70)),  # 30 days later
        ("c", "order", day(100)), ("c", "delivery", day(69)),  # too late
        ("d", "order", day(100)), ("d", "delivery", day(120)),  # before, not after
        ("e", "order", day(29)),  # not known yet
        ("f", "delivery", day(90)), ("f", "delivery", day(80)),
    ]  # fmt: skip
    table = ibis.memtable(
        {name: [row[k] for row in rows] for k, name in enumerate(("customer_id", "touchpoint", "date"))}
    )
    (found,) = steps_of(table, ["order", "delivery"], as_of=AS_OF)
    assert (found.reached, found.dropped) == (4, 2)
    assert found.drop_off is not None
    assert found.drop_off.value == 0.5
    assert found.days is not None
    assert found.days.value == 31  # of five: 0, 30, 31 days, and two who are still waiting (100, 29)
    assert steps_of(table, ["x", "y"], as_of=AS_OF) == ()
    (none,) = steps_of(table, ["return", "order"], as_of=AS_OF)
    assert none.drop_off is None


def test_the_world_s_journey_is_found() -> None:
    world = retail()
    found = steps_of(world.tables["interactions"], ["order", "delivery_day", "follow_up"], as_of=world.as_of)
    for step, name in zip(found, ("order", "delivery_day"), strict=True):
        assert step.drop_off is not None
        assert step.drop_off.low <= world.truth[f"experience.journey.{name}.drop_off"] <= step.drop_off.high
    assert found[0].days is not None
    assert found[0].days.low <= world.truth["experience.journey.order.days"] <= found[0].days.high
