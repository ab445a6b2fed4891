"""Where a table comes from and how a text file is written: the part of the study file below ``tables:``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cxvalue.study.money import Settings as _Settings

__all__ = ["Columns", "IdRules", "ReadOptions", "TableSource"]

Columns = dict[str, str]


class ReadOptions(_Settings):
    """How a text file is written: its delimiter, decimal sign, encoding and dates."""

    format: Literal["csv", "parquet", "text"] | None = None
    delimiter: str | None = Field(
        default=None, min_length=1, description="one character, or 'whitespace' for runs of blanks"
    )
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    encoding: str | None = Field(default=None, description="the name of a text encoding, such as utf-8 or cp1251")
    date_format: str | None = Field(
        default=None,
        pattern="%|^(excel|epoch_(seconds|milliseconds|microseconds|nanoseconds))$",
        description="such as '%d.%m.%Y', or excel, epoch_seconds, epoch_milliseconds, epoch_microseconds, "
        "epoch_nanoseconds",
    )
    header: bool = True
    missing: tuple[str, ...] = Field(default=(), description='texts that stand for no value, such as ["NULL", "N/A"]')

    @model_validator(mode="after")
    def _signs_differ(self) -> ReadOptions:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; they must differ")
        return self


class TableSource(_Settings):
    """Where one table comes from: a file, an installed package, or a database."""

    path: str | None = None
    package: str | None = None
    files: dict[str, str] | None = None
    query: str | None = None
    database: str | None = Field(
        default=None,
        pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$",
        description="${NAME} of an environment variable with the address",
    )
    table: str | None = None
    read: ReadOptions = ReadOptions()
    columns: Columns = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> TableSource:
        ways = [self.path is not None, self.files is not None, self.database is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of 'path', 'files' with 'query', or 'database' with 'table'")
        if (self.files is not None) != (self.query is not None):
            raise ValueError("'files' and 'query' go together: the query selects from the named files")
        if (self.database is not None) != (self.table is not None):
            raise ValueError("'database' and 'table' go together")
        if self.package is not None and self.database is not None:
            raise ValueError("'package' goes with 'path' or 'files', not with 'database'")
        return self


class IdRules(_Settings):
    """Harmless repairs of ids, made in every table alike."""

    strip_leading_zeros: bool = False
    strip_decimal: bool = False
    fold_case: bool = False
