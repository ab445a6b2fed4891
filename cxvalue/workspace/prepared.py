"""From a study file to tables and fits on disk: prepared once, kept in a cache, never published.

`prepare` validates a study, writes its canonical tables (parquet) and the shared fits into a folder that is keyed by
the fingerprint of everything that went in, and leaves it alone when the same inputs come again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import psutil

from cxvalue.engine.prints import hash_of_everything
from cxvalue.firstmile.handwritten import hold_against_layouts
from cxvalue.foundation.beside import beside
from cxvalue.foundation.calendar import TimeUnit, day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import CATALOGUES, using
from cxvalue.lifetime.candidates.by_model import all_states_of
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.past_renewals import past_renewals
from cxvalue.questions.contracts.renewals import fit_renewals
from cxvalue.questions.experience.needed import experience_obstacles
from cxvalue.questions.lifetime_value.forecast import base_of_study, fit_study, states_of_study
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate.bundled import make_missing_tables
from cxvalue.study import StudyFile, load_study_file, project_root
from cxvalue.study.fingerprints import hash_of_code
from cxvalue.tables.counts import TableSet
from cxvalue.tables.load import load_tables
from cxvalue.tables.purchase_log import purchase_log
from cxvalue.workspace.half_lives import measured_half_lives, with_half_lives
from cxvalue.workspace.kept_base import write_base, write_then
from cxvalue.workspace.kept_log import write_log
from cxvalue.workspace.kept_numbers import ids_in_order, read_numbered, write_numbered
from cxvalue.workspace.kept_states import write_states
from cxvalue.workspace.preflight import fit_declared

if TYPE_CHECKING:
    from collections.abc import Callable

    from cxvalue.questions.lifetime_value.base_forecast import PastForecast
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.purchase_log import PurchaseLog
    from cxvalue.tables.states import PurchaseStates

    _Getter = Callable[[str], ibis.Table | None]

KEPT_PREPARATIONS = 3
HALF_LIVES = "half_lives.json"
LONGEST_RUN_S = 12 * 3600
FEW_ROWS = 250_000
"""Up to so many one thread is as fast as several: the engine deals rows out in blocks of 122,880."""
MANY_CUSTOMERS = 2_000_000
"""Of more, what is said of them today and before the holdout is worked out one after the other: memory would hold both."""
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


def prepare(
    study_path: Path, as_of: date | str | None = None, language: str | None = None, *, cache: Path | None = None
) -> Prepared:
    """Validate a study and write its tables and fits, or reuse them; raises `BadInput` with everything that is wrong.

    `language` is the readers' instead of the study file's: what is found in the tables is kept in its words.
    """
    study = load_study_file(study_path, language)
    with using(study.language):
        return _prepared(study, as_of, cache)


def _prepared(study: StudyFile, as_of: date | str | None, cache: Path | None) -> Prepared:
    make_missing_tables(study)
    inputs = hash_of_everything(study)
    fingerprint = _fingerprint(study, inputs, as_of)
    shelf = (cache or _cache_folder()) / study.name
    folder = _valid_today(shelf, fingerprint[:20])
    if not (folder / "prepared.json").is_file():
        shelf.mkdir(parents=True, exist_ok=True)
        _remove_left(shelf)
        staging = Path(tempfile.mkdtemp(prefix=f".staging-{os.getpid()}-", dir=shelf))
        try:
            _fill(staging, study, as_of)
            _put(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    os.utime(folder)
    _forget_old(shelf, folder)
    return open_prepared(folder, study, fingerprint, inputs)


def _valid_today(shelf: Path, key: str) -> Path:
    """The folder of a preparation that reads the same today, or one that is free where the day of the run has its say."""
    today = date.today().isoformat()
    for folder in (shelf / key, shelf / f"{key}-{today}"):
        try:
            until = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))["tables"]["same_until"]
        except FileNotFoundError:
            return folder
        if until is None or today <= until:
            return folder
    return folder


def open_run(prepared: Prepared, folder: Path) -> None:
    """Make a work folder from which notebooks open the prepared study."""
    folder.mkdir(parents=True, exist_ok=True)
    run = {"prepared": str(prepared.folder), "language": prepared.study.language}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")


def connect_to(folder: Path, tables: TableSet) -> ibis.BaseBackend:
    """An engine for prepared tables.

    Where they are small one thread adds up: the last digit of a sum hangs on the order in which it is made.
    """
    from pyarrow.parquet import read_metadata

    from cxvalue.engine.embedded import NOTEBOOK_MEMORY_MB, connect

    con: Any = connect(NOTEBOOK_MEMORY_MB)
    if sum(read_metadata(folder / path).num_rows for path in tables.paths.values()) < FEW_ROWS:
        con.con.execute("SET threads = 1")
    return con


def _cache_folder() -> Path:
    named = os.environ.get("CXVALUE_CACHE")
    if named:
        return Path(named)
    root = project_root()
    return root / ".cxvalue" if os.access(root, os.W_OK) else Path(tempfile.gettempdir()) / "cxvalue"


def _fingerprint(study: StudyFile, inputs: dict[str, str], as_of: date | str | None) -> str:
    everything = {
        "inputs": inputs,
        "as_of": str(as_of),
        "language": [study.language, hash_of_code(CATALOGUES / study.language, "*.po")],
        "code": _code(),
        "versions": {name: version(name) for name in VERSIONS_THAT_MATTER},
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """A hash of the modules, as they were when this process first asked: it goes on with those that it has imported."""
    return hash_of_code(Path(__file__).parents[1], "*.py")


def _fill(folder: Path, study: StudyFile, as_of: date | str | None) -> None:
    with working("Reading and checking the tables"):
        # On a connection of its own: what reading keeps there goes when it is done.
        tables = load_tables(study, as_of=as_of, today=date.today(), out=folder)
        hold_against_layouts(study, tables.sources)
    con = connect_to(folder, tables)
    table = _getter(con, tables)
    half_lives = measured_half_lives(study, table, as_of=tables.as_of, observed_from=tables.observed_from)
    if half_lives:
        _keep(folder, HALF_LIVES, half_lives)
        study = with_half_lives(study, half_lives)
    unavailable = experience_obstacles(table, study.metrics)
    _measure(folder, StudyTables(study, table, tables.as_of, tables.observed_from), tables)
    if study.contract == "contractual":
        if (subscriptions := table("subscriptions")) is not None:
            contracts = stored_contracts(subscriptions, study, tables)
            try:
                renewals = fit_renewals(contracts, holdout_start=study.cltv.holdout_start)
            except CxvalueError as error:
                unavailable["20_cltv_contractual"] = str(error)
            else:
                _keep(folder, "contract.json", renewals.to_dict())
                with working("Making the forecast again from past dates"):
                    past = past_renewals(contracts, study.horizon_months, study.annual_discount_rate)
                _keep(folder, "contract_past.json", past.to_dict())
    elif (purchases := table("purchases")) is not None:
        try:
            _forecast_purchases(folder, study, tables, table, purchases, con)
        except CxvalueError as error:
            unavailable["20_cltv"] = str(error)
    # The folder is about to be renamed, and whoever opens it knows where it is.
    named = replace(tables, paths={name: Path(path.name) for name, path in tables.paths.items()})
    shutil.copyfile(study.path, folder / "study.yml")
    _keep(folder, "prepared.json", {"tables": named.to_dict(), "unavailable": unavailable})


def _measure(folder: Path, measured: StudyTables, tables: TableSet) -> None:
    """Keep what campaigns, programmes and goodwill changed."""
    with working("Measuring campaigns and programmes"):
        declared = fit_declared(measured, tables.cautions)
    for name, fits in (("programmes", declared.programmes), ("goodwill", declared.goodwill)):
        if fits:
            _keep(folder, f"{name}.json", [one.to_dict() for one in fits])
    if declared.portfolio is not None:
        _keep(folder, "portfolio.json", declared.portfolio.to_dict())


def _forecast_purchases(
    folder: Path, study: StudyFile, tables: TableSet, table: _Getter, purchases: ibis.Table, con: ibis.BaseBackend
) -> None:
    """Keep the models of purchases and every customer's forecast, of today and from past dates."""
    with working("Fitting the models of purchases"):
        write_numbered(table, folder)
        numbered = read_numbered(con, folder, "purchases")
        rows = purchases if numbered is None else numbered
        read = cache(lambda day: write_log(purchase_log(rows, day), folder))
        days = {"as_of": tables.as_of, "observed_from": tables.observed_from}
        if numbered is None or study.cltv.period is not None or study.cltv.covariates:
            counted = cache(partial(_counted, study, purchases, folder))
        else:
            ids = ids_in_order(con, folder, "purchases")
            counted = cache(lambda day: _counted_from_log(study, read(day), folder, ids, day))
        fit = fit_study(study, table, **days, log=read, states=counted)
    with working("Forecasting every customer, and again from past dates"):
        log, states = read(fit.as_of), counted(fit.as_of)
        then = partial(_forecast_then, fit, PastStates(fit, purchases, log), study.level)
        if len(log) > MANY_CUSTOMERS:
            write_base(base_of_study(study, fit, table, log, states), folder)
            write_then(then(), folder)
        else:
            with beside(then) as said:
                write_base(base_of_study(study, fit, table, log, states), folder)
                write_then(said(), folder)
    _keep(folder, "cltv.json", fit.to_dict())


def _forecast_then(fit: CltvFit, then: PastStates, level: float) -> PastForecast | None:
    """What would have been forecast before the holdout, where there is one."""
    return None if fit.holdout_start is None or fit.past is None else then.forecast(fit.past, level)


def _keep(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _counted(study: StudyFile, purchases: ibis.Table, folder: Path, as_of: date) -> PurchaseStates:
    """The history of each customer, kept for the notebooks; ids go where no model asks for them."""
    states = states_of_study(study, purchases, as_of)
    write_states(states, folder)
    return states if study.cltv.covariates else replace(states, customer_id=None)


def _counted_from_log(study: StudyFile, log: PurchaseLog, folder: Path, ids: ibis.Table, as_of: date) -> PurchaseStates:
    """The same from the purchases as arrays, which is many times as fast and never holds the ids."""
    new = None if study.new_from is None else day_number(study.new_from)
    states = all_states_of(log, day_number(as_of), TimeUnit(study.cltv.time_unit), new)
    write_states(states, folder, ids)
    return states


def stored_contracts(subscriptions: ibis.Table, study: StudyFile, tables: TableSet) -> Contracts:
    """The contracts of a prepared table of subscriptions, by the rules of the study."""
    days = study.contracts.gap_days
    return contracts_of(subscriptions, as_of=tables.as_of, observed_from=tables.observed_from, gap_days=days)


def _getter(con: ibis.BaseBackend, tables: TableSet) -> _Getter:
    """Canonical tables by name, each opened once, None for those that the study lacks."""
    return cache(lambda name: con.read_parquet(tables.paths[name]) if name in tables.paths else None)


def _put(staging: Path, folder: Path) -> None:
    """Move a finished preparation into place; another run may have been faster, and then its equal work is kept."""
    try:
        staging.rename(folder)
    except OSError:
        if not (folder / "prepared.json").is_file():
            raise


def open_prepared(folder: Path, study: StudyFile, fingerprint: str, inputs: dict[str, str]) -> Prepared:
    """What `prepare` left in a folder; nothing is read but its summary."""
    summary = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    tables = TableSet.from_dict(summary["tables"])
    if (folder / HALF_LIVES).is_file():
        study = with_half_lives(study, json.loads((folder / HALF_LIVES).read_text(encoding="utf-8")))
    return Prepared(folder, study, tables.as_of, fingerprint, inputs, tables, summary["unavailable"])


def _remove_left(shelf: Path) -> None:
    """What processes that were killed left half made."""
    for left in shelf.glob(".staging-*-*"):
        number = left.name.split("-")[1]
        if not number.isdigit() or not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _forget_old(shelf: Path, current: Path) -> None:
    """Keep the latest few preparations of a study, and those that a run may still read: data should not pile up."""
    others = [path for path in shelf.iterdir() if path.is_dir() and path != current and not path.name.startswith(".")]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT_PREPARATIONS - 1 :]:
        if time.time() - path.stat().st_mtime > LONGEST_RUN_S:
            shutil.rmtree(path, ignore_errors=True)
