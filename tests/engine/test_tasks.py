"""What the questions ask of tables, asked of the same tables in PostgreSQL and in Spark: equal to the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cxvalue.engine.opening import open_warehouse
from tests.engine.helpers import VARIABLE, AnyEngine, OnPostgres, OnSpark
from tests.engine.tasks import FITS, TASKS, There, asked, canonical_tables, differing, embedded


@pytest.fixture(scope="module")
def canonical(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    return canonical_tables(tmp_path_factory.mktemp("shop") / "files")


@pytest.fixture(scope="module")
def here(canonical: dict[str, pa.Table]) -> There:
    return embedded(canonical)


@pytest.fixture(scope="module")
def answers(here: There) -> Callable[[str], Any]:
    """What the embedded engine says of a task, asked once."""
    return cache(lambda name: asked((TASKS | FITS)[name], here))


@pytest.fixture(
    scope="module",
    params=[pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("spark", marks=pytest.mark.spark)],
)
def there(
    request: pytest.FixtureRequest, canonical: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[There]:
    engine: AnyEngine
    if request.param == "postgres":
        engine = OnPostgres.made(request.getfixturevalue("postgres"))
    else:
        engine = OnSpark(request.getfixturevalue("spark"), tmp_path_factory.mktemp("spark"))
    places = {name: engine.put(name, table) for name, table in canonical.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, engine.address)
        warehouse = open_warehouse(f"${{{VARIABLE}}}")
    yield There(warehouse.con, lambda name: warehouse.table(places[name], "tables"))
    warehouse.close()
    engine.drop()


@pytest.mark.parametrize("task", TASKS)
def test_a_task_says_the_same_in_every_engine(task: str, there: There, answers: Callable[[str], Any]) -> None:
    expected, found = answers(task), asked(TASKS[task], there)
    assert list(found) == list(expected)
    assert len(expected) > 0
    for place, value in expected.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            np.testing.assert_allclose(found[place], value, rtol=1e-9, atol=1e-9, err_msg=place)
        else:
            np.testing.assert_array_equal(found[place], value, err_msg=place)


@pytest.mark.parametrize("task", FITS)
def test_an_optimiser_says_the_same_of_what_came_over(task: str, there: There, answers: Callable[[str], Any]) -> None:
    assert differing(answers(task), asked(FITS[task], there), 1e-6)[0] == []


def test_differences_are_found() -> None:
    one = {"/a": np.array([1.0, np.nan, 1e6]), "/b": np.array(["x"])}
    assert differing(one, dict(one), 0.0) == ([], 0.0)
    assert differing(one, one | {"/a": np.array([1.0, np.nan, 1e6 + 1e-4])}, 1e-9)[0] == []
    for other in ([1.0, np.nan, 1e6 + 1.0], [1.0, 2.0, 1e6], [np.nan, np.nan, 1e6], [1.0, np.inf, 1e6], [1.0]):
        assert differing(one, one | {"/a": np.array(other)}, 1e-9)[0] == ["/a"]
    assert differing(one, one | {"/b": np.array(["y"])}, 1e-9)[0] == ["/b"]
    assert differing(one, {"/a": one["/a"]}, 1e-9)[0] != []
    assert differing({}, {}, 1e-9)[0] != []
