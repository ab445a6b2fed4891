"""The notebooks about experience as a user gets them: a whole run of a simulated retailer whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxvalue.run.study_run import RunResult, run_study
from cxvalue.simulate import retailer, write_world
from cxvalue.simulate.retailer_draw import RetailerParameters
from tests.report.accessible import problems

CASES = ("C8", "C9", "C10", "C11", "C12", "C13", "C15", "C17", "C18")


@pytest.fixture(scope="module", params=[("60", "61", "62", "63"), ()], ids=["its own notebooks", "the whole report"])
def run(
    once: Callable[[str, Callable[[Path], Any]], Any], request: pytest.FixtureRequest
) -> tuple[RunResult, dict[str, float]]:
    """A retailer of 3,000 customers, published."""
    only = request.param

    def make(folder: Path) -> tuple[RunResult, dict[str, float]]:
        path = write_world(retailer(3000, 11, RetailerParameters(others=20_000)), folder / "myshops")
        result = run_study(path, out=folder / "reports", only=only)
        return result, json.loads((path.parent / "truth.json").read_text(encoding="utf-8"))

    made: tuple[RunResult, dict[str, float]] = once(f"retailer_run_{len(only)}", make)
    return made


def findings(result: RunResult) -> dict[str, dict[str, object]]:
    assert result.folder is not None
    return {one["id"]: one for one in json.loads((result.folder / "findings.json").read_text(encoding="utf-8"))}


def test_every_notebook_ran_and_none_complains(run: tuple[RunResult, dict[str, float]]) -> None:
    result, _ = run
    ended = {outcome.name: outcome.status for outcome in result.outcomes}
    for name in ("60_experience", "61_drivers", "62_scores", "63_staff"):
        assert ended[name] == "done", name
    assert result.folder is not None
    for path in (result.folder / "notebooks").glob("6*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not [out for cell in cells for out in cell.get("outputs", []) if out["output_type"] == "stream"], (
            path.name
        )


def test_everybody_can_read_the_pages(run: tuple[RunResult, dict[str, float]]) -> None:
    folder = run[0].folder
    assert folder is not None
    pages = [folder / "index.html", *(folder / "notebooks").glob("*.html")]
    assert not {path.name: found for path in pages if (found := problems(path.read_text(encoding="utf-8")))}


def test_every_case_has_findings_and_a_sentence_on_the_page(run: tuple[RunResult, dict[str, float]]) -> None:
    result, _ = run
    found = findings(result)
    own = {case: [one for one in found.values() if one["case"] == case and one["notebook"] >= "60"] for case in CASES}
    assert all(own.values()), {case for case, some in own.items() if not some}
    assert result.folder is not None
    page = (result.folder / "index.html").read_text(encoding="utf-8")
    for said in ("Of 100 complainers", "It is a link", "of all invited, reweighted", "their main shop",
                 "the gap to Rival", "is computed by its own owner", "Replacing the", "halves after"):  # fmt: skip
        assert said in page, said


def test_the_truth_is_met(run: tuple[RunResult, dict[str, float]]) -> None:
    result, truth = run
    found = findings(result)
    missed, judged = [], 0
    for name, value in truth.items():
        one = found.get(name)
        if one is None or one["value"] is None:
            continue
        judged += 1
        low, high = one["low"], one["high"]
        if not (low <= value <= (value if high is None else high)):  # type: ignore[operator]
            missed.append(name)
    assert judged >= 30
    assert len(missed) <= 0.2 * judged, missed  # they hang together: one store path, the same customers


def test_links_are_called_links_and_nobody_of_the_tiny_store_is_shown(run: tuple[RunResult, dict[str, float]]) -> None:
    result, _ = run
    found = findings(result)
    for name in ("experience.score.margin_per_point", "experience.level.high.margin", "experience.step.high.margin"):
        assert found[name]["grade"] == "D"
        assert "link" in str(found[name]["text"]).lower()
    for name, one in found.items():
        if name.startswith("experience.transition.") and one["value"] is not None:
            origin = str(one["text"]).split("(")[1].split()[0].replace(",", "")
            count = round(float(str(one["value"])) * int(origin))
            assert count == 0 or count >= 10, name
    assert result.folder is not None
    for path in (result.folder / "tables").glob("*.csv"):
        assert "store00" not in path.read_text(encoding="utf-8"), path.name
    for path in [result.folder / "index.html", *(result.folder / "notebooks").glob("6*.html")]:
        assert "store00" not in path.read_text(encoding="utf-8"), path.name
