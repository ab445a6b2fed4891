"""What is wrong with the tables of an effect is one of its checks, and takes the evidence down by one grade."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxvalue.effects.checks.data_checks import data_checks
from cxvalue.effects.effect import grade_of
from cxvalue.tables.cautions import Caution

DOUBT = Caution("ids_do_not_match", "contacts", "customer_id", 50, 0.5, "Half of the contacts are not known.", True)


@pytest.mark.parametrize(
    ("caution", "tables", "grade"),
    [
        (DOUBT, ("contacts", "transactions"), "B"),
        (DOUBT, ("rollout", "customers"), "A"),
        (replace(DOUBT, lowers=False), ("contacts",), "A"),
    ],
)
def test_only_a_caution_that_lowers_and_is_about_its_tables_counts(
    caution: Caution, tables: tuple[str, ...], grade: str
) -> None:
    assert grade_of("A", data_checks([caution], tables)) == grade


def test_what_is_about_another_campaign_is_left_aside() -> None:
    other = replace(DOUBT, about="spring")
    assert data_checks([other], ("contacts",), "wake") == ()
    assert data_checks([other], ("contacts",), "spring") == data_checks([DOUBT], ("contacts",), "wake")


def test_several_doubts_are_one_check_that_says_them_all() -> None:
    other = replace(DOUBT, text="Ids are written in two ways.")
    (check,) = data_checks([DOUBT, other], ("contacts",))
    assert check.detail == "Half of the contacts are not known. Ids are written in two ways."
