"""`Answer`: what a question of a notebook shows and hands over to the report; `Asked`: the questions of one notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from cxvalue.findings.display import Sentences, sentences, spoken_in
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    from matplotlib.figure import Figure

    from cxvalue.findings.finding import Finding
    from cxvalue.study import StudyFile
    from cxvalue.tables.states import PurchaseStates
    from cxvalue.workspace.opened import Study


@dataclass(repr=False)
class Answer:
    """What one question shows, from the top down, and what of it the report gets.

    A question fills it; whoever asked reads. `shown` holds sentences, tables and figures, `figures`
    those for the page with their two lines of caption, `private` lists with real customer ids.
    """

    shown: list[object] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, tuple[Figure, str, str]] = field(default_factory=dict)
    private: dict[str, pd.DataFrame] = field(default_factory=dict)

    def say(self, *texts: str) -> None:
        """Show sentences, each as a paragraph; empty ones are left out."""
        told = spoken_in(texts)
        if told.texts:
            self.shown.append(told)

    def show(self, *things: object) -> None:
        """Show tables, figures or headings as they are."""
        self.shown.extend(things)

    def head(self, title: str, *, grade: str = "", below: str = "") -> None:
        """Show a heading, with the `grade` of the evidence where there is one, and a paragraph `below` it."""
        from IPython.display import Markdown

        told = translate("{title}: evidence {grade}", title=title, grade=grade) if grade else title
        self.shown.append(Markdown(f"### {told}\n\n{below}" if below else f"### {told}"))

    def find(self, findings: Iterable[Finding]) -> None:
        """Show findings as a table and hand them over."""
        found = list(findings)
        self.findings += found
        self.shown.append(sentences(found))

    def draw(self, figure: Figure, name: str = "", caption: tuple[str, str] = ("", "")) -> None:
        """Show a figure; with a `name` it goes to the page too, above its `caption`."""
        self.shown.append(figure)
        if name:
            self.figures[name] = (figure, *caption)

    def __repr__(self) -> str:
        return "\n".join(repr(one) for one in self.shown if isinstance(one, Sentences))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(*self.shown)


@dataclass(frozen=True, repr=False)
class Asked:
    """The questions of one notebook about an opened study, each a method; what was answered once is kept."""

    opened: Study

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.opened.name}: {', '.join(self.questions())}"

    @cached_property
    def _answered(self) -> dict[str, Answer]:
        return {}

    @property
    def settings(self) -> StudyFile:
        """The settings of the study file."""
        return self.opened.file

    @property
    def currency(self) -> str:
        """The currency of all amounts."""
        return self.opened.file.currency

    @property
    def level(self) -> float:
        """The level of all ranges."""
        return self.opened.file.level

    @property
    def purchases(self) -> ir.Table:
        """A row for each customer and day with a purchase."""
        return self.opened.purchases

    @property
    def numbered_purchases(self) -> ir.Table:
        """The purchases with numbers for ids where there are many, for what does not name customers."""
        numbered = self.opened.numbered("purchases")
        return self.opened.purchases if numbered is None else numbered

    @cached_property
    def states(self) -> PurchaseStates:
        """The purchase history of each customer; with ids where the models ask for labels of theirs."""
        return self.opened.states(ids=bool(self.settings.cltv.covariates))

    @classmethod
    def questions(cls) -> tuple[str, ...]:
        """The names of the questions, in the order in which they stand in the class."""
        return tuple(name for name, one in vars(cls).items() if hasattr(one, "asks"))

    def handed_over(self) -> dict[str, Any]:
        """What all questions hand over to the report, one after the other."""
        answers = [getattr(self, name)() for name in self.questions()]
        return {
            "findings": [finding for answer in answers for finding in answer.findings],
            "tables": {name: table for answer in answers for name, table in answer.tables.items()},
            "figures": {name: drawn for answer in answers for name, drawn in answer.figures.items()},
            "private": {name: listed for answer in answers for name, listed in answer.private.items()},
        }


Kind = TypeVar("Kind", bound=Asked)


def question(ask: Callable[[Kind, Answer], None]) -> Callable[[Kind], Answer]:
    """Make a method that fills an answer a question of its notebook: asked without one, it gives the answer it filled.

    It is filled once, shown each time it is asked, and handed over at the end.
    """

    @wraps(ask, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def asked(notebook: Kind) -> Answer:
        name, known = ask.__name__, notebook._answered
        if name not in known:
            answer = Answer()
            ask(notebook, answer)
            known[name] = answer
        return known[name]

    del asked.__wrapped__  # its signature is not that of the question
    asked.asks = True  # type: ignore[attr-defined]
    return asked
