"""`python -m tests.hostile.fuzz study|table [MINUTES]`: input guided by coverage (atheris), until something is no refusal.

Needs the package atheris, which is no dependency. Says how many inputs were tried and how long the longest took; an input
that ends in anything but a table or a refusal in words stops it and is written to a file.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.hostile.studies import STUDIES
from tests.hostile.tables import CSV

SLOW_S = 20.0


class Tried:
    """Inputs tried so far, and the longest of them."""

    def __init__(self) -> None:
        self.inputs, self.longest_s, self.taken = 0, 0.0, 0

    def run(self, attempt: Callable[[bytes], bool], content: bytes) -> None:
        """Try an input; raises what is no refusal, and `TimeoutError` for what took too long."""
        began = time.process_time()  # other work on the machine is no fault of the input
        self.taken += attempt(content)
        seconds = time.process_time() - began
        self.inputs, self.longest_s = self.inputs + 1, max(self.longest_s, seconds)
        if seconds > SLOW_S:
            raise TimeoutError(f"{seconds:.1f} s for {content[:80]!r}")


def try_study(content: bytes) -> bool:
    """Read bytes as a study file; whether it was taken."""
    from cxvalue.foundation.errors import BadInput
    from cxvalue.study.reading import load_study_file

    path = FOLDER / "study.yml"
    path.write_bytes(content)
    try:
        load_study_file(path)
    except BadInput:
        return False
    return True


def try_table(content: bytes) -> bool:
    """Read bytes as a table of purchases, whatever kind of file they are; whether they were taken."""
    from cxvalue.engine.embedded import connect
    from cxvalue.foundation.errors import BadInput
    from cxvalue.study.source import TableSource
    from cxvalue.tables.read.parse import parse_table
    from cxvalue.tables.read.sources import read_table

    (FOLDER / "t").write_bytes(content)
    scratch = Path(tempfile.mkdtemp(dir=FOLDER))
    con = connect().con
    try:
        raw = read_table(con, "transactions", TableSource(path="t"), FOLDER, scratch)
        parse_table(con, raw, "EUR", None)
    except BadInput:
        return False
    finally:
        con.close()
        for left in scratch.iterdir():
            left.unlink()
        scratch.rmdir()
    return True


FOLDER = Path(tempfile.gettempdir())
SEEDS = {
    "study": [text if isinstance(text, bytes) else text.encode() for text in STUDIES.values() if len(text) < 4_000],
    "table": [
        CSV.encode()[:600],
        b'{"customer_id": "a", "date": "2024-01-01", "revenue": 5}\n' * 3,
        b"PAR1",
        b"PK\x03\x04",
    ],
}


def main() -> None:
    """Fuzz for so many minutes and print what came of it."""
    global FOLDER
    import atheris

    with atheris.instrument_imports(include=["cxvalue.study", "cxvalue.tables.read", "yaml"]):
        import cxvalue.study.reading
        import cxvalue.tables.read.sources  # noqa: F401
    kind = sys.argv[1]
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-")) / "shop"
    FOLDER.mkdir()
    corpus = FOLDER.parent / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS[kind]):
        (corpus / f"{number:04d}").write_bytes(seed)
    tried, attempt = Tried(), {"study": try_study, "table": try_table}[kind]
    end = time.monotonic() + 60 * minutes

    def once(content: bytes) -> None:
        tried.run(attempt, content)
        if time.monotonic() > end:
            print(
                f"{kind}: {tried.inputs:,} inputs, {tried.taken:,} taken, the others refused in words; longest ", end=""
            )
            print(f"{tried.longest_s:.2f} CPU s", flush=True)
            os._exit(0)  # the fuzzer takes any other end for a fault

    atheris.Setup([sys.argv[0], f"-artifact_prefix={FOLDER.parent}/", "-max_len=4096", str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
