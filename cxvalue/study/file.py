"""The study file: what a company wants to know, of which tables, under which assumptions.

Nothing is guessed: an unknown key is an error that names the nearest known one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.study.experience import ExperienceRules, MetricRules, Touchpoint
from cxvalue.study.money import (
    Amount,
    Benefit,
    CaseRules,
    Costs,
    Goodwill,
    LossRisk,
    Market,
    Share,
    Success,
    UniversalHoldout,
)
from cxvalue.study.money import Settings as _Settings
from cxvalue.study.source import IdRules, TableSource

LATEST_COMPLETE_MONTH = "latest_complete_month"
MOST_ROWS = 1_000_000
"""Customers of a study in an engine up to which each has a row in a report that does not say what it wants."""
ModelName = Literal["nbd", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k", "bg_bb"]
"""The models that a study may name; `cxvalue.lifetime.families.registry` says what each of them is."""
TABLE_NAMES = (
    "transactions",
    "customers",
    "subscriptions",
    "contacts",
    "offers",
    "interactions",
    "surveys",
    "fees",
    "rollout",
    "employees",
    "benchmarks",
)

Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", description=translatable("up to 100 letters, digits, '-' and '_'"))
]


class ControlTotals(_Settings):
    """What the ledger says the tables must add up to."""

    revenue: Amount
    tolerance: Share = 0.005


class BadRows(_Settings):
    """Drop and count bad rows while they stay below a share of the table."""

    drop_up_to: Share


class ContractRules(_Settings):
    """When a contract goes on from the one before."""

    gap_days: int = Field(default=31, ge=0, le=366, description=translatable("a whole number of days"))


class Dormancy(_Settings):
    """After how many silent days a customer counts as dormant."""

    days: int = Field(default=90, ge=1, le=3650, description=translatable("a whole number of days"))


class FirstPurchases(_Settings):
    """From which day on a first purchase is that of a new customer, where the tables begin in the middle of a history.

    Those who first bought before are customers like all others, but nothing is learnt from them about how customers begin
    and stay: their real age is not known.
    """

    ignore_before: date


class Cltv(_Settings):
    """Settings of the lifetime models."""

    time_unit: Literal["day", "week", "month", "quarter", "year"] = "week"
    models: Literal["auto"] | tuple[ModelName, ...] = "auto"
    holdout_start: date | None = None
    covariates: tuple[str, ...] = Field(
        default=(), max_length=3, description=translatable("up to 3 columns of the customers table")
    )

    @model_validator(mode="before")
    @classmethod
    def _one_model(cls, data: Any) -> Any:
        if isinstance(data, dict):
            lists = [key for key in ("models", "covariates") if isinstance(data.get(key), str) and data[key] != "auto"]
            return {**data, **{key: [data[key]] for key in lists}}
        return data

    @property
    def period(self) -> str | None:
        """The calendar period in which opportunities come, where the study asks for bg_bb; None otherwise."""
        return self.time_unit if "bg_bb" in self.models else None


class Campaign(_Settings):
    """A campaign to dormant customers, with the arm that was held out."""

    name: Name
    control: str | None = None
    expected_share: (
        Annotated[float, Field(gt=0, lt=1, description=translatable("the planned share held out"))] | None
    ) = None
    window_days: int = Field(default=90, ge=1, le=3650, description=translatable("a whole number of days"))
    product: str | None = None
    budget: float | None = Field(default=None, gt=0, description=translatable("what the next contacts may cost in all"))
    minimum_profit: float | None = Field(
        default=None, gt=0, description=translatable("what the next contacts should earn in all")
    )


class Programme(_Settings):
    """A customer-experience programme and how it was rolled out."""

    name: Name
    design: Literal["experiment", "staggered", "matched", "single_unit", "auto"] = "auto"
    unit: str = "customer_id"
    outcome: Literal["margin", "revenue", "orders", "interactions"] = "margin"
    expected_share: (
        Annotated[float, Field(gt=0, lt=1, description=translatable("the planned share held out"))] | None
    ) = None
    horizon_months: int | None = Field(default=None, ge=1, le=600, description=translatable("a whole number of months"))
    case: CaseRules = CaseRules()
    costs: Costs = Costs()
    benefits: tuple[Benefit, ...] = ()
    risks: tuple[LossRisk, ...] = ()
    goodwill: Goodwill | None = None
    success: Success | None = None

    @property
    def disagreements(self) -> list[tuple[str, str, str]]:
        """Settings of the programme that contradict one another: key, what was found, what to do."""
        found: list[tuple[str, str, str]] = []
        success = self.success
        if self.expected_share is not None and self.design not in ("experiment", "auto"):
            share, design = f"{self.expected_share:g}", self.design
            what = translate("is {share}, with design: {design}.", share=share, design=design)
            remedy = translate("Leave it out, or write design: experiment where customers were assigned by lot.")
            found.append(("expected_share", what, remedy))
        if success and success.metric == "payback_months" and success.at_least is not None:
            what = translate("asks for a payback that comes late.")
            found.append(("success.at_least", what, translate("Write at_most: 24 for 24 months.")))
        if self.case.ramp_up_months > 1 and self.case.population != "all":
            remedy = translate("Leave it out: treated customers enter as the roll-out says. It is for population: all.")
            what = translate("is {months}, with population: treated.", months=self.case.ramp_up_months)
            found.append(("case.ramp_up_months", what, remedy))
        for key, names in (
            ("risks", [one.name for one in self.risks]),
            ("benefits", [one.name for one in self.benefits]),
        ):
            for name in sorted({name for name in names if names.count(name) > 1}):
                what = translate_count(
                    "{name!r} is listed {count} time, and would count that often.",
                    "{name!r} is listed {count} times, and would count that often.",
                    names.count(name),
                    name=name,
                )
                found.append((key, what, translate("Keep one.")))
        return found


class ReportRules(_Settings):
    """Who reads the report and what must not be shown in it."""

    audience: str = "board"
    suppress_below: int = Field(default=10, ge=0, le=1000, description=translatable("a whole number of customers"))
    pseudonymise: bool = True
    customers: Literal["rows", "summary"] | None = Field(
        default=None, description=translatable("rows (one per customer), or summary (groups of customers only)")
    )

    def as_groups(self, customers: int, in_engine: bool) -> bool:
        """Whether so many customers are published in groups only; of themselves where an engine holds very many."""
        return self.customers == "summary" or (self.customers is None and in_engine and customers > MOST_ROWS)


class Work(_Settings):
    """What a run may leave in the study's engine."""

    write_back: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}\.[A-Za-z_][A-Za-z0-9_]{0,62}$",
        description=translatable("schema.table, to which the scores of each customer are written, such as crm.scores"),
    )

    @field_validator("write_back", mode="before")
    @classmethod
    def _in_the_engine(cls, value: Any) -> Any:
        if isinstance(value, dict) or "$" in str(value) or "://" in str(value):
            raise ValueError(
                translate(
                    "names another engine, and scores go to the study's own alone, to a table such as crm.scores. "
                    "For another one, load customers.parquet of the report, with real ids where pseudonymise is false."
                )
            )
        return value


class Simulated(_Settings):
    """A simulated world that makes the study's tables where they are missing, with its parameters."""

    world: str
    seed: int = Field(default=1, ge=0, description=translatable("a whole number"))
    customers: int | None = Field(
        default=None, ge=10, le=5_000_000, description=translatable("a whole number of customers")
    )
    parameters: dict[str, Any] = Field(default_factory=dict)


def _as_texts(value: Any) -> Any:
    """Ids are text, however YAML reads them: 0 stands for "0"."""
    listed = value if isinstance(value, list | tuple) else [value]
    plain = [isinstance(one, str | int) and not isinstance(one, bool) for one in listed]
    return tuple(str(one) for one in listed) if all(plain) else value


def _refuse_is_default(value: Any) -> Any:
    return None if value == "refuse" else value


class StudyFile(_Settings):
    """A study as its file states it; see the design's section 4 for the meaning of every key."""

    name: Name
    title: str = ""
    currency: str = Field(pattern=r"^[A-Z]{3}$", description=translatable("a three-letter code such as EUR"))
    language: Literal["en", "ru", "uk", "zh"] = "en"
    as_of: date | Literal["latest_complete_month"] = Field(
        default="latest_complete_month", description=translatable("a day such as 2026-06-30, or latest_complete_month")
    )
    observed_from: date | None = None
    contract: Literal["noncontractual", "contractual"] = "noncontractual"
    money: Literal["margin", "revenue"] = "margin"
    gross_margin: float | None = Field(
        default=None, gt=0, le=1, description=translatable("a share of revenue above 0, such as 0.30")
    )
    annual_discount_rate: float = Field(
        default=0.10, ge=0, lt=1, description=translatable("an effective annual rate: write 0.12 for 12%")
    )
    horizon_months: int = Field(default=24, ge=1, le=600, description=translatable("a whole number of months"))
    level: float = Field(default=0.95, ge=0.5, le=0.999, description=translatable("a share such as 0.95"))
    tables: dict[str, TableSource] = Field(min_length=1)
    ids: IdRules = IdRules()
    guest_ids: Annotated[tuple[str, ...], BeforeValidator(_as_texts)] = Field(
        default=(), description=translatable('a list of ids, such as ["0", guest]')
    )
    control_totals: ControlTotals | None = None
    time_zone: str | None = Field(default=None, description=translatable("the name of a zone such as Europe/Kyiv"))
    exchange_rates: dict[str, float] | TableSource | None = Field(
        default=None,
        description=translatable("{EUR: 1, USD: 0.92}, or {path: …, columns: {currency: …, date: …, rate: …}}"),
    )
    bad_rows: Annotated[BadRows | None, BeforeValidator(_refuse_is_default)] = Field(
        default=None, description=translatable("refuse, or {drop_up_to: 0.01}")
    )
    dormancy: Dormancy = Field(default=Dormancy(), description="{days: 90}")
    contracts: ContractRules = Field(default=ContractRules(), description="{gap_days: 31}")
    first_purchases: FirstPurchases | None = Field(default=None, description="{ignore_before: 2010-02-01}")
    cltv: Cltv = Cltv()
    campaigns: tuple[Campaign, ...] = ()
    programmes: tuple[Programme, ...] = ()
    market: Market | None = None
    universal_holdout: UniversalHoldout | None = Field(default=None, description="{column: group, value: held_out}")
    metrics: dict[str, MetricRules] = Field(
        default_factory=dict, description="{overall: {main: true, scale: [0, 10], kind: mean}}"
    )
    touchpoints: tuple[Touchpoint, ...] = ()
    experience: ExperienceRules = ExperienceRules()
    engine: str | None = Field(
        default=None,
        pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$",
        description=translatable("${NAME} of an environment variable with the address of a warehouse, or spark"),
    )
    bring: Literal["purchases"] = "purchases"
    work: Work = Field(default=Work(), description="{write_back: crm.scores}")
    keep: int | None = Field(
        default=None, ge=1, description=translatable("a whole number of published runs; all where it is left out")
    )
    report: ReportRules = ReportRules()
    simulated: Simulated | None = None

    _path: Path = PrivateAttr(default=Path("study.yml"))

    @property
    def path(self) -> Path:
        """The study file itself."""
        return self._path

    @property
    def folder(self) -> Path:
        """The folder that relative table paths start from."""
        return self._path.parent

    def in_language(self, language: str | None) -> StudyFile:
        """These settings for readers of another language; None leaves them theirs."""
        return self if language is None else self.model_copy(update={"language": language})

    @property
    def heading(self) -> str:
        """The title, or the name where the file gives none."""
        return self.title or self.name

    @property
    def new_from(self) -> date | None:
        """The day from which on a first purchase is that of a new customer; None where every one is."""
        return None if self.first_purchases is None else self.first_purchases.ignore_before

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the file left open and the product therefore assumed, in plain words."""
        said: list[str] = []
        if self.money == "revenue":
            said.append(translate("No margin is known: every amount is revenue, before the cost of goods."))
        if "annual_discount_rate" not in self.model_fields_set:
            rate = self.annual_discount_rate
            said.append(translate("Discount rate of {rate:.0%} a year: the study file names none.", rate=rate))
        if "horizon_months" not in self.model_fields_set:
            months = self.horizon_months
            said.append(translate("Horizon of {months} months: the study file names none.", months=months))
        if "dormancy" not in self.model_fields_set and self.contract != "contractual":
            days = self.dormancy.days
            said.append(translate("Dormant after {days} silent days: the study file names no rule.", days=days))
        if "contracts" not in self.model_fields_set and self.contract == "contractual":
            said.append(
                translate(
                    "A contract that begins within {days} days after the one before is its renewal: the study file names no "
                    "{rule}.",
                    days=self.contracts.gap_days,
                    rule="contracts: {gap_days: …}",
                )
            )
        if self.cltv.period is not None and "time_unit" not in self.cltv.model_fields_set:
            period = self.cltv.period
            said.append(
                translate(
                    "One opportunity to buy a {period}: the study file names no time_unit for bg_bb.", period=period
                )
            )
        start = self.cltv.holdout_start
        if start is not None and isinstance(self.as_of, date) and start >= self.as_of:
            said.append(
                translate(
                    "cltv.holdout_start {start} is not before as_of {as_of}: the usual part is held back instead.",
                    start=start,
                    as_of=self.as_of,
                )
            )
        for programme in self.programmes:
            if "costs" not in programme.model_fields_set:
                name = programme.name
                said.append(translate("No costs of the programme {name}: the study file names none.", name=name))
        return tuple(said)
