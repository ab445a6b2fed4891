"""The columns of every table: what is required, what is optional and what a value may be. Declarative only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cxvalue.language.catalogue import translatable

CUSTOMER = "customer_id"
"""The column that names customers; as the unit of a programme, customers by themselves."""

Kind = Literal["id", "text", "date", "number", "flag", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ours. `low` and `high` bound its numbers, inclusively; `not_before` names an earlier date.

    `unsigned` marks an amount that is never below zero, whatever sign an export gives it.
    """

    name: str
    kind: Kind
    required: bool = False
    filled: bool = True  # a required column whose values may nevertheless be empty has filled=False
    low: float | None = None
    high: float | None = None
    not_before: str | None = None
    unsigned: bool = False

    @property
    def must_hold(self) -> bool:
        """Whether an empty value makes the row a bad one."""
        return self.required and self.filled


@dataclass(frozen=True, slots=True)
class TableContract:
    """One table: what a row is and which columns it has.

    Rows whose `event` date is after `as_of` are cut; dates in the `open_ends` columns after `as_of` are emptied,
    because on `as_of` they had not happened yet; they and the dates in `planned` may lie after the day of the run. `spell`
    names the two dates between which a row is active. `key` names columns that together may not repeat.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    event: str | None = None
    open_ends: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    spell: tuple[str, str] | None = None
    key: tuple[str, ...] = ()
    extra_columns: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns a source must have."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns of the contract."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; raises KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]


def _id(name: str, required: bool = True) -> Column:
    return Column(name, "id", required)


def _date(name: str, required: bool = True, filled: bool = True, not_before: str | None = None) -> Column:
    return Column(name, "date", required, filled, not_before=not_before)


def _number(name: str, required: bool = False, low: float | None = None, high: float | None = None) -> Column:
    return Column(name, "number", required, low=low, high=high)


def _amount(name: str, required: bool = False) -> Column:
    return Column(name, "number", required, unsigned=True)


def _count(name: str, required: bool = False, low: float = 0) -> Column:
    return Column(name, "count", required, low=low)


def _text(name: str, required: bool = False) -> Column:
    return Column(name, "text", required)


def _flag(name: str, required: bool = False) -> Column:
    return Column(name, "flag", required)


_TABLES = (
    TableContract(
        "transactions",
        translatable("a purchase line or an order"),
        (
            _id("customer_id"),
            _date("date"),
            _number("revenue", required=True),
            _number("margin"),
            _id("order_id", required=False),
            _text("product"),
            _text("channel"),
            _amount("discount"),
            _text("currency"),
        ),
        event="date",
    ),
    TableContract(
        "customers",
        translatable("a customer"),
        (
            _id("customer_id"),
            _date("acquired_on", required=False),
            _amount("acquisition_cost"),
            _text("channel"),
            _text("currency"),
        ),
        event="acquired_on",
        key=("customer_id",),
        extra_columns=True,
    ),
    TableContract(
        "subscriptions",
        translatable("a contract"),
        (
            _id("customer_id"),
            _date("start"),
            _date("end", filled=False, not_before="start"),
            _amount("value_per_month"),
            _id("account_id", required=False),
            _text("plan"),
            _text("role"),
            _text("currency"),
        ),
        event="start",
        open_ends=("end",),
        planned=("start",),  # contracts are sold before they begin
        spell=("start", "end"),
    ),
    TableContract(
        "contacts",
        translatable("a campaign contact or a held-out customer"),
        (
            _id("customer_id"),
            _date("date"),
            _text("campaign", required=True),
            _text("arm", required=True),
            _amount("cost"),
            _flag("delivered"),
            _number("offer_depth", low=0, high=1),
            _text("currency"),
        ),
        event="date",
    ),
    TableContract(
        "offers",
        translatable("one discount offered, in order of disclosure"),
        (
            _id("customer_id"),
            _date("date"),
            _count("rung", required=True, low=1),
            _number("depth", required=True, low=0, high=1),
            _flag("accepted", required=True),
            _id("occasion_id", required=False),
            _amount("basket_value"),
            _number("basket_margin"),
            _text("currency"),
        ),
        event="date",
    ),
    TableContract(
        "interactions",
        translatable("a touch"),
        (
            _id("customer_id"),
            _date("date"),
            _text("channel", required=True),
            _text("reason", required=True),
            _text("touchpoint"),
            _number("minutes", low=0),
            _count("approvals"),
            _flag("complaint"),
            _date("responded_on", required=False, not_before="date"),
            _date("resolved_on", required=False, not_before="date"),
            _text("initiated_by"),
            _id("unit", required=False),
        ),
        event="date",
        open_ends=("responded_on", "resolved_on"),
    ),
    TableContract(
        "surveys",
        translatable("an answer"),
        (
            _id("customer_id"),
            _date("date"),
            _text("metric", required=True),
            Column("score", "number", required=True, filled=False),  # empty for those invited who did not answer
            _text("touchpoint"),
            _date("event_date", required=False),
            _number("expected_best"),
            _number("expected_worst"),
            _flag("invited"),
            _date("invited_on", required=False),
            _text("channel"),
            _id("unit", required=False),
            _id("occasion_id", required=False),
        ),
        event="date",
    ),
    TableContract(
        "fees",
        translatable("a penalty"),
        (
            _id("customer_id"),
            _date("date"),
            _amount("amount", required=True),
            _amount("shortfall"),
            _flag("waived"),
            _text("currency"),
        ),
        event="date",
    ),
    TableContract(
        "rollout",
        translatable("when a unit got a programme"),
        (
            _text("programme", required=True),
            _id("unit"),
            _date("start", filled=False),
            _date("ended_on", required=False, filled=False, not_before="start"),
            _text("arm"),
        ),
        open_ends=("start", "ended_on"),
        key=("programme", "unit"),
    ),
    TableContract(
        "employees",
        translatable("a person employed"),
        (
            _id("employee_id"),
            _id("unit"),
            _date("hired"),
            _date("left", filled=False, not_before="hired"),
            _amount("monthly_cost"),
            _text("reason"),
        ),
        event="hired",
        open_ends=("left",),
        planned=("hired",),
        spell=("hired", "left"),
    ),
    TableContract(
        "benchmarks",
        translatable("a competitor's figure"),
        (
            _text("metric", required=True),
            _text("competitor", required=True),
            _number("value", required=True),
            _date("date", required=False),
            _number("se", low=0),
            _count("n"),
            _text("source"),
        ),
        event="date",
    ),
)

CONTRACTS: dict[str, TableContract] = {table.name: table for table in _TABLES}
