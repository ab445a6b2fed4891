"""Five million contacts and five million offers: seconds and peak memory.

``python -m tests.bench.campaigns [rows] [contacts|offers]``

Each half runs in a process of its own, so that the peak is its own; ``quick`` for rows stands for 50,000. The promise is
60 s and 4 GB on two cores for 5,000,000 rows.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from tests.bench import peak_mb

ROWS, QUICK = 5_000_000, 50_000


def make(folder: Path, rows: int, what: str) -> None:
    """Write the tables of one half as parquet."""
    con = duckdb.connect()
    con.execute("select setseed(0.5)")

    def write(name: str, query: str) -> None:
        con.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet)")

    if what == "offers":
        visit = (
            f"select range as v, random() - 0.35 as needs, 20 + 40 * random() as worth from range({int(rows / 2.2)})"
        )
        write(
            "offers",
            f"with visits as ({visit}), rungs as (select * from (values (1, 0.05), (2, 0.1), (3, 0.2)) as r(rung, depth)) "
            "select 'c' || v % 500000 as customer_id, date '2025-01-01' + (v % 500)::int as date, rung, depth, "
            "needs <= depth as accepted, 'v' || v as occasion_id, worth as basket_value, worth / 2 as basket_margin "
            "from visits, rungs where rung = 1 or needs > case rung when 2 then 0.05 else 0.1 end",
        )
        return
    write(
        "contacts",
        f"select 'c' || range as customer_id, date '2025-06-01' + (range % 14)::int as date, 'spring' as campaign, "
        f"case when random() < 0.3 then 'no' else 'mail' end as arm, 0.5 as cost from range({rows})",
    )
    write(
        "purchases",
        f"select distinct on (customer_id, date) 'c' || (random() * {rows})::bigint as customer_id, "
        "date '2024-01-01' + (random() * 720)::int as date, 10 + 60 * random() as revenue, 10 * random() as margin "
        f"from range({2 * rows})",
    )


def run(folder: Path, what: str) -> str:
    """Answer one half and say in words what it took."""
    from cxvalue.engine.embedded import connect
    from cxvalue.questions.campaigns import campaign_data, campaign_result
    from cxvalue.questions.discounts import analyse, occasions_of

    start, con = time.perf_counter(), connect()
    if what == "offers":
        data = occasions_of(con.read_parquet(folder / "offers.parquet"))
        found = analyse(data)
        assert found.flat is not None
        said = f"{data.total:,.0f} occasions, best depth {found.optimal_depth.value:.2%}" if found.optimal_depth else ""
    else:
        contacts, bought = (con.read_parquet(folder / f"{name}.parquet") for name in ("contacts", "purchases"))
        rows = campaign_data(contacts, bought, name="spring", control="no", window_days=90, as_of=date(2025, 12, 20))
        result = campaign_result(rows, expected_share=0.3)
        said = f"{len(rows.arm):,} customers, uplift {result.return_uplift.value:+.3%}" if result.return_uplift else ""
    peak = peak_mb(resource.getrusage(resource.RUSAGE_SELF)) / 1024
    return f"{what}: {time.perf_counter() - start:.1f} s, peak {peak:.2f} GB ({said})"


def main(rows: str = str(ROWS), what: str = "", folder: str = "") -> None:
    """Make the tables and time both halves, or one."""
    if folder:
        print(run(Path(folder), what), flush=True)
        return
    number = QUICK if rows == "quick" else int(rows)
    for half in (what,) if what else ("contacts", "offers"):
        with tempfile.TemporaryDirectory() as made:
            make(Path(made), number, half)
            subprocess.run([sys.executable, "-m", "tests.bench.campaigns", str(number), half, made], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
