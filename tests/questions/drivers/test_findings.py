"""The sentences of drivers, link and KPIs: what is a link is called one."""

from __future__ import annotations

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.drivers.findings import driver_findings, kpi_findings, link_findings
from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.kpi_tree import Branch
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.study.experience import MetricRules
from tests.questions.drivers.test_importance import drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn


def test_importance_says_how_much_all_drivers_explain() -> None:
    importance = fit_importance(drawn(1))
    assert importance is not None
    found = {one.id: one for one in driver_findings(importance, level=0.95)}
    assert set(found) == {f"experience.driver.{n}.{k}" for n in ("first", "second") for k in ("share", "slope")}
    one = found["experience.driver.first.share"]
    assert "they explain 5" in one.text  # R² is 5 of 9 at these noises
    assert "pure noise would get" in one.method
    assert (one.grade, one.case) == ("D", "C10")


def test_a_link_is_always_called_one_and_names_forward_and_mirror() -> None:
    for effect in (0.0, 20.0):
        link = fit_link(link_drawn(2, effect=effect))
        found = link_findings(link, (Interval(0.5, 0.4, 0.6), 300), main="overall", currency="EUR", level=0.95)
        assert [one.id for one in found] == ["experience.score.margin_per_point", "experience.score.reliability"]
        assert "link" in found[0].text
        assert "effect" not in found[0].text
        assert "mirror" in found[0].method
        assert ("No link" in found[0].text) == (effect == 0.0)
    words = {"main": "overall", "currency": "EUR", "level": 0.95}
    told = link_findings(link, None, **words, a_point="A point is so much.")[0].text
    assert "). A point is so much. It is a link" in told
    missing = link_findings(None, None, main="overall", currency="EUR", level=0.95)
    assert [one.value for one in missing] == [None]
    assert "two observed years before" in missing[0].text


def test_whoever_owns_a_kpi_must_not_compute_it() -> None:
    branch = Branch("shops", {"store": 300}, Interval(5.0, -1.0, 11.0))
    metrics = {"store": MetricRules(owner="shops", computed_by="shops"), "web": MetricRules(owner="it", computed_by="bi"),
               "nobody": MetricRules()}  # fmt: skip
    found = {one.id: one for one in kpi_findings([branch], metrics, currency="EUR", level=0.95)}
    assert set(found) == {"experience.kpi.shops.margin_per_point", "experience.kpi.store.owner_computes"}
    assert "is computed by its own owner" in found["experience.kpi.store.owner_computes"].text
    told = kpi_findings([branch], metrics, currency="EUR", level=0.95, a_point="A point is so much.")[0]
    assert told.text.endswith("A link. A point is so much.")
    assert "A link" in found["experience.kpi.shops.margin_per_point"].text
