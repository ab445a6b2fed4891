"""Where a table comes from and how a text file is written: the part of the study file below ``tables:``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from cxvalue.language.catalogue import translatable, translate
from cxvalue.study.money import Settings as _Settings

Columns = dict[str, str]


def _as_words(value: Any) -> Any:
    """Values of a column are text, however YAML reads them: true stands for "true", nothing for an empty cell."""

    def word(one: Any) -> Any:
        if one is None:
            return ""
        return str(one).lower() if isinstance(one, bool) else str(one) if isinstance(one, int | float) else one

    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(word(one) for one in listed)


def _as_word(value: Any) -> Any:
    words = _as_words(value)
    return words[0] if len(words) == 1 else value


def _as_texts(value: Any) -> Any:
    return {_as_word(key): _as_word(one) for key, one in value.items()} if isinstance(value, dict) else value


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Words = Annotated[
    tuple[str, ...], BeforeValidator(_as_words), Field(min_length=1, description=translatable("a list of values"))
]
"""Values of a column; an empty text stands for an empty cell."""


class ReadOptions(_Settings):
    """How a text file is written: its delimiter, decimal sign, encoding and dates."""

    format: Literal["csv", "parquet", "text"] | None = None
    delimiter: str | None = Field(
        default=None, min_length=1, description=translatable("one character, or 'whitespace' for runs of blanks")
    )
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    encoding: str | None = Field(
        default=None, description=translatable("the name of a text encoding, such as utf-8 or cp1251")
    )
    date_format: str | None = Field(
        default=None,
        pattern="%|^(excel|epoch_(seconds|milliseconds|microseconds|nanoseconds))$",
        description=translatable(
            "such as '%d.%m.%Y', or excel, epoch_seconds, epoch_milliseconds, epoch_microseconds, epoch_nanoseconds"
        ),
    )
    header: bool = True
    missing: tuple[str, ...] = Field(
        default=(), description=translatable('texts that stand for no value, such as ["NULL", "N/A"]')
    )

    @model_validator(mode="after")
    def _signs_differ(self) -> ReadOptions:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(translate("decimal and thousands are both {sign!r}; they must differ.", sign=self.decimal))
        return self


class RefundRule(_Settings):
    """Where refunds stand: in rows of their own that look different, or as an amount in the row of the purchase."""

    rows: dict[str, Words] | None = Field(
        default=None, description=translatable("{Type: [Refund]}: the rows that are refunds")
    )
    columns: Columns = Field(
        default_factory=dict, description=translatable("ours: theirs, where those rows have it elsewhere")
    )
    amount: str | None = Field(
        default=None, description=translatable("a column or an expression: what was refunded of this purchase")
    )
    date: str | None = Field(
        default=None, description=translatable("the column with the day of the refund; default: the purchase's")
    )

    @model_validator(mode="after")
    def _one_place(self) -> RefundRule:
        if (self.rows is None) == (self.amount is None):
            raise ValueError(
                translate("give 'rows' where refunds are rows of their own, or 'amount' where they are in a column.")
            )
        if (self.columns and self.rows is None) or (self.date and self.amount is None):
            raise ValueError(translate("'columns' goes with 'rows', and 'date' with 'amount'."))
        return self


class TableSource(_Settings):
    """Where one table comes from: a file, an installed package, or a database; and which of its rows count, and as what."""

    path: Annotated[
        str | tuple[str, ...] | None, Field(description=translatable("a file, a folder, a pattern, or a list of them"))
    ] = None
    package: str | None = None
    files: dict[str, str] | None = None
    query: str | None = None
    database: str | None = Field(
        default=None,
        pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$",
        description=translatable("${NAME} of an environment variable with the address"),
    )
    table: str | None = None
    read: ReadOptions = ReadOptions()
    columns: Columns = Field(default_factory=dict)
    layout: str | None = None  # who wrote the file, for people
    member: str | None = Field(
        default=None, description=translatable("the files of a zip archive that count, such as orders*.csv")
    )
    sheet: str | tuple[str, ...] | None = Field(
        default=None,
        description=translatable("the name of a sheet of a workbook, or a list of sheets with the same columns"),
    )
    header_row: int | None = Field(
        default=None, ge=1, description=translatable("the row or line with the names of the columns")
    )
    first_row: int | None = Field(
        default=None, ge=2, description=translatable("the first row or line below them with data")
    )
    footer: Literal["refuse", "leave_out"] = "refuse"
    copies: Literal["refuse", "leave_out"] = "refuse"
    same: Columns = Field(
        default_factory=dict, description=translatable("{renamed: name}: a column renamed on the way")
    )
    values: dict[str, Annotated[dict[str, str], BeforeValidator(_as_texts)]] = Field(
        default_factory=dict,
        description=translatable("{Interval: {month: 1, year: 12}}: words of a column and what they stand for"),
    )
    keep_rows: dict[str, Words] = Field(
        default_factory=dict, description=translatable("{Status: [paid, refunded]}: the rows that count")
    )
    leave_out_rows: dict[str, Words] = Field(
        default_factory=dict,
        description=translatable("{Status: [test]}: rows that do not count, whatever else they contain"),
    )
    once_per: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        default=(), description=translatable("the column, or columns, of which each value counts once")
    )
    latest: str | None = Field(
        default=None,
        description=translatable("the column that says which row of one value of 'once_per' is the last: it counts"),
    )
    refund: RefundRule | None = None
    rows_without_customer: Literal["refuse", "count"] = "refuse"

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        if self.latest is not None and not self.once_per:
            raise ValueError(translate("'latest' goes with 'once_per': the column of which each value counts once."))
        ways = [self.path is not None, self.files is not None, self.database is not None]
        if self.in_engine and self.package is None:
            return self
        if sum(ways) != 1 or self.path == () or "" in self.paths:
            raise ValueError(translate("give exactly one of 'path', 'files' with 'query', or 'database' with 'table'."))
        if (self.files is not None) != (self.query is not None):
            raise ValueError(translate("'files' and 'query' go together: the query selects from the named files."))
        if (self.database is not None and self.table is None) or (self.table is not None and self.files is not None):
            raise ValueError(translate("'database' and 'table' go together."))
        if self.package is not None and self.database is not None:
            raise ValueError(translate("'package' goes with 'path' or 'files', not with 'database'."))
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """What `path` names, one by one."""
        return () if self.path is None else (self.path,) if isinstance(self.path, str) else self.path

    @property
    def in_engine(self) -> bool:
        """Whether it is a table of the study's engine: `table` alone says so."""
        return self.table is not None and self.path is None and self.files is None and self.database is None

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets that are named, one by one."""
        return () if self.sheet is None else (self.sheet,) if isinstance(self.sheet, str) else self.sheet

    @property
    def is_shaped(self) -> bool:
        """Whether rows are chosen, made or worked out, beyond taking columns as they are."""
        computed = any(theirs.startswith("=") for theirs in self.columns.values())
        return bool(
            computed
            or self.values
            or self.keep_rows
            or self.leave_out_rows
            or self.once_per
            or self.refund
            or self.first_row
            or self.footer == "leave_out"
        )


class IdRules(_Settings):
    """Harmless repairs of ids, made in every table alike."""

    one_alphabet: bool = False
    strip_leading_zeros: bool = False
    strip_decimal: bool = False
    fold_case: bool = False
    single_blanks: bool = False
