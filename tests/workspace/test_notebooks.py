"""What each notebook needs of a study."""

from __future__ import annotations

import cxvalue
from cxvalue.study import find_study, load_study_file
from cxvalue.workspace.notebooks import NOTEBOOKS


def test_every_notebook_can_be_had_by_some_bundled_study_and_not_by_every_one() -> None:
    files = [load_study_file(find_study(name)) for name in cxvalue.studies().index]
    for spec in NOTEBOOKS:
        refused = [
            bool(spec.refusal(file.name, file.contract, file.tables, ("campaigns", "programmes"))) for file in files
        ]
        assert not all(refused), spec.name
        assert any(refused) or spec.name == "00_data_check", spec.name
