"""Files of tables that are no tables, lie about what they are, or never end; by what is wrong with them.

Each is made in an empty folder and answers with the settings of the table ``transactions``.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.workbooks import write_workbook

Make = Callable[[Path], str]

ROWS = 400
COLUMNS = {
    "customer_id": [f"c{n % 40}" for n in range(ROWS)],
    "date": [date(2024, 1 + n % 12, 1 + n % 28) for n in range(ROWS)],
    "revenue": [10.0 + n % 7 for n in range(ROWS)],
}
CSV = "customer_id,date,revenue\n" + "".join(f"{c},{d},{r}\n" for c, d, r in zip(*COLUMNS.values(), strict=True))


def _bytes(content: bytes | str, settings: str = "path: t.csv", name: str = "t.csv") -> Make:
    def make(folder: Path) -> str:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return f"{{{settings}}}"

    return make


def _read(options: str) -> Make:
    return _bytes(CSV, f"path: t.csv, read: {{{options}}}")


def _only(settings: str) -> Make:
    """A sound file, and settings that do not suit it."""
    return _bytes(CSV, settings)


def _parquet(damage: Callable[[bytearray], bytes] | None = None, **columns: object) -> Make:
    def make(folder: Path) -> str:
        path = folder / "t.parquet"
        pq.write_table(pa.table({**COLUMNS, **columns}), path, compression="snappy")
        if damage is not None:
            path.write_bytes(damage(bytearray(path.read_bytes())))
        return "{path: t.parquet}"

    return make


def _overwritten(begin: int, length: int, value: int = 0xFF) -> Callable[[bytearray], bytes]:
    def damage(content: bytearray) -> bytes:
        start = begin if begin >= 0 else len(content) + begin
        content[start : start + length] = bytes([value]) * length
        return bytes(content)

    return damage


def _query(query: str) -> Make:
    def make(folder: Path) -> str:
        (folder / "t.csv").write_text(CSV, encoding="utf-8")
        return f"{{files: {{t: t.csv}}, query: {json.dumps(query)}}}"

    return make


def _zip(entries: dict[str, bytes], settings: str = "path: t.zip", **options: int) -> Make:
    def make(folder: Path) -> str:
        with zipfile.ZipFile(folder / "t.zip", "w", **options) as archive:  # type: ignore[arg-type]
            for name, content in entries.items():
                archive.writestr(name, content)
        return f"{{{settings}}}"

    return make


def _sparse(folder: Path) -> str:
    with (folder / "t.csv").open("wb") as file:
        file.truncate(8 * 2**30)
    return "{path: t.csv}"


def _sparse_after_a_header(folder: Path) -> str:
    with (folder / "t.csv").open("wb") as file:
        file.write(CSV.encode())
        file.truncate(8 * 2**30)
    return "{path: t.csv}"


def _sparse_parquet(folder: Path) -> str:
    with (folder / "t.parquet").open("wb") as file:
        file.write(b"PAR1")
        file.truncate(2**30)
    return "{path: t.parquet}"


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "t.csv")
    return "{path: t.csv}"


def _link_to_itself(folder: Path) -> str:
    (folder / "t.csv").symlink_to("t.csv")
    return "{path: t.csv}"


def _folder_of_itself(folder: Path) -> str:
    (folder / "in").mkdir()
    (folder / "in" / "again").symlink_to("..")
    return "{path: '**/*.nothing'}"


def _unreadable_name(folder: Path) -> str:
    target = os.fsencode(folder) + b"/orders_\xff\xfe.csv"
    with open(target, "wb") as file:
        file.write(b"customer_id,date\n1,2\n")
    return "{path: 'orders_*.csv'}"


def _sqlite_of_blobs(folder: Path) -> str:
    with sqlite3.connect(folder / "t.db") as con:
        con.execute("create table t (customer_id blob, date text, revenue real)")
        con.executemany("insert into t values (?, '2024-01-01', 1)", [(bytes([0, 255, n]),) for n in range(9)])
    con.close()
    return "{path: t.db}"


def _sqlite_damaged(folder: Path) -> str:
    (folder / "t.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4000)
    return "{path: t.db}"


def _workbook(cut: int) -> Make:
    def make(folder: Path) -> str:
        rows = [list(COLUMNS), *zip(*COLUMNS.values(), strict=True)]
        write_workbook(folder / "t.xlsx", {"Orders": rows})
        content = (folder / "t.xlsx").read_bytes()
        (folder / "t.xlsx").write_bytes(content[: len(content) * cut // 100])
        return "{path: t.xlsx}"

    return make


def _gzip_bomb(folder: Path) -> str:
    with gzip.open(folder / "t.csv.gz", "wb") as file:
        file.write(b"customer_id,date,revenue\n")
        for _ in range(16):
            file.write(bytes(2**20))
    return "{path: t.csv.gz}"


WIDE = ",".join(["customer_id", "date", "revenue", *(f"x{n}" for n in range(100_000))])
FILES: dict[str, Make] = {
    "an empty file": _bytes(""),
    "blank lines only": _bytes("\n\n  \n"),
    "a header only": _bytes("customer_id,date,revenue\n"),
    "no header": _bytes("a,2024-01-01,5\n"),
    "NUL everywhere": _bytes(bytes(5000)),
    "a NUL in a cell": _bytes(CSV + "c1\x00,2024-01-01,5\n"),
    "a NUL in the header": _bytes(CSV.replace("revenue", "reve\x00nue", 1)),
    "bytes of chance": _bytes(bytes(range(256)) * 20),
    "an image": _bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    "a program": _bytes(b"\x7fELF" + bytes(range(256))),
    "a PDF": _bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "a web page": _bytes("<!DOCTYPE html><table><tr><td>customer_id</td></tr></table>"),
    "XML with entities": _bytes('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa">]><l>&a;</l>'),
    "a pickle": _bytes(b"\x80\x04\x95\x1a\x00\x00\x00cos\nsystem\n(S'id'\ntR."),
    "a field of two hundred thousand characters": _bytes(
        f"customer_id,date,revenue,{'h' * 200_000}\na,2024-01-01,5,1\n"
    ),
    "a quoted field of two hundred thousand characters": _bytes(
        f'customer_id,date,revenue,"{"h" * 200_000}"\na,2024-01-01,5,1\n'
    ),
    "a hundred thousand columns": _bytes(f"{WIDE}\n{WIDE}\n"),
    "one line of thirty-four million characters": _bytes("customer_id,date,revenue\n" + "x" * 34_000_000),
    "a quote that never closes": _bytes('customer_id,date,revenue\n"a,2024-01-01,5\n' + CSV),
    "the wrong number of fields": _bytes("customer_id,date,revenue\na,2024-01-01\n"),
    "columns of one name": _bytes("customer_id,customer_id,revenue\na,b,5\n"),
    "headings that are blank": _bytes(",,\na,2024-01-01,5\n"),
    "30 February": _bytes("customer_id,date,revenue\na,2025-02-30,5\n"),
    "month 13": _bytes("customer_id,date,revenue\na,2025-13-01,5\n"),
    "year 10000": _bytes("customer_id,date,revenue\na,10000-01-01,5\n"),
    "year 294247": _bytes("customer_id,date,revenue\na,294247-01-01,5\n"),
    "year 0": _bytes("customer_id,date,revenue\na,0000-01-01,5\n"),
    "a date before Christ": _bytes("customer_id,date,revenue\na,-4712-01-01,5\n"),
    "a day to come": _bytes("customer_id,date,revenue\na,2999-01-01,5\n"),
    "infinity as a date": _bytes("customer_id,date,revenue\na,infinity,5\n"),
    "an amount of 1e300": _bytes(CSV + "c1,2024-01-01,1e300\nc2,2024-01-01,1e300\n"),
    "an amount of 1e308 twice": _bytes(CSV + "c1,2024-01-01,1e308\nc1,2024-01-01,1e308\n"),
    "an amount of 1e400": _bytes(CSV + "c1,2024-01-01,1e400\n"),
    "an amount of five thousand digits": _bytes(CSV + f"c1,2024-01-01,{'9' * 5000}\n"),
    "an infinite amount": _bytes(CSV + "c1,2024-01-01,inf\n"),
    "an amount in words": _bytes(CSV + "c1,2024-01-01,much\n"),
    "an amount that is a formula": _bytes(CSV + "c1,2024-01-01,=1+1\n"),
    "a hexadecimal amount": _bytes(CSV + "c1,2024-01-01,0x10\n"),
    "an id of nothing": _bytes(CSV + ",2024-01-01,5\n"),
    "ids in scientific notation": _bytes("customer_id,date,revenue\n4.47E+12,2024-01-01,5\n4.48E+12,2024-01-02,5\n"),
    "dates of two readings": _bytes("customer_id,date,revenue\na,02/03/2024,5\nb,03/04/2024,5\n"),
    "numbers of two readings": _bytes('customer_id,date,revenue\na,2024-01-01,"1,588"\n'),
    "not UTF-8": _bytes(CSV.encode() + b"c\xff\xfe,2024-01-01,5\n"),
    "UTF-16 that breaks off": _bytes(CSV.encode("utf-16")[:-1]),
    "UTF-32": _bytes(CSV.encode("utf-32")),
    "lone surrogates": _bytes(CSV.encode() + b"c\xed\xa0\x80,2024-01-01,5\n"),
    "a sparse file of zeros": _sparse,
    "a sparse file after a table": _sparse_after_a_header,
    "a sparse parquet file": _sparse_parquet,
    "no file": _only("path: orders.csv"),
    "a folder without files": lambda folder: (folder / "in").mkdir() or "{path: in}",
    "a pipe": _fifo,
    "a device without an end": _only("path: /dev/zero"),
    "a device of chance": _only("path: /dev/urandom"),
    "a terminal": _only("path: /dev/tty"),
    "a file of the system": _only("path: /proc/self/mem"),
    "a link to itself": _link_to_itself,
    "a folder that holds itself": _folder_of_itself,
    "a name that is not UTF-8": _unreadable_name,
    "a name of 300 letters": _only(f"path: {'n' * 300}.csv"),
    "a path of 10,000 letters": _only(f"path: {'n/' * 5000}t.csv"),
    "a path with a NUL": _only('path: "t\\0.csv"'),
    "a path with a line end": _only('path: "t\\n.csv"'),
    "a path of nothing": _only("path: ''"),
    "a pattern of stars": _only(f"path: '{'*/' * 60}*.csv'"),
    "a pattern that is broken": _only("path: '[a-.csv'"),
    "a pattern of the whole disk": _only("path: '**'"),
    "a home that is none": _only("path: ~nobody_here/t.csv"),
    "an encoding that is none": _read("encoding: klingon"),
    "an encoding of letters turned": _read("encoding: rot13"),
    "an encoding of base64": _read("encoding: base64"),
    "an encoding of zip": _read("encoding: zip"),
    "an encoding of hex": _read("encoding: hex"),
    "an encoding of quoted printable": _read("encoding: quopri"),
    "an encoding that is undefined": _read("encoding: undefined"),
    "an encoding of names": _read("encoding: idna"),
    "an encoding of Punycode": _read("encoding: punycode"),
    "an encoding with a NUL": _read('encoding: "utf\\0-8"'),
    "an encoding of nothing": _read("encoding: ''"),
    "an encoding that leads out": _read("encoding: ../../os"),
    "an encoding of a thousand letters": _read(f"encoding: {'u' * 1000}"),
    "an encoding in Cyrillic": _read("encoding: утф"),
    "the wrong encoding": _read("encoding: utf-16"),
    "a delimiter of NUL": _read('delimiter: "\\0"'),
    "a delimiter of a line end": _read('delimiter: "\\n"'),
    "a delimiter of a quote": _read("delimiter: '\"'"),
    "a delimiter of letters": _read("delimiter: customer"),
    "a date format that is broken": _read("date_format: '%'"),
    "a date format of nothing known": _read("date_format: '%Q'"),
    "a date format of a thousand signs": _read(f"date_format: '{'%d' * 500}'"),
    "a date format with a quote": _read('date_format: "%d\'); drop table x; --"'),
    "parquet that is text": _read("format: parquet"),
    "parquet with a list of amounts": _parquet(revenue=[[1.0]] * ROWS),
    "parquet with structures as ids": _parquet(customer_id=[{"a": 1}] * ROWS),
    "parquet with maps": _parquet(customer_id=pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64()))),
    "parquet with truths as dates": _parquet(date=[True] * ROWS),
    "parquet with numbers as dates": _parquet(date=[1.5] * ROWS),
    "parquet with amounts of nothing": _parquet(revenue=pa.array([None] * ROWS, pa.float64())),
    "parquet with amounts of 1e300": _parquet(revenue=[1e300] * ROWS),
    "parquet with dates beyond 9999": _parquet(date=pa.array([3_000_000] * ROWS, pa.int32()).cast(pa.date32())),
    "parquet with moments beyond 9999": _parquet(date=pa.array([2**62] * ROWS, pa.timestamp("us"))),
    "parquet with moments before all time": _parquet(date=pa.array([-(2**62)] * ROWS, pa.timestamp("us"))),
    "parquet with hours as dates": _parquet(date=[datetime(2024, 1, 1, 5).time()] * ROWS),
    "parquet without rows": _parquet(
        customer_id=pa.array([], pa.string()), date=pa.array([], pa.date32()), revenue=pa.array([], pa.float64())
    ),
    "parquet with corrupt pages": _parquet(_overwritten(20, 40)),
    "parquet with a corrupt footer": _parquet(_overwritten(-60, 40)),
    "parquet with a lying length": _parquet(_overwritten(-8, 4, 0x7F)),
    "parquet that breaks off": _parquet(lambda content: bytes(content[: len(content) // 2])),
    "parquet of a start only": _bytes(b"PAR1", "path: t.parquet", "t.parquet"),
    "parquet that is encrypted": _bytes(b"PARE" + bytes(100) + b"PARE", "path: t.parquet", "t.parquet"),
    "a package that is none": _only("package: no_such_package_here, path: t.csv"),
    "a package with a leading dot": _only("package: .numpy, path: t.csv"),
    "a package of dots": _only("package: ..., path: t.csv"),
    "a package of nothing": _only("package: '', path: t.csv"),
    "a package with a slash": _only("package: ../../etc, path: passwd"),
    "a package with a NUL": _only('package: "a\\0", path: t.csv'),
    "a package of a thousand letters": _only(f"package: {'p' * 1000}, path: t.csv"),
    "a database that is not named": _only("database: '${CXVALUE_NOT_THERE}', table: t"),
    "a query of nothing": _query(""),
    "a query that is broken": _query("select from where"),
    "two queries": _query("select * from t; select 1"),
    "a query that writes": _query("create table x as select 1"),
    "a query that copies": _query("copy t to '/tmp/x'"),
    "a query that reads a file": _query("select * from read_csv('/etc/passwd')"),
    "a query that reads a path": _query("select * from '/etc/passwd'"),
    "a query that reads text": _query("select content as customer_id from read_text('/etc/passwd')"),
    "a query that attaches": _query("attach '/tmp/x.db'"),
    "a query that installs": _query("install httpfs"),
    "a query that sets": _query("set memory_limit = '100GB'"),
    "a query of settings": _query("select * from duckdb_settings()"),
    "a query of a variable": _query("select getenv('PATH') as customer_id from t"),
    "a query of another table": _query("select * from information_schema.tables"),
    "a query without an end": _query(
        "with recursive r as (select 1 as n union all select n + 1 from r) select n as customer_id from r"
    ),
    "a cross join": _query("select a.* from t a, t b, t c, t d"),
    "a range of a trillion": _query("select unnest(range(1000000000000)) as customer_id from t"),
    "a list without an end": _query("select unnest(range(3000000000)) as customer_id from t"),
    "a text without an end": _query("select repeat('x', 2000000000) as customer_id, date, revenue from t"),
    "a query of a thousand brackets": _query(f"select {'(' * 3000}1{')' * 3000} as customer_id from t"),
    "a query that divides by zero": _query("select customer_id / 0 as customer_id from t"),
    "a zip of nothing": _zip({}),
    "a zip that leads out": _zip({"../../t.csv": CSV.encode()}),
    "a zip of an absolute path": _zip({"/etc/t.csv": CSV.encode()}),
    "a zip of zips": _zip({"t.zip": b"PK\x03\x04" + bytes(30)}),
    "a zip that is a bomb": _zip({"t.csv": bytes(40 * 2**20)}, compression=zipfile.ZIP_DEFLATED),
    "a zip that breaks off": _bytes(b"PK\x03\x04" + bytes(30), "path: t.zip", "t.zip"),
    "gzip that is a bomb of zeros": _gzip_bomb,
    "gzip that breaks off": _bytes(gzip.compress(CSV.encode())[:-20], "path: t.csv.gz", "t.csv.gz"),
    "zstd that is none": _bytes(b"\x28\xb5\x2f\xfd" + bytes(20), "path: t.zst", "t.zst"),
    "JSON that breaks off": _bytes('{"customer_id": "a", "date": ', "path: t.json", "t.json"),
    "JSON of a million brackets": _bytes("[" * 1_000_000, "path: t.json", "t.json"),
    "JSON with lists": _bytes(
        '{"customer_id": ["a"], "date": "2024-01-01", "revenue": {"x": 5}}\n' * 3, "path: t.json", "t.json"
    ),
    "JSON with endless numbers": _bytes(
        '{"customer_id": "a", "date": "2024-01-01", "revenue": ' + "9" * 6000 + "}\n", "path: t.json", "t.json"
    ),
    "a workbook that breaks off": _workbook(60),
    "a workbook of a start only": _bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "path: t.xls", "t.xls"),
    "a SQLite file of bytes": _sqlite_of_blobs,
    "a SQLite file that is damaged": _sqlite_damaged,
    "a sheet of a text file": _only("path: t.csv, sheet: Orders"),
    "a table of a text file": _only("path: t.csv, table: orders"),
    "a header row beyond the end": _only("path: t.csv, header_row: 1000000"),
    "a column that is not there": _only("path: t.csv, columns: {revenue: total}"),
    "an expression of code": _only("path: t.csv, columns: {revenue: '=[revenue].__class__'}"),
    "an expression of a call": _only("path: t.csv, columns: {revenue: '=read_text([date])'}"),
    "an expression of a thousand brackets": _only(
        f"path: t.csv, columns: {{revenue: '={'(' * 1000}[revenue]{')' * 1000}'}}"
    ),
    "rows of which none is kept": _only("path: t.csv, keep_rows: {customer_id: [nobody]}"),
}
