"""The study file: what a company wants to know, of which tables, under which assumptions.

file          the frozen `StudyFile`, key by key
reading       `load_study_file`: one file in, one `StudyFile` or every problem of it out
bounded_yaml  YAML of a bounded size, with every fault in plain words
source        where a table comes from, and how a text file is written
money         amounts with a range, costs, benefits, criteria, risks
experience    metrics of the surveys, touchpoints, what counts as a level or as a fast answer
currencies    currencies by code and sign, exchange rates and time zones
problems      what pydantic finds wrong, in an analyst's words
consistency   settings that are each legal but contradict one another
places        which files a table comes from, found without opening any of them
fingerprints  content hashes of what a study reads, and of code
find          from a name, a folder or a file to the study file
"""

from cxvalue.study.file import (
    LATEST_COMPLETE_MONTH,
    TABLE_NAMES,
    Campaign,
    Programme,
    Simulated,
    StudyFile,
)
from cxvalue.study.find import find_study, list_studies, project_root
from cxvalue.study.reading import load_study_file
from cxvalue.study.source import IdRules, ReadOptions, TableSource

__all__ = [
    "LATEST_COMPLETE_MONTH",
    "TABLE_NAMES",
    "Campaign",
    "IdRules",
    "Programme",
    "ReadOptions",
    "Simulated",
    "StudyFile",
    "TableSource",
    "find_study",
    "list_studies",
    "load_study_file",
    "project_root",
]
