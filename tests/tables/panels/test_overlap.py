"""Who was under which programme: by the engine as counted by hand, and what is wrong with a holdout."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.programmes.joint import measure_portfolio, refuse_treated
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate import bank, write_world
from cxvalue.simulate.bank_draw import BankParameters, draw_bank
from cxvalue.study.money import UniversalHoldout
from cxvalue.tables.panels.overlap import contacted_under, holdout_panel, path_panel, programme_paths
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare
from tests.calibration.portfolio import path_panel_of, paths_of
from tests.conftest import no_forecast

TRUE = BankParameters(branches=40, months=20, second_share=0.5, second_follows=0.4)
CUSTOMERS = 700


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("two")
    world = bank(CUSTOMERS, 3, TRUE)
    world.tables["customers"]["group"] = np.where(np.arange(CUSTOMERS) % 10 == 0, "held", "open")
    with no_forecast(folder / "cache"):
        return Study(prepare(write_world(world, folder / "mybank")), None)


def tables_of(study: Study, name: str):
    return study.table(name) if name in study.tables.paths else None


def sources_of(study: Study):
    def table(name):
        return tables_of(study, name)

    tables = StudyTables(study.file, table, study.as_of, study.observed_from)
    return [tables.source(one) for one in study.file.programmes]


def test_the_engine_counts_as_customers_are_counted_one_by_one(study):
    drawn = draw_bank(CUSTOMERS, 3, TRUE)
    found, by_hand = programme_paths(sources_of(study)), paths_of(drawn)
    expected = by_hand.by_state([0, 1])
    assert found.by_state([0, 1]).keys() == expected.keys()
    for state, by_month in found.by_state([0, 1]).items():
        assert by_month.tolist() == expected[state].tolist()
    assert len(found.customers) < 0.7 * CUSTOMERS
    mask = found.treated(0) & found.treated(1)
    assert study.portfolio.shared[0][1] == pytest.approx(
        (found.customers @ mask).sum() / (found.customers @ found.treated(0)).sum()
    )


def test_the_panel_of_both_programmes_is_the_one_from_memory(study):
    found, by_hand = path_panel(sources_of(study), "margin"), path_panel_of(draw_bank(CUSTOMERS, 3, TRUE))
    assert found.panel.customers.sum() == by_hand.panel.customers.sum()
    assert found.panel.total.sum() == pytest.approx(by_hand.panel.total.sum(), abs=1.0)
    assert found.starts.tolist() == by_hand.starts.tolist()
    assert sorted(found.panel.start.tolist()) == sorted(by_hand.panel.start.tolist())


def test_the_ledger_has_every_customer_month_once(study):
    portfolio = study.portfolio
    whole = sum(line.customer_months for line in portfolio.ledger)
    found = programme_paths(sources_of(study))
    assert whole == pytest.approx((found.customers @ (found.treated(0) | found.treated(1))).sum())
    assert sum(line.counted for line in portfolio.ledger) == pytest.approx(portfolio.margin)
    assert sum(line.claimed for line in portfolio.ledger) == pytest.approx(portfolio.claimed)
    assert sum(one.credited for one in portfolio.credits) == pytest.approx(portfolio.margin)


def test_a_holdout_needs_its_column_and_its_customers(study):
    source = sources_of(study)[0]
    day = study.observed_from.replace(year=study.observed_from.year + 1)
    panel = holdout_panel(source, "group", "held", day)
    assert panel.treated.any()
    assert (~panel.treated).any()
    with pytest.raises(BadInput, match=r"not (in|a column of) the table 'customers'.*group"):
        holdout_panel(source, "grup", "held", day)
    with pytest.raises(BadInput, match="no customer has group = 'nobody'"):
        holdout_panel(source, "group", "nobody", day)
    with pytest.raises(BadInput, match="needs the table 'customers'"):
        holdout_panel(replace(source, customers=None), "group", "held", day)


def test_customers_of_a_campaign_under_a_programme(study):
    drawn = draw_bank(CUSTOMERS, 3, TRUE)
    ids = [f"B{number:07d}" for number in range(CUSTOMERS)]
    rows = pd.DataFrame(
        {"customer_id": ids, "date": pd.Timestamp(study.as_of).date(), "campaign": "wake",
         "arm": np.where(np.arange(CUSTOMERS) % 5 == 0, "control", "mail")}
    )  # fmt: skip
    contacts = study._connection.create_table("contacted", rows, temp=True)
    found = contacted_under(contacts, "wake", None, sources_of(study))
    contacted = np.arange(CUSTOMERS) % 5 != 0
    last = drawn.parameters.months - 1
    under = [
        int((contacted & (day >= 0) & (drawn.acquired < day) & (start >= 0) & (start <= last)).sum())
        for day, start in ((drawn.start_day, drawn.start), (drawn.second.start_day, drawn.second.start))
    ]
    assert found == [int(contacted.sum()), *under]


def test_customers_held_out_of_everything_measure_the_whole(study):
    # The group is drawn by itself here, so that nothing is the truth: what the programmes claim is cut to it.
    held = UniversalHoldout(column="group", value="held")
    declared = study.file.model_copy(update={"universal_holdout": held})
    sources = [replace(one, customers=one.customers.filter(one.customers.group != "held")) for one in sources_of(study)]
    found = measure_portfolio(declared, study.programmes, sources, lambda name: tables_of(study, name)).holdout
    assert found.low < 0 < found.high
    assert found.held_out < 0.2 * found.customers
    people = study.table("customers")
    given = people.select(programme=ibis.literal("mail"), unit=people.customer_id, start=ibis.literal(study.as_of))
    mail = replace(sources[0], unit="customer_id", rollout=given, customers=people, programme="mail")
    with pytest.raises(BadInput, match="are held out of everything and have a start"):
        refuse_treated([mail], "group", "held", people)


def test_a_holdout_leaves_the_panels_of_units(study):
    declared = study.file.model_copy(update={"universal_holdout": UniversalHoldout(column="group", value="held")})
    tables = StudyTables(declared, lambda name: tables_of(study, name), study.as_of, study.observed_from)
    source = tables.source(declared.programmes[0])
    people = source.customers.count().to_pyarrow().as_py()
    assert people == CUSTOMERS - CUSTOMERS // 10
