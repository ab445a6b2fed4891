"""The purchases that a notebook opens are those that were read when the study was prepared."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from cxvalue.tables.purchase_log import PurchaseLog, purchase_log
from cxvalue.workspace.kept_log import read_log, write_log
from cxvalue.workspace.opened import Study


def same(one: PurchaseLog, other: PurchaseLog) -> None:
    for field in fields(PurchaseLog):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        assert mine.dtype == theirs.dtype, field.name
        assert np.array_equal(mine, theirs), field.name


def test_what_is_opened_is_what_was_written(tmp_path: Path) -> None:
    margin = np.array([1.0, np.nan, 0.1 + 0.2])
    log = PurchaseLog.of(np.array([4, 4, 9]), np.array([10, 12, 11]), np.array([2.0, 1 / 3, 1.0]), margin)
    same(write_log(log, tmp_path), log)
    same(read_log(tmp_path), log)


def test_a_notebook_opens_the_purchases_of_the_tables(sample: Study) -> None:
    same(sample.log, purchase_log(sample.purchases, sample.cltv.as_of))
