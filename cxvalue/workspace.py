"""From a study file to data and fits that notebooks can open: prepared once, kept in a cache, never published.

`prepare` validates a study, writes its canonical tables (parquet) and the shared fits into a folder that is keyed by
the fingerprint of everything that went in, and leaves it alone when the same inputs come again. `load_study` opens it:
inside a run (`work` is given) or by hand in JupyterLab (`work` is None: same preparation, nothing published).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from cxvalue.cltv import CltvFit, fit_study
from cxvalue.contract_base import Contracts, contracts_of
from cxvalue.contract_drivers import DriverTables
from cxvalue.covariates import labels_of
from cxvalue.errors import CxvalueError, nearest
from cxvalue.goodwill import GoodwillFit
from cxvalue.history import History, read_history
from cxvalue.money.portfolio import Portfolio
from cxvalue.preflight import fit_declared
from cxvalue.programmes import ProgrammeFit, design_of, panel_for, panel_source
from cxvalue.renewals import RenewalFit, fit_renewals
from cxvalue.simulate.bundled import make_missing_tables
from cxvalue.study import StudyFile, TableSource, find_study, load_study_file, project_root
from cxvalue.tables.counts import TableSet
from cxvalue.tables.discrete import period_states
from cxvalue.tables.load import load_tables
from cxvalue.tables.parquet import write_parquet
from cxvalue.tables.sources import source_files
from cxvalue.tables.states import PurchaseStates, purchase_states_from_purchases

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from cxvalue.report.findings import Finding
    from cxvalue.tables.panels import CustomerPanel, UnitPanel

__all__ = ["Prepared", "Study", "load_study", "open_run", "prepare", "programme_panel"]

KEPT_PREPARATIONS = 3
LONGEST_RUN_S = 12 * 3600
VERSIONS_THAT_MATTER = ("duckdb", "ibis-framework", "numpy", "scipy")


@dataclass(frozen=True)
class Prepared:
    """A study whose tables were validated and written, and whose models were fitted."""

    folder: Path
    study: StudyFile
    as_of: date
    fingerprint: str
    inputs: dict[str, str]
    tables: TableSet
    unavailable: dict[str, str]

    @property
    def study_path(self) -> Path:
        """The study file."""
        return self.study.path

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the study file left open."""
        return self.study.assumptions


def prepare(study_path: Path, as_of: date | str | None = None, *, cache: Path | None = None) -> Prepared:
    """Validate a study and write its tables and fits, or reuse them; raises `BadInput` with everything that is wrong."""
    study = load_study_file(study_path)
    make_missing_tables(study)
    inputs = _inputs(study)
    fingerprint = _fingerprint(study, inputs, as_of)
    shelf = (cache or _cache_folder()) / study.name
    folder = shelf / fingerprint[:20]
    if not (folder / "prepared.json").is_file():
        shelf.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=shelf))
        try:
            _fill(staging, study, as_of)
            _put(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    os.utime(folder)
    _forget_old(shelf, folder)
    return _open_prepared(folder, study, fingerprint, inputs)


def open_run(prepared: Prepared, folder: Path) -> None:
    """Make a work folder from which notebooks open the prepared study."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"prepared": str(prepared.folder)}), encoding="utf-8")


def load_study(
    reference: str | os.PathLike[str], *, work: str | os.PathLike[str] | None = None, as_of: date | str | None = None
) -> Study:
    """Open a study by its name, folder or file.

    With `work` (a run's folder, given by the runner) the run's preparation is opened and `Study.publish` writes there;
    without it the study is prepared from its cache and nothing is published.
    """
    if work is None:
        return Study(prepare(find_study(reference), as_of), None)
    folder = Path(json.loads((Path(work) / "run.json").read_text(encoding="utf-8"))["prepared"])
    # The settings that the data was prepared with: the study file may have been edited since.
    return Study(_open_prepared(folder, load_study_file(folder / "study.yml"), "", {}), Path(work))


@dataclass(frozen=True)
class Study:
    """A prepared study, as notebooks use it: its settings, its tables and its fits."""

    prepared: Prepared
    work: Path | None

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
        return _connect()

    def table(self, name: str) -> ibis.Table:
        """A canonical table of the study, or "purchases" (one row per customer and day, refunds netted)."""
        paths = self.prepared.tables.paths
        if name not in paths:
            raise CxvalueError(f"The study {self.name!r} has no table {name!r}; it has {', '.join(sorted(paths))}.")
        return self._connection.read_parquet(self.prepared.folder / paths[name])

    @property
    def purchases(self) -> ibis.Table:
        """Day-level purchases: customer_id, date, revenue, margin."""
        return self.table("purchases")

    def states(self, *, as_of: date | None = None) -> PurchaseStates:
        """The purchase history of each customer as frequency, recency and age, counted as the lifetime models count it."""
        if self.file.cltv.period is not None:
            return period_states(self.purchases, as_of=as_of or self.as_of, period=self.file.cltv.period)
        day, unit, new_from = as_of or self.as_of, self.file.cltv.time_unit, self.file.new_from
        return purchase_states_from_purchases(
            self.purchases, as_of=day, time_unit=unit, per_customer=True, new_from=new_from
        )

    @cached_property
    def cltv(self) -> CltvFit:
        """The lifetime models, fitted once for all notebooks."""
        reason = self.prepared.unavailable.get("20_cltv")
        if reason:
            raise CxvalueError(reason)
        fit = CltvFit.from_dict(json.loads((self.prepared.folder / "cltv.json").read_text(encoding="utf-8")))
        names = self.file.cltv.covariates
        return fit.with_labels(labels_of(self.table("customers"), names)) if names else fit

    @property
    def values_customers(self) -> bool:
        """Whether a model of purchases values the customers of this study."""
        bought = "transactions" in self.tables.paths and self.file.contract == "noncontractual"
        return bought and "20_cltv" not in self.prepared.unavailable

    @cached_property
    def contracts(self) -> Contracts:
        """The contracts of the study and the relations that they make."""
        return _contracts(self.table("subscriptions"), self.file, self.tables)

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
        reason = self.prepared.unavailable.get("20_cltv_contractual")
        if reason:
            raise CxvalueError(reason)
        return RenewalFit.from_dict(json.loads((self.prepared.folder / "contract.json").read_text(encoding="utf-8")))

    @cached_property
    def programmes(self) -> tuple[ProgrammeFit, ...]:
        """The effects of the declared programmes, estimated once for all notebooks."""
        path = self.prepared.folder / "programmes.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return tuple(ProgrammeFit.from_dict(one) for one in found)

    @cached_property
    def goodwill(self) -> tuple[GoodwillFit, ...]:
        """The goodwill rules of the programmes that compare some, valued once for all notebooks."""
        path = self.prepared.folder / "goodwill.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return tuple(GoodwillFit.from_dict(one) for one in found)

    @cached_property
    def portfolio(self) -> Portfolio | None:
        """All declared programmes side by side; None in a study without one."""
        path = self.prepared.folder / "portfolio.json"
        return Portfolio.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    @cached_property
    def history(self) -> History:
        """What earlier published runs of the study said; nothing when opened by hand."""
        return read_history(self.work)

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
        from cxvalue.report.cautions import lower_grades
        from cxvalue.report.points import withhold_points

        tables, figures, private = tables or {}, figures or {}, private or {}
        said = f"{len(findings)} findings, {len(tables)} tables, {len(figures)} figures"
        if private:
            said += f", {len(private)} private {'list' if len(private) == 1 else 'lists'}"
        wrong = next((name for name in private if not name.endswith(".csv")), None)
        if wrong is not None:
            raise CxvalueError(f"The private list {wrong!r} cannot be handed over: its name must end with '.csv'.")
        if self.work is None:
            return f"Opened by hand: {said} were computed and nothing was published."
        lowered = lower_grades(withhold_points(findings), self.tables.cautions)
        _write_outputs(self.work / notebook, lowered, tables, figures, private)
        return f"Handed to the run: {said}."


def programme_panel(study: Study, name: str) -> UnitPanel | CustomerPanel:
    """The panel of one programme of a study, as its design works on it; raises `CxvalueError` for an unknown name."""
    programme = next((one for one in study.file.programmes if one.name == name), None)
    if programme is None:
        known = [one.name for one in study.file.programmes]
        raise CxvalueError(f"The study {study.name!r} declares no programme {name!r}. {nearest(name, known)}")

    def table(wanted: str) -> ibis.Table | None:
        return study.table(wanted) if wanted in study.tables.paths else None

    source = panel_source(study.file, programme, table, as_of=study.as_of, observed_from=study.observed_from)
    return panel_for(source, design_of(programme, source.rollout)[0])


def _write_outputs(
    folder: Path,
    findings: Sequence[Finding],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, tuple[Figure, str, str]],
    private: Mapping[str, pd.DataFrame],
) -> None:
    from cxvalue.figures import save
    from cxvalue.report.findings import write_findings

    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    write_findings(findings, folder)
    for name, table in tables.items():
        # The format is the table's name in the report: rows per customer as parquet, small summaries as csv.
        if name.endswith(".csv"):
            table.to_csv(folder / "tables" / name, index=False)
        else:
            write_parquet(table, folder / "tables" / name)
    for name, listed in private.items():
        (folder / "private").mkdir(mode=0o700, exist_ok=True)
        (folder / "private" / name).touch(mode=0o600)
        listed.to_csv(folder / "private" / name, index=False)
    captions = []
    for name, (figure, title, caption) in figures.items():
        save(figure, folder / "figures", name)
        captions.append({"name": name, "title": title, "caption": caption})
    (folder / "figures" / "figures.json").write_text(json.dumps(captions, indent=1), encoding="utf-8")
    (folder / "done.json").write_text(json.dumps({"notebook": folder.name}), encoding="utf-8")


def _connect() -> ibis.BaseBackend:
    from cxvalue.tables.sources import connect

    return connect()


def _cache_folder() -> Path:
    named = os.environ.get("CXVALUE_CACHE")
    if named:
        return Path(named)
    root = project_root()
    return root / ".cxvalue" if os.access(root, os.W_OK) else Path(tempfile.gettempdir()) / "cxvalue"


def _inputs(study: StudyFile) -> dict[str, str]:
    """A content hash for each file that the study reads; what cannot be hashed (a database) never matches again."""
    hashes = {"study.yml": _hash_file(study.path)}
    rates = study.exchange_rates
    sources = {**study.tables, **({"exchange_rates": rates} if isinstance(rates, TableSource) else {})}
    for name, source in sources.items():
        if source.database is not None:
            hashes[f"{name}: database"] = os.urandom(8).hex()
        for path in source_files(source, study.folder):
            inside = path.is_relative_to(study.folder)
            shown = path.relative_to(study.folder).as_posix() if inside else f"{path.parent.name}/{path.name}"
            hashes[f"{name}: {shown}"] = _hash_file(path) if path.is_file() else "missing"
    return hashes


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fingerprint(study: StudyFile, inputs: dict[str, str], as_of: date | str | None) -> str:
    code = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        code.update(path.relative_to(package).as_posix().encode())
        code.update(path.read_bytes())
    everything = {
        "inputs": inputs,
        "as_of": str(as_of),
        "code": code.hexdigest(),
        "versions": {name: version(name) for name in VERSIONS_THAT_MATTER},
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def _fill(folder: Path, study: StudyFile, as_of: date | str | None) -> None:
    con = _connect()
    tables = load_tables(study, as_of=as_of, today=date.today(), out=folder, con=con)
    unavailable: dict[str, str] = {}
    declared = fit_declared(
        study,
        _getter(con, tables),
        as_of=tables.as_of,
        observed_from=tables.observed_from,
        cautions=tables.cautions,
    )
    for name, fits in (("programmes", declared.programmes), ("goodwill", declared.goodwill)):
        if fits:
            (folder / f"{name}.json").write_text(json.dumps([one.to_dict() for one in fits]), encoding="utf-8")
    if declared.portfolio is not None:
        (folder / "portfolio.json").write_text(json.dumps(declared.portfolio.to_dict()), encoding="utf-8")
    if study.contract == "contractual":
        if "subscriptions" in tables.paths:
            subscriptions = con.read_parquet(tables.paths["subscriptions"])
            contracts = _contracts(subscriptions, study, tables)
            try:
                renewals = fit_renewals(contracts, holdout_start=study.cltv.holdout_start)
            except CxvalueError as error:
                unavailable["20_cltv_contractual"] = str(error)
            else:
                (folder / "contract.json").write_text(json.dumps(renewals.to_dict()), encoding="utf-8")
    elif "purchases" in tables.paths:
        try:
            fit = fit_study(study, _getter(con, tables), as_of=tables.as_of, observed_from=tables.observed_from)
        except CxvalueError as error:
            unavailable["20_cltv"] = str(error)
        else:
            (folder / "cltv.json").write_text(json.dumps(fit.to_dict()), encoding="utf-8")
    # The folder is about to be renamed, and whoever opens it knows where it is.
    named = replace(tables, paths={name: Path(path.name) for name, path in tables.paths.items()})
    summary: dict[str, Any] = {"tables": named.to_dict(), "unavailable": unavailable}
    shutil.copyfile(study.path, folder / "study.yml")
    (folder / "prepared.json").write_text(json.dumps(summary), encoding="utf-8")


def _contracts(subscriptions: ibis.Table, study: StudyFile, tables: TableSet) -> Contracts:
    days = study.contracts.gap_days
    return contracts_of(subscriptions, as_of=tables.as_of, observed_from=tables.observed_from, gap_days=days)


def _getter(con: ibis.BaseBackend, tables: TableSet) -> Callable[[str], ibis.Table | None]:
    """Canonical tables by name, None for those that the study lacks."""
    return lambda name: con.read_parquet(tables.paths[name]) if name in tables.paths else None


def _put(staging: Path, folder: Path) -> None:
    """Move a finished preparation into place; another run may have been faster, and then its equal work is kept."""
    try:
        staging.rename(folder)
    except OSError:
        if not (folder / "prepared.json").is_file():
            raise


def _open_prepared(folder: Path, study: StudyFile, fingerprint: str, inputs: dict[str, str]) -> Prepared:
    summary = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    tables = TableSet.from_dict(summary["tables"])
    return Prepared(folder, study, tables.as_of, fingerprint, inputs, tables, summary["unavailable"])


def _forget_old(shelf: Path, current: Path) -> None:
    """Keep the latest few preparations of a study, and those that a run may still read: data should not pile up."""
    others = [path for path in shelf.iterdir() if path.is_dir() and path != current and not path.name.startswith(".")]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT_PREPARATIONS - 1 :]:
        if time.time() - path.stat().st_mtime > LONGEST_RUN_S:
            shutil.rmtree(path, ignore_errors=True)
