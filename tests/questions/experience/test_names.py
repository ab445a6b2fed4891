"""Names as parts of ids."""

from __future__ import annotations

from cxvalue.findings.finding import Finding
from cxvalue.questions.experience.names import id_parts


def test_every_name_makes_an_id_of_its_own() -> None:
    parts = id_parts(["Доставка на дом", "a.b", "a b", "?"])
    assert len(set(parts.values())) == 4
    for part in parts.values():
        Finding(f"experience.habituation.{part}.half_life", "half-life", 3)
