"""All purchases as arrays kept beside the fits, so that no notebook reads and numbers them again."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from cxvalue.tables.purchase_log import PurchaseLog
from cxvalue.workspace.kept_arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "purchase_log"


def write_log(log: PurchaseLog, folder: Path) -> PurchaseLog:
    """Write all purchases up to the day of the fit; the same ones, opened where they were written."""
    write_arrays(folder / _FOLDER, {field.name: getattr(log, field.name) for field in fields(PurchaseLog)})
    return read_log(folder)


def read_log(folder: Path) -> PurchaseLog:
    """The purchases that `write_log` wrote."""
    return PurchaseLog(**read_arrays(folder / _FOLDER))
