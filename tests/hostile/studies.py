"""Study files that nobody sane writes, by what is wrong with them; each must be refused in one list of problems."""

from __future__ import annotations

from itertools import pairwise

HEAD = "name: shop\ncurrency: EUR\ngross_margin: 0.4\n"
TABLES = "tables: {transactions: {path: t.csv}}\n"
SOUND = HEAD + TABLES


def _with(line: str) -> str:
    """A sound study file with one more line, in place of the one of its key."""
    key = line.partition(":")[0]
    kept = [one for one in SOUND.splitlines() if one.partition(":")[0] != key]
    return "\n".join([*kept, line]) + "\n"


def _table(settings: str) -> str:
    return f"{HEAD}tables: {{transactions: {settings}}}\n"


def _bomb(letters: str, times: int) -> str:
    """Aliases of aliases: a file of a few lines that stands for `times` to the power of letters values."""
    lines = [f"x0: &{letters[0]} [{', '.join(['lol'] * times)}]"]
    pairs = enumerate(pairwise(letters), start=1)
    lines += [f"x{n}: &{name} [{', '.join([f'*{before}'] * times)}]" for n, (before, name) in pairs]
    return "\n".join(lines) + "\n"


def _whole_files() -> dict[str, str | bytes]:
    return {
        "an empty file": "",
        "blanks only": "  \n\n",
        "a comment only": "# nothing\n",
        "a single word": "shop\n",
        "a list": "- name: shop\n",
        "a number": "12\n",
        "two documents": f"{SOUND}---\n{SOUND}",
        "no end of a quote": f'{SOUND}title: "open\n',
        "no end of a list": f"{SOUND}title: [a, b\n",
        "tabs for indentation": "name: shop\n\tcurrency: EUR\n",
        "a key without a value after a bracket": f"{SOUND}}}\n",
        "an unknown alias": f"{SOUND}title: *nowhere\n",
        "an alias of itself": f"{SOUND}programmes: &a [*a]\n",
        "a mapping that holds itself": f"{SOUND}costs: &a {{x: *a}}\n",
        "a merge of a list": f"{SOUND}<<: [1, 2]\n",
        "a merge of itself": f"{SOUND}cltv: &a {{<<: *a}}\n",
        "a merge of a word": f"{SOUND}<<: word\n",
        "a bomb of aliases": _bomb("abcdefghi", 10) + SOUND,
        "a small bomb nested in a value": SOUND + "title: [&a [x, x], &b [*a, *a, *a], &c [*b, *b, *b]]\n",
        "a bomb of merges": SOUND
        + "".join(f"k{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" if n else "k0: &m0 {a: 1}\n" for n in range(12)),
        "a list as a key": f"{SOUND}? [a, b]\n: 3\n",
        "a mapping as a key": f"{SOUND}? {{a: b}}\n: 3\n",
        "a tuple as a key": f"{SOUND}? !!python/tuple [a]\n: 3\n",
        "nothing as a key": f"{SOUND}? \n: 3\n",
        "a number as a key": f"{SOUND}12: 3\n",
        "a date as a key": f"{SOUND}2025-01-01: 3\n",
        "a truth as a key": f"{SOUND}yes: 3\n",
        "a key twice": f"{SOUND}name: other\n",
        "six hundred levels of lists": f"{SOUND}title: {'[' * 600}{']' * 600}\n",
        "six hundred levels of mappings": f"{SOUND}title: {'{a: ' * 600}1{'}' * 600}\n",
        "a hundred thousand levels": "[" * 100_000,
        "more than a million characters": SOUND + "#" * 1_100_000,
        "sixty thousand values": SOUND + f"guest_ids: [{', '.join(['x'] * 60_000)}]\n",
        "an object of Python": f"{SOUND}title: !!python/object/apply:os.system [id]\n",
        "a module of Python": f"{SOUND}title: !!python/module:os\n",
        "a name of Python": f"{SOUND}title: !!python/name:os.system\n",
        "a tag of its own": f"{SOUND}title: !shop x\n",
        "a set": f"{SOUND}title: !!set {{a, b}}\n",
        "an ordered mapping": f"{SOUND}title: !!omap [a: 1]\n",
        "pairs": f"{SOUND}title: !!pairs [a: 1]\n",
        "bytes": f"{SOUND}title: !!binary aGVsbG8=\n",
        "bytes that are none": f"{SOUND}title: !!binary '***'\n",
        "an integer that is none": f"{SOUND}horizon_months: !!int abc\n",
        "an empty integer": f"{SOUND}horizon_months: !!int ''\n",
        "a float that is none": f"{SOUND}annual_discount_rate: !!float x\n",
        "a truth that is none": f"{SOUND}title: !!bool maybe\n",
        "a moment that is none": f"{SOUND}as_of: !!timestamp foo\n",
        "a text that is a list": f"{SOUND}title: !!str [a]\n",
        "a null that is a list": f"{SOUND}title: !!null [a]\n",
        "a directive of another YAML": f"%YAML 9.9\n---\n{SOUND}",
        "a byte order mark of UTF-16": SOUND.encode("utf-16"),
        "UTF-32": SOUND.encode("utf-32"),
        "Latin-1": _with("title: Käufer").encode("latin-1"),
        "bytes of chance": bytes(range(256)),
        "a NUL in the middle": SOUND.encode() + b"title: a\x00b\n",
        "a control character": SOUND + "title: a\x07b\n",
        "a lone surrogate": SOUND.encode() + b"title: \xed\xa0\x80\n",
        "a zip": b"PK\x03\x04" + bytes(60),
        "half a file": SOUND[: len(SOUND) // 2] + "gross",
    }


def _settings() -> dict[str, str]:
    lines = {
        "30 February": "as_of: 2025-02-30",
        "month 13": "as_of: 2025-13-01",
        "day 0": "as_of: 2025-01-00",
        "year 0": "as_of: 0000-01-01",
        "a year of five digits": "as_of: 12025-01-01",
        "a moment of hour 25": "as_of: 2025-01-01T25:00:00",
        "a quoted day that is none": 'as_of: "2025-02-30"',
        "observed from a day that is none": "observed_from: 2023-02-29",
        "observed from a list": "observed_from: [2023-02-28]",
        "a holdout from a day that is none": "cltv: {holdout_start: 2025-06-31}",
        "five thousand digits": f"horizon_months: {'9' * 5000}",
        "five thousand digits of a rate": f"annual_discount_rate: 0.{'9' * 5000}",
        "a huge hexadecimal number": f"horizon_months: 0x{'F' * 4000}",
        "a number of base 60": "horizon_months: 99:99:99:99",
        "an infinite rate": "annual_discount_rate: .inf",
        "a rate that is no number": "annual_discount_rate: .nan",
        "a negative rate": "annual_discount_rate: -0.5",
        "a rate of 12": "annual_discount_rate: 12",
        "a margin of 1e300": "gross_margin: 1e300",
        "a margin of 0": "gross_margin: 0",
        "a margin that is no number": "gross_margin: .nan",
        "a margin that is a truth": "gross_margin: [true]",
        "a horizon of 0": "horizon_months: 0",
        "a horizon of 1e9": "horizon_months: 1000000000",
        "half a month": "horizon_months: 1.5",
        "a level above 1": "level: 95",
        "an unknown language": "language: tlh",
        "a currency in small letters": "currency: eur",
        "a currency with a script": "currency: <script>",
        "a name that leaves its folder": "name: ../../etc",
        "a name with a slash": "name: a/b",
        "a name with a NUL": 'name: "a\\0b"',
        "a name with a line end": 'name: "a\\nb"',
        "a name of three thousand letters": f"name: {'n' * 3000}",
        "no name": "name:",
        "a name that is a list": "name: [shop]",
        "an unknown key": "curency: EUR",
        "a key with a formula": "=cmd|'/C calc'!A0: 1",
        "a zone that is none": "time_zone: Mars/Olympus",
        "a zone that leads out": "time_zone: ../../etc/passwd",
        "a zone with a NUL": 'time_zone: "a\\0b"',
        "a zone that is absolute": "time_zone: /etc/passwd",
        "rates of nothing": "exchange_rates: {USD: nothing}",
        "an infinite exchange rate": "exchange_rates: {EUR: 1, USD: .inf}",
        "a negative exchange rate": "exchange_rates: {EUR: 1, USD: -2}",
        "a share of bad rows above 1": "bad_rows: {drop_up_to: 7}",
        "bad rows of a word": "bad_rows: perhaps",
        "a dormancy of no day": "dormancy: {days: 0}",
        "a dormancy of ages": "dormancy: {days: 999999999999}",
        "a model that is none": "cltv: {models: prophet}",
        "four covariates": "cltv: {covariates: [a, b, c, d]}",
        "a gap of a thousand days": "contracts: {gap_days: 1000}",
        "a campaign without a name": "campaigns: [{control: a}]",
        "a campaign of a mapping": "campaigns: {name: a}",
        "a share held out of 2": "campaigns: [{name: a, expected_share: 2}]",
        "a design that is none": "programmes: [{name: a, design: magic}]",
        "a cost of infinity": "programmes: [{name: a, costs: {one_off: .inf}}]",
        "a cost of 1e400": "programmes: [{name: a, costs: {one_off: 1.0e+400}}]",
        "a metric without a scale": "metrics: {overall: {scale: [10, 0]}}",
        "a scale of infinity": "metrics: {overall: {scale: [0, .inf]}}",
        "a budget that is no number": "experience: {budget: lots}",
        "a world that is none": "simulated: {world: narnia}",
        "a world of a billion": "simulated: {world: bank, customers: 1000000000}",
        "a group of settings that is a word": "report: board",
        "fewer than no customers": "report: {suppress_below: -1}",
        "kept runs below one": "keep: 0",
        "kept runs of a word": "keep: all of them",
        "no tables": "tables: {}",
        "tables of a list": "tables: [transactions]",
        "an unknown table": "tables: {sales: {path: t.csv}}",
        "a table that is a number": "tables: {12: {path: t.csv}}",
    }
    return {name: _with(line) for name, line in lines.items()}


def _sources() -> dict[str, str]:
    settings = {
        "no source": "{}",
        "two sources": "{path: t.csv, database: '${X}', table: t}",
        "an address in the file": "{database: 'postgresql://u:p@h/d', table: t}",
        "a variable with a command": "{database: '${X}$(id)', table: t}",
        "a query without files": "{query: select 1}",
        "files without a query": "{files: {a: t.csv}}",
        "an unknown read option": "{path: t.csv, read: {seperator: ','}}",
        "an empty delimiter": "{path: t.csv, read: {delimiter: ''}}",
        "one sign for two things": "{path: t.csv, read: {decimal: ',', thousands: ','}}",
        "an unknown format": "{path: t.csv, read: {format: pickle}}",
        "a date format without a sign": "{path: t.csv, read: {date_format: yesterday}}",
        "a header row of 0": "{path: t.csv, header_row: 0}",
        "a refund without a place": "{path: t.csv, refund: {}}",
        "columns of a list": "{path: t.csv, columns: [a]}",
        "an empty list of paths": "{path: []}",
        "a path that is a mapping": "{path: {a: b}}",
    }
    return {name: _table(text) for name, text in settings.items()}


STUDIES: dict[str, str | bytes] = {**_whole_files(), **_settings(), **_sources()}
