"""A prepared study as notebooks use it: `load_study` opens it, `Study.publish` hands a notebook's results to the run.

Inside a run (`work` is given) the run's preparation is opened; by hand in JupyterLab (`work` is None) the same preparation
is made or reused, and nothing is published."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from cxvalue.foundation.days import as_day
from cxvalue.foundation.errors import BadInput, CxvalueError, nearest
from cxvalue.foundation.inert import inert_table
from cxvalue.foundation.progress import working
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import speak, translate, translate_count, using
from cxvalue.language.words import enumerated
from cxvalue.money.portfolio import Portfolio
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.drivers import DriverTables
from cxvalue.questions.contracts.past_renewals import PastRenewals
from cxvalue.questions.contracts.renewals import RenewalFit
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
from cxvalue.questions.lifetime_value.covariates import labels_of
from cxvalue.questions.lifetime_value.forecast import states_of_study
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.questions.programmes.goodwill import GoodwillFit
from cxvalue.questions.programmes.measure import ProgrammeFit, StudyTables, design_of, panel_for
from cxvalue.study import LATEST_COMPLETE_MONTH, StudyFile, find_study, load_study_file
from cxvalue.tables.counts import TableSet
from cxvalue.tables.parquet import write_parquet
from cxvalue.tables.states import PurchaseStates
from cxvalue.workspace.history import History, read_history
from cxvalue.workspace.kept_base import read_base, read_then
from cxvalue.workspace.kept_log import read_log
from cxvalue.workspace.kept_numbers import ids_of, in_numbers, read_numbered
from cxvalue.workspace.kept_states import read_ids, read_states
from cxvalue.workspace.listing import check_fits
from cxvalue.workspace.prepared import Prepared, connect_to, open_prepared, prepare, stored_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from cxvalue.findings.finding import Finding
    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.tables.panels.by_customer import CustomerPanel
    from cxvalue.tables.panels.by_unit import UnitPanel
    from cxvalue.tables.purchase_log import PurchaseLog

CUSTOMERS, ID_COLUMN = "customers.parquet", "customer_id"
ROWS = "rows"
"""The part of a notebook's work folder with tables of a row a customer that are not published."""


def load_study(
    reference: str | os.PathLike[str],
    *,
    work: str | os.PathLike[str] | None = None,
    as_of: date | str | None = None,
    notebook: str | None = None,
) -> Study:
    """Open a study by its name, folder or file.

    With `work` (a run's folder, given by the runner) the run's preparation is opened and `Study.publish` writes there;
    without it the study is prepared from its cache and nothing is published. `as_of` is a day however it is given, or
    latest_complete_month. A `notebook` opened by hand on a study that cannot have it is refused before anything is
    prepared, in one sentence that names studies that can.
    """
    if work is None:
        if notebook is not None:
            file = load_study_file(find_study(reference))
            with using(file.language):
                check_fits(notebook, file)
        as_of = as_of if as_of in (None, LATEST_COMPLETE_MONTH) else as_day(as_of, "as_of", LATEST_COMPLETE_MONTH)
        by_hand = Study(prepare(find_study(reference), as_of), None)
        speak(by_hand.file.language)
        return by_hand
    run = json.loads((Path(work) / "run.json").read_text(encoding="utf-8"))
    # The settings that the data was prepared with: the study file may have been edited since.
    folder = Path(run["prepared"])
    settings = load_study_file(folder / "study.yml", run["language"])
    study = Study(open_prepared(folder, settings, "", {}), Path(work))
    speak(settings.language)
    if study.file.money == "revenue":  # in a run, where the process has one study
        from cxvalue.figures.style import tell
        from cxvalue.report.revenue_words import figure_in_revenue

        tell(figure_in_revenue)
    return study


@dataclass(frozen=True, repr=False)
class Study(Drawn):
    """A prepared study, as notebooks use it: its settings, its tables and its fits."""

    prepared: Prepared
    work: Path | None

    _card = "study_card"

    @property
    def file(self) -> StudyFile:
        """The settings of the study file."""
        return self.prepared.study

    @property
    def name(self) -> str:
        """The study's name."""
        return self.file.name

    @property
    def as_of(self) -> date:
        """The last day observed, inclusive."""
        return self.prepared.tables.as_of

    @property
    def observed_from(self) -> date:
        """The first day that the tables cover."""
        return self.prepared.tables.observed_from

    @property
    def tables(self) -> TableSet:
        """What was read, and every row that was dropped, cut, merged, netted or noted."""
        return self.prepared.tables

    @cached_property
    def _connection(self) -> ibis.BaseBackend:
        return connect_to(self.prepared.folder, self.prepared.tables)

    @cached_property
    def _opened(self) -> dict[str, ibis.Table]:
        return {}

    def table(self, name: str) -> ibis.Table:
        """A canonical table of the study, or "purchases" (one row per customer and day, refunds netted)."""
        paths = self.prepared.tables.paths
        if name not in paths:
            raise CxvalueError(
                "The study {study!r} has no table {table!r}; it has {tables}.",
                study=self.name,
                table=name,
                tables=enumerated(sorted(paths)),
            )
        if name not in self._opened:
            self._opened[name] = self._connection.read_parquet(self.prepared.folder / paths[name])
        return self._opened[name]

    def table_or_none(self, name: str) -> ibis.Table | None:
        """A table as `table` gives it; None where the study has none of that name."""
        return self.table(name) if name in self.tables.paths else None

    def numbered(self, name: str) -> ibis.Table | None:
        """A table as `table_or_none` gives it; of a large study numbers stand for the customers, in the order of their ids.

        Such tables go together with one another (`kept_numbers.NUMBERED`) and with what was `handed` in numbers.
        """
        kept = read_numbered(self._connection, self.prepared.folder, name)
        return self.table_or_none(name) if kept is None else kept

    def ids_of(self, customers: NDArray[Any]) -> NDArray[Any]:
        """The ids of customers in `numbered` tables, whether they are numbers there or not."""
        return ids_of(self.prepared.folder, customers)

    def handed(self, notebook: str, table: str, *, numbered: bool = False) -> ibis.Table | None:
        """A parquet table that an earlier notebook of this run handed over; None by hand, where there is no run.

        With `numbered` its customers are those of `Study.numbered`.
        """
        parts = () if self.work is None else (self.work / notebook / part / table for part in ("tables", ROWS))
        path = next((path for path in parts if path.is_file()), None)
        if path is None:
            return None
        found = self._connection.read_parquet(path)
        return in_numbers(self._connection, self.prepared.folder, found) if numbered else found

    @property
    def purchases(self) -> ibis.Table:
        """Day-level purchases: customer_id, date, revenue, margin."""
        return self.table("purchases")

    def states(self, *, as_of: date | str | None = None, ids: bool = True) -> PurchaseStates:
        """The purchase history of each customer as frequency, recency and age, counted as the lifetime models count it.

        Without `ids` they may be left out: as text they take more memory than all else. Raises `BadInput` for a day after
        the last one observed: nobody knows yet who bought until then, and all would look silent for longer than they were.
        """
        day = self.as_of if as_of is None else as_day(as_of)
        if day > self.as_of:
            found = translate("{day} is after the last day observed, {last}.", day=str(day), last=str(self.as_of))
            remedy = translate(
                "Give that day or an earlier one. Where the tables cover later days, set as_of in the study file."
            )
            raise BadInput.at("as_of", found, remedy)
        kept = read_states(self.prepared.folder, day, ids=ids) if day == self.as_of else None
        return kept or states_of_study(self.file, self.purchases, day)

    def ids(self) -> pa.ChunkedArray:
        """The ids of the customers that `states` leaves out, in its order."""
        return read_ids(self.prepared.folder)

    def _need(self, notebook: str) -> None:
        """Refuse, with the reason, what the preparation could not make of this study."""
        if reason := self.prepared.unavailable.get(notebook):
            raise CxvalueError(reason)

    def _kept(self, name: str) -> Any:
        """What the preparation kept under a name; None where it had nothing to keep."""
        path = self.prepared.folder / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    @cached_property
    def cltv(self) -> CltvFit:
        """The lifetime models, fitted once for all notebooks."""
        self._need("20_cltv")
        fit = CltvFit.from_dict(self._kept("cltv"))
        names = self.file.cltv.covariates
        return fit.with_labels(labels_of(self.table("customers"), names)) if names else fit

    @cached_property
    def log(self) -> PurchaseLog:
        """All purchases up to the day of the fit as arrays, customers in the order of their ids."""
        return read_log(self.prepared.folder)

    @cached_property
    def then(self) -> PastStates:
        """Customers as they were known on past days, with what came."""
        return PastStates(self.cltv, self.purchases, self.log, read_then(self.prepared.folder))

    @cached_property
    def base(self) -> WholeBase:
        """The forecast of all customers over the study's horizon, in total and of each of them."""
        self._need("20_cltv")
        return read_base(self.prepared.folder)

    @property
    def values_customers(self) -> bool:
        """Whether a model of purchases values the customers of this study."""
        bought = "transactions" in self.tables.paths and self.file.contract == "noncontractual"
        return bought and "20_cltv" not in self.prepared.unavailable

    @cached_property
    def contracts(self) -> Contracts:
        """The contracts of the study and the relations that they make."""
        return stored_contracts(self.table("subscriptions"), self.file, self.tables)

    @property
    def driver_tables(self) -> DriverTables:
        """The tables from which drivers of the end of contracts come; None where the study has no such table."""
        found = {name: self.table(name) for name in DriverTables._fields if name in self.tables.paths}
        return DriverTables(**found)

    @property
    def engine(self) -> ibis.BaseBackend:
        """The engine that holds the tables of this study, for what is to be computed where they are."""
        return self._connection

    @cached_property
    def renewals(self) -> RenewalFit:
        """The model of contracts, fitted once for all notebooks."""
        self._need("20_cltv_contractual")
        return RenewalFit.from_dict(self._kept("contract"))

    @cached_property
    def past_renewals(self) -> PastRenewals:
        """Forecasts of the contracts made again from past days, with what came."""
        return PastRenewals.from_dict(self._kept("contract_past"))

    @cached_property
    def programmes(self) -> tuple[ProgrammeFit, ...]:
        """The effects of the declared programmes, estimated once for all notebooks."""
        return tuple(ProgrammeFit.from_dict(one) for one in self._kept("programmes") or ())

    @cached_property
    def goodwill(self) -> tuple[GoodwillFit, ...]:
        """The goodwill rules of the programmes that compare some, valued once for all notebooks."""
        return tuple(GoodwillFit.from_dict(one) for one in self._kept("goodwill") or ())

    @cached_property
    def portfolio(self) -> Portfolio | None:
        """All declared programmes side by side; None in a study without one."""
        found = self._kept("portfolio")
        return None if found is None else Portfolio.from_dict(found)

    @cached_property
    def small_groups(self) -> frozenset[tuple[str, str]]:
        """Column and group of the customers table that no table of a report shows: too few, or they would give one away.

        Decided once, from all customers, so that every table withholds the same groups beside a small one.
        """
        from cxvalue.findings.small_groups import withheld_groups
        from cxvalue.tables.labels import label_profiles

        customers = self.table_or_none("customers")
        if customers is None:
            return frozenset()
        labels, times = label_profiles(customers)
        return withheld_groups(labels, self.file.report.suppress_below, times=times)

    @cached_property
    def history(self) -> History:
        """What earlier published runs of the study said; nothing when opened by hand."""
        return read_history(self.work)

    def _in_groups(
        self, tables: Mapping[str, pd.DataFrame]
    ) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, pd.DataFrame]]:
        """The tables that are published, and those with a row a customer that stay in the run where the report has none."""
        from cxvalue.questions.customers.customer_groups import SEGMENTS, customers_in_groups
        from cxvalue.tables.labels import segments_of

        rules, rows = self.file.report, {name: one for name, one in tables.items() if ID_COLUMN in one.columns}
        if not any(rules.as_groups(len(one), self.file.engine is not None) for one in rows.values()):
            return tables, {}
        shown = {name: one for name, one in tables.items() if name not in rows}
        if (listed := rows.get(CUSTOMERS)) is not None:
            people = self.table_or_none("customers")
            labels = {} if people is None else segments_of(people, listed[ID_COLUMN].to_numpy(object))
            before, small = self.history.shown(SEGMENTS, self.as_of), self.small_groups
            shown |= customers_in_groups(listed, rules.suppress_below, labels, elsewhere=small, before=before)
        return shown, rows

    @cached_property
    def _places(self) -> list[Any]:
        return []

    def headline(self) -> None:
        """Show in a notebook what the study is, with a place for the answer, which `publish` fills at the end."""
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        from cxvalue.report.notebook_top import Opening

        if get_ipython() is not None:
            self._places.append(display(Opening.of(self.file, self.observed_from, self.as_of), display_id=True))

    def publish(
        self,
        notebook: str,
        *,
        findings: Sequence[Finding] = (),
        tables: Mapping[str, pd.DataFrame] | None = None,
        figures: Mapping[str, tuple[Figure, str, str]] | None = None,
        private: Mapping[str, pd.DataFrame] | None = None,
    ) -> str:
        """Hand a notebook's findings, tables and figures (figure, title, caption) to the run, and say what was handed.

        `private` are lists with real customer ids, named like ``calls.csv``: the run publishes them apart from the
        report, readable by their owner only, and leaves the ids as they are. By hand (no work
        folder) nothing is written. The file that marks the notebook as done is written last.
        """
        from cxvalue.findings.points import withhold_points
        from cxvalue.report.lowering import lower_grades
        from cxvalue.report.notebook_top import Opening, in_short
        from cxvalue.report.revenue_words import figure_in_revenue, findings_in_revenue, told_in_revenue

        tables, figures, private = tables or {}, figures or {}, private or {}
        said = translate(
            "findings: {findings}, tables: {tables}, figures: {figures}",
            findings=len(findings),
            tables=len(tables),
            figures=len(figures),
        )
        if private:
            said += f", {translate_count('{count} private list', '{count} private lists', len(private))}"
        wrong = next((name for name in private if not name.endswith(".csv")), None)
        if wrong is not None:
            raise CxvalueError(
                "The private list {name!r} cannot be written: its name must end with '.csv'.", name=wrong
            )
        lowered = lower_grades(withhold_points(findings), self.tables.cautions)
        if self.file.money == "revenue":
            lowered = findings_in_revenue(lowered)
            for figure, _, _ in figures.values():
                figure_in_revenue(figure)
            figures = {
                name: (figure, told_in_revenue(title), told_in_revenue(caption))
                for name, (figure, title, caption) in figures.items()
            }
        for place in self._places:
            place.update(Opening.of(self.file, self.observed_from, self.as_of, in_short(lowered)))
        if self.work is None:
            return translate("Opened by hand: {said} were computed and nothing was published.", said=said)
        tables, rows = self._in_groups(tables)
        _write_outputs(self.work / notebook, lowered, tables, figures, private, rows)
        return translate("Handed to the run: {said}.", said=said)


@working("Adding customers up by unit and month")
def programme_panel(study: Study, name: str) -> UnitPanel | CustomerPanel:
    """The panel of one programme of a study, as its design works on it; raises `CxvalueError` for an unknown name."""
    programme = next((one for one in study.file.programmes if one.name == name), None)
    if programme is None:
        known = [one.name for one in study.file.programmes]
        found = translate("The study {study!r} declares no programme {name!r}.", study=study.name, name=name)
        raise CxvalueError(f"{found} {nearest(name, known)}")

    def table(wanted: str) -> ibis.Table | None:
        return study.table(wanted) if wanted in study.tables.paths else None

    source = StudyTables(study.file, table, study.as_of, study.observed_from).source(programme)
    return panel_for(source, design_of(programme, source.rollout)[0])


def _write_outputs(
    folder: Path,
    findings: Sequence[Finding],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, tuple[Figure, str, str]],
    private: Mapping[str, pd.DataFrame],
    rows: Mapping[str, pd.DataFrame],
) -> None:
    from cxvalue.figures import message_of, save
    from cxvalue.findings.finding import write_findings

    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    write_findings(findings, folder, handed_over=True)
    for name, table in tables.items():
        # The format is the table's name in the report: rows per customer as parquet, small summaries as csv.
        if name.endswith(".csv"):
            inert_table(table).to_csv(folder / "tables" / name, index=False)
        else:
            write_parquet(table, folder / "tables" / name)
    for name, table in rows.items():
        (folder / ROWS).mkdir(mode=0o700, exist_ok=True)
        write_parquet(table, (folder / ROWS / name).with_suffix(".parquet"))
    for name, listed in private.items():
        (folder / "private").mkdir(mode=0o700, exist_ok=True)
        (folder / "private" / name).touch(mode=0o600)
        inert_table(listed).to_csv(folder / "private" / name, index=False)
    captions = []
    for name, (figure, title, caption) in figures.items():
        save(figure, folder / "figures", name)
        captions.append({"name": name, "title": message_of(figure) or title, "topic": title, "caption": caption})
    (folder / "figures" / "figures.json").write_text(json.dumps(captions, indent=1), encoding="utf-8")
    (folder / "done.json").write_text(json.dumps({"notebook": folder.name}), encoding="utf-8")
