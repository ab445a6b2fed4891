"""The keys of a study whose tables are in an engine, and what does not go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cxvalue.foundation.errors import BadInput
from cxvalue.study import load_study_file

LINES = {"table": "sales.lines"}


def _read(folder: Path, tables: dict[str, Any], **settings: Any) -> Any:
    text = {"name": "s", "currency": "EUR", "gross_margin": 0.5, "tables": tables, **settings}
    (folder / "study.yml").write_text(yaml.safe_dump(text), encoding="utf-8")
    return load_study_file(folder / "study.yml")


def test_a_table_alone_is_one_of_the_engine(tmp_path: Path) -> None:
    small = {"rollout": {"path": "r.csv"}, "employees": {"path": "e.csv"}, "benchmarks": {"path": "b.csv"}}
    study = _read(tmp_path, {"transactions": LINES, **small}, engine="${W}")
    assert (study.engine, study.bring) == ("${W}", "purchases")
    assert [name for name, source in study.tables.items() if source.in_engine] == ["transactions"]


@pytest.mark.parametrize(
    ("tables", "settings", "words"),
    [
        ({"transactions": LINES}, {}, "the table 'sales.lines' is one of an engine, and none is named."),
        ({"transactions": LINES}, {"engine": "postgresql://me:secret@host/db"}, "${NAME} of an environment variable"),
        ({"transactions": {"path": "a.csv"}}, {"engine": "${W}"}, "is not in the study's engine"),
        ({"transactions": {"database": "${D}", "table": "a"}}, {"engine": "${W}"}, "is not in the study's engine"),
        (
            {"transactions": {**LINES, "read": {"decimal": ","}}},
            {"engine": "${W}"},
            "has 'read', which only files have.",
        ),
        ({"transactions": {**LINES, "once_per": "id"}}, {"engine": "${W}"}, "Make a view that does it"),
        (
            {"transactions": {**LINES, "columns": {"revenue": "=[a] - [b]"}}},
            {"engine": "${W}"},
            "Make a view that does it",
        ),
        ({"transactions": {**LINES, "package": "lifetimes"}}, {"engine": "${W}"}, "give exactly one of"),
        ({"transactions": LINES}, {"engine": "${W}", "bring": "lines"}, "Allowed: 'purchases'."),
        ({"transactions": LINES}, {"engine": "${W}", "work": {"write_back": "scores"}}, "such as crm.scores"),
        (
            {"transactions": LINES},
            {"engine": "${W}", "work": {"write_back": "a.b; DROP TABLE c"}},
            "such as crm.scores",
        ),
        *(
            (
                {"transactions": LINES},
                {"engine": "${W}", "work": {"write_back": place}},
                "names another engine, and scores go to the study's own alone",
            )
            for place in ("postgresql://u:hunter2@h/crm.scores", "${OTHER}", {"engine": "${OTHER}", "table": "a.b"})
        ),
        ({"transactions": LINES}, {"engine": "${W}", "work": {"writeback": "a.b"}}, "Did you mean 'write_back'?"),
        ({"transactions": LINES}, {"engine": "${W}", "work": {"write_back": "sales.lines"}}, "that the study reads"),
        (
            {"transactions": {"path": "a.csv"}},
            {"work": {"write_back": "crm.scores"}},
            "of an engine, and none is named",
        ),
    ],
)
def test_what_does_not_go_with_an_engine_is_refused(
    tmp_path: Path, tables: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, tables, **settings)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
