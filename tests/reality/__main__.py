"""Forecasts on real logs beside what came: ``make reality LOGS=FOLDER CONTRACTS=FOLDER``, or ``python -m tests.reality``.

Two folders may follow, one of purchase logs ("" for none) and one of contracts; either part can be run without the other.

Without a folder it says what it wants and ends well. The forecasts are kept in a temporary folder: a second run is quick.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cxvalue.lifetime.evidence.reference import REFERENCE
from tests.reality import renewed
from tests.reality.contests import contest
from tests.reality.customers import customers_of, table
from tests.reality.learn import learn
from tests.reality.logs import log_files
from tests.reality.report import tables
from tests.reality.trials import trials_of

WANTED = (
    "make reality needs real purchases: LOGS=FOLDER, a folder of NAME.parquet with customer_id, date and revenue\n"
    "(empty where no amount is known), at least two logs. They are read where they are; nothing is written there."
)


def main(arguments: list[str]) -> None:
    """Judge both parts, print the tables and the constants to ship."""
    folder, contracts = (*arguments, "", "")[:2]
    if folder:
        purchases(folder)
    else:
        print(WANTED)
    renewed.main(contracts)


def purchases(folder: str) -> None:
    """The part about purchases."""
    files = log_files(Path(folder))
    if len(files) < 2:
        raise SystemExit(WANTED)
    logs = trials_of(files)
    learnt = learn([one.whole for one in logs])
    print(tables(contest(logs), learnt))
    print(f"\n{table(customers_of(files))}")
    print(f"\nTo ship in cxvalue/lifetime/evidence/reference.py:\n{learnt}\nShipped: {REFERENCE}")


if __name__ == "__main__":
    main(sys.argv[1:])
