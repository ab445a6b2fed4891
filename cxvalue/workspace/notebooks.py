"""The notebooks of this version: the question of each, and what it needs of a study."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from cxvalue.study import StudyFile


@dataclass(frozen=True, slots=True)
class NotebookSpec:
    """A notebook of this version.

    `needs` are the tables without which it cannot run, two at most, `any_of` two tables of which it needs one, `after`
    the notebooks whose results it reads, `beside` those that a reader needs to understand it but that may run at the same
    time, `declared` the list of the study file that must not be empty, and `contract` the only kind of customer relation
    it is for (None: both).
    """

    name: str
    needs: tuple[str, ...]
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    contract: str | None = None
    question: str = ""
    any_of: tuple[str, ...] = ()
    declared: str | None = None

    @property
    def title(self) -> str:
        """Its question in the language that is spoken, or its name."""
        return translate(self.question) if self.question else self.name

    @property
    def company(self) -> tuple[str, ...]:
        """The notebooks without which it does not run."""
        return (*self.after, *self.beside)

    def obstacle(self, contract: str, tables: Collection[str], declared: Collection[str] = ()) -> str:
        """Say why a study cannot have this notebook, or nothing when it can; `declared` are the lists that it fills."""
        if self.contract is not None and self.contract != contract:
            return translate(_FOR_WHOM[self.contract], name=self.name)
        missing = [table for table in self.needs if table not in tables]
        if len(missing) > 1:
            return translate("needs the table '{first}' and the table '{second}'", first=missing[0], second=missing[1])
        if missing:
            return translate("needs the table '{table}'", table=missing[0])
        if self.any_of and not any(table in tables for table in self.any_of):
            first, second = self.any_of
            return translate("needs the table '{first}' or the table '{second}'", first=first, second=second)
        if self.declared is not None and self.declared not in declared:
            return translate("needs {declared} to be declared in the study file", declared=self.declared)
        return ""

    def refusal(self, study: str, contract: str, tables: Collection[str], declared: Collection[str] = ()) -> str:
        """Tell whoever opened the notebook why the study cannot have it, or nothing when it can.

        >>> print(NOTEBOOKS[6].refusal("cdnow", "noncontractual", ["transactions"]))
        The study 'cdnow' has no table 'contacts', which this notebook needs.
        """
        reason = self.obstacle(contract, tables, declared)
        if not reason:
            return ""
        if self.contract not in (None, contract):
            return translate(_NOT_THEIRS[self.contract or contract], study=study)
        lacking = [table for table in self.needs if table not in tables]
        if not lacking and self.any_of and not any(table in tables for table in self.any_of):
            lacking = list(self.any_of)
        if len(lacking) > 1:
            first, second = lacking
            return translate(
                "The study {study!r} has no table {first!r} and no table {second!r}, which this notebook needs.",
                study=study,
                first=first,
                second=second,
            )
        if lacking:
            return translate(
                "The study {study!r} has no table {table!r}, which this notebook needs.", study=study, table=lacking[0]
            )
        return translate(
            "The study file of {study!r} declares no {declared}, which this notebook is about.",
            study=study,
            declared=self.declared,
        )


_FOR_WHOM = {
    "noncontractual": translatable("{name} is for customers without a contract"),
    "contractual": translatable("{name} is for customers with a contract"),
}
_NOT_THEIRS = {
    "noncontractual": translatable(
        "This notebook is for customers without a contract; those of the study {study!r} are with a contract."
    ),
    "contractual": translatable(
        "This notebook is for customers with a contract; those of the study {study!r} are without a contract."
    ),
}

NOTEBOOKS: tuple[NotebookSpec, ...] = (
    NotebookSpec(
        "00_data_check",
        (),
        question=translatable("Can the data carry the conclusions?"),
        any_of=("transactions", "subscriptions"),
    ),
    NotebookSpec(
        "10_customer_base",
        ("transactions",),
        contract="noncontractual",
        question=translatable("Who are the customers, and who left?"),
    ),
    NotebookSpec(
        "20_cltv",
        ("transactions",),
        contract="noncontractual",
        question=translatable("What will the customers still be worth?"),
    ),
    NotebookSpec(
        "20_cltv_contractual",
        ("subscriptions",),
        contract="contractual",
        question=translatable("Who renews, who leaves, and what will the contracts still be worth?"),
    ),
    NotebookSpec(
        "30_churn",
        ("transactions",),
        beside=("20_cltv",),
        contract="noncontractual",
        question=translatable("Who is about to leave, and what is at risk?"),
    ),
    NotebookSpec(
        "30_churn_contractual",
        ("subscriptions",),
        beside=("20_cltv_contractual",),
        contract="contractual",
        question=translatable("Which contracts are about to end, what goes with it, and what is at risk?"),
    ),
    NotebookSpec(
        "40_reactivation",
        ("transactions", "contacts"),
        question=translatable("Did the campaign bring customers back?"),
        declared="campaigns",
    ),
    NotebookSpec("50_discounts", ("offers",), question=translatable("How deep should a discount be?")),
    NotebookSpec(
        "60_experience",
        ("transactions",),
        after=("20_cltv",),
        contract="noncontractual",
        question=translatable("What is a better experience worth, and how well do we answer complaints?"),
        any_of=("surveys", "interactions"),
    ),
    NotebookSpec(
        "61_drivers",
        ("transactions", "surveys"),
        question=translatable("What drives the score, and what does a point of it go with?"),
    ),
    NotebookSpec(
        "62_scores",
        ("transactions", "surveys"),
        question=translatable("Can the score be trusted, and where do we stand?"),
    ),
    NotebookSpec(
        "63_staff",
        ("transactions", "employees"),
        question=translatable("What does staff turnover cost in customers?"),
    ),
    NotebookSpec(
        "70_programmes", ("rollout",), question=translatable("What did the programmes change?"), declared="programmes"
    ),
    NotebookSpec(
        "80_roi_case",
        ("rollout",),
        beside=("70_programmes",),
        question=translatable("Do the programmes pay?"),
        declared="programmes",
    ),
)


def declared_in(study: StudyFile) -> set[str]:
    """The lists that a study file fills, of those that a notebook may be about."""
    return {name for name in ("campaigns", "programmes") if getattr(study, name)}
