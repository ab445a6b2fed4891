"""Whatever stands in a study file or a table: it is read, or refused in words."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxvalue.engine.embedded import connect
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.inert import inert_text
from cxvalue.study import StudyFile, load_study_file
from cxvalue.study.bounded_yaml import load_yaml
from cxvalue.study.source import TableSource
from cxvalue.tables.read.parse import parse_table
from cxvalue.tables.read.sources import read_table
from tests.hostile.fuzz import SEEDS

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.dates()
    | st.sampled_from(["ASK", "auto", "${X}", "=cmd|'/C calc'!A0", "../../x", "\x00", "9" * 400])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SOUND: dict[str, Any] = {
    "name": "shop",
    "currency": "EUR",
    "gross_margin": 0.4,
    "tables": {"transactions": {"path": "t.csv"}},
}


def read_study(text: str | bytes) -> StudyFile | BadInput:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "study.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        try:
            found: StudyFile | BadInput = load_study_file(path)
        except BadInput as refusal:
            found = refusal
        assert isinstance(found, StudyFile) or 0 < len(str(found)) < 20_000
        return found


@QUICK
@given(st.sampled_from(sorted(StudyFile.model_fields)), VALUES)
def test_any_value_of_any_key_is_taken_or_refused(key: str, value: Any) -> None:
    found = read_study(yaml.safe_dump({**SOUND, key: value}, allow_unicode=True))
    if isinstance(found, StudyFile):
        assert found.name
        assert found.model_dump_json()


@QUICK
@given(st.sampled_from(sorted(TableSource.model_fields)), VALUES)
def test_any_value_of_any_key_of_a_table_is_taken_or_refused(key: str, value: Any) -> None:
    read_study(yaml.safe_dump({**SOUND, "tables": {"transactions": {"path": "t.csv", key: value}}}))


@QUICK
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_study_or_refused(content: bytes) -> None:
    read_study(content)


@QUICK
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), VALUES, max_size=4))
def test_yaml_is_read_as_plain_yaml_reads_it(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value)
    assert repr(load_yaml(text)) == repr(yaml.safe_load(text))


CELLS = st.sampled_from(
    ["a", "", "2024-01-01", "31/12/2024", "5", "-1.5", "1e400", "nan", "=1+1", '"', "\x00", "é", "infinity"]
)
TABLES = st.lists(st.lists(CELLS | st.text(max_size=5), min_size=1, max_size=5), max_size=6).map(
    lambda rows: "customer_id,date,revenue\n" + "\n".join(",".join(row) for row in rows)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    TABLES.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=120) | st.sampled_from(SEEDS["table"])
)
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path, scratch = Path(folder), Path(folder) / "scratch"
        scratch.mkdir()
        (path / "t").write_bytes(content)
        engine = connect()
        try:
            raw = read_table(engine.con, "transactions", TableSource(path="t"), path, scratch)
            parse_table(engine.con, raw, "EUR", None)
        except BadInput as refusal:
            said = str(refusal)
        else:
            said = raw.relation
        finally:
            engine.con.close()
        assert 0 < len(said) < 20_000


@given(st.text(max_size=30))
def test_no_text_is_a_formula_and_none_is_lost(text: str) -> None:
    told = inert_text(text)
    assert told.removeprefix("'") == text.removeprefix("'") or told == f"'{text}"
    if told.startswith(("=", "@", "\t", "\r")):
        raise AssertionError(told)
    if told.startswith(("+", "-")):
        assert told[1:].strip().replace(".", "").replace(",", "").isdigit()
