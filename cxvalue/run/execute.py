"""Runs notebooks side by side, each in a process of its own, and ends them all when one fails.

The order is that of the graph: a notebook starts when the results that it reads are there. Nothing is published
here.

The processes come from a *fork server*: a small process that imports papermill once, while the study's tables are still
being read (`warm_up`), and that ends with the runner. Call `run_notebooks` from a script only below
``if __name__ == "__main__":``, as with everything that is built on `multiprocessing`.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from cxvalue.foundation.errors import IN_RUN, RunFailed
from cxvalue.language.catalogue import translate
from cxvalue.run.journal import Reporter
from cxvalue.run.kernel import PYTHON_KERNEL, NotebookJob, end_with_children, run_job
from cxvalue.workspace.notebooks import NotebookSpec

DONE = "done.json"
PRELOADED = ["cxvalue.run.preload"]
SECONDS_TO_LEAVE = 10.0
FULL_BYTES = 2**20
"""A disk with less than that is full: no notebook can be written to it."""
LONGEST_TEMPORARY_FOLDER = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a cell and a whole notebook may take (seconds), how many run at once, and with which kernel.

    `jobs` None: as many as there are processor cores.
    """

    cell_s: float = 1800
    notebook_s: float = 7200
    jobs: int | None = None
    kernel: str = PYTHON_KERNEL


@dataclass(frozen=True, slots=True)
class StudyReference:
    """The study that notebooks run for: its name, the absolute path of its file, and how its pages speak.

    `language` is theirs; `in_revenue`: no margin is known, and they say revenue.
    """

    name: str
    path: Path
    language: str = "en"
    in_revenue: bool = False


@dataclass(frozen=True, slots=True)
class NotebookRun:
    """A notebook that ran to its end: how long it took, and the notebook and its page as they may be published."""

    name: str
    seconds: float
    notebook: Path
    page: Path


@dataclass(slots=True)
class _Running:
    job: NotebookJob
    process: BaseProcess
    channel: connection.Connection
    started: float
    deadline: float
    cell: int = 0
    verdict: tuple[str, str] | None = field(default=None)

    @property
    def place(self) -> str:
        """Where the notebook is, in words."""
        return translate("in cell {cell}", cell=self.cell) if self.cell else translate("before its first cell")


def usable_cores() -> int:
    """How many processor cores this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def warm_up() -> None:
    """Start the process that imports papermill and what notebooks import; returns at once."""
    context = _context()
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(PRELOADED)
        with _environment_of_kernels():
            forkserver.ensure_running()


@contextmanager
def _environment_of_kernels() -> Iterator[None]:
    """What a process must be born with to become a kernel stands in the environment inside the block."""
    wanted: dict[str, str | None] = {**_from_birth(), "MPLBACKEND": None}
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _context() -> ForkServerContext | SpawnContext:
    """The fork server, or where its socket's path would be too long a slower process of its own for each notebook."""
    fits = len(os.fsencode(tempfile.gettempdir())) <= LONGEST_TEMPORARY_FOLDER
    return multiprocessing.get_context("forkserver") if fits else multiprocessing.get_context("spawn")


def run_notebooks(
    specs: Sequence[NotebookSpec],
    *,
    notebooks: Path,
    work: Path,
    study: StudyReference,
    limits: Limits | None = None,
    progress: Reporter | None = None,
) -> tuple[NotebookRun, ...]:
    """Run notebooks with the parameters `study` and `work`; returns them in the order of `specs`.

    Executed notebooks, pages and logs go to `work/executed`. Raises `RunFailed` with one line for the first notebook
    that failed, after those that were still running have been ended.
    """
    limits = limits or Limits()
    missing = [spec.name for spec in specs if not (notebooks / f"{spec.name}.ipynb").is_file()]
    if missing:
        raise RunFailed("{name} is missing: there is no {name}.ipynb in the notebooks folder", name=missing[0])
    warm_up()
    jobs = max(1, min(limits.jobs or usable_cores(), len(specs)))
    runtime = Path(tempfile.mkdtemp(prefix="cxv-"))
    crew = _Crew(notebooks.resolve(), work.resolve(), study, runtime, jobs, limits, progress or Reporter())
    try:
        crew.run(specs)
    finally:
        crew.end_all()
        shutil.rmtree(runtime, ignore_errors=True)
    return tuple(crew.done[spec.name] for spec in specs)


class _Crew:
    """The processes of one run."""

    def __init__(
        self,
        notebooks: Path,
        work: Path,
        study: StudyReference,
        runtime: Path,
        jobs: int,
        limits: Limits,
        progress: Reporter,
    ) -> None:
        self.notebooks = notebooks
        self.work = work
        self.study = study
        self.runtime = runtime
        self.jobs = jobs
        self.limits = limits
        self.progress = progress
        self.environment = _environment(runtime)
        self.running: dict[str, _Running] = {}
        self.proved: set[str] = set()
        self.done: dict[str, NotebookRun] = {}
        self.context = _context()

    def run(self, specs: Sequence[NotebookSpec]) -> None:
        (self.work / "executed").mkdir(exist_ok=True)
        # Those that others build on first: they take longest, and decide when the run ends.
        waiting = sorted(specs, key=lambda spec: -sum(spec.name in other.company for other in specs))
        names = {spec.name for spec in specs}
        while waiting or self.running:
            for spec in self._ready(waiting, names):
                waiting.remove(spec)
                self._start(spec)
            if not self.running:
                raise RunFailed(
                    "{name} waits for itself: the notebooks depend on each other in a circle", name=waiting[0].name
                )
            self._listen()

    def _ready(self, waiting: Iterable[NotebookSpec], names: set[str]) -> list[NotebookSpec]:
        free = self.jobs - len(self.running)
        ready = [spec for spec in waiting if all(name in self.proved for name in spec.after if name in names)]
        return ready[:free]

    def _start(self, spec: NotebookSpec) -> None:
        executed = self.work / "executed"
        job = NotebookJob(
            name=spec.name,
            title=spec.title,
            study=self.study.name,
            language=self.study.language,
            in_revenue=self.study.in_revenue,
            source=self.notebooks / f"{spec.name}.ipynb",
            executed=executed / f"{spec.name}.ipynb",
            scrubbed=executed / f"{spec.name}.published.ipynb",
            page=executed / f"{spec.name}.html",
            log=executed / f"{spec.name}.log",
            proof=self.work / spec.name / DONE,
            runtime=self.runtime,
            parameters={"study": str(self.study.path), "work": str(self.work)},
            environment=self.environment,
            kernel=self.limits.kernel,
            cell_timeout_s=self.limits.cell_s,
        )
        ours, theirs = self.context.Pipe(duplex=False)
        process = self.context.Process(target=run_job, args=(job, theirs), name=spec.name, daemon=False)
        process.start()  # waits until the fork server has imported papermill
        started = time.monotonic()
        theirs.close()
        deadline = started + self.limits.notebook_s
        self.running[spec.name] = _Running(job, process, ours, started, deadline)
        self.progress.started(spec.name)

    def _listen(self) -> None:
        """Wait for the next thing that any notebook says, or for the first to run out of time."""
        soonest = min(member.deadline for member in self.running.values())
        heard = connection.wait([m.channel for m in self.running.values()], max(0.0, soonest - time.monotonic()))
        for member in [m for m in self.running.values() if m.channel in heard]:
            self._hear(member)
        for member in self.running.values():
            if time.monotonic() >= member.deadline:
                raise RunFailed(
                    "{name} ran longer than {limit:g} s and was stopped {place}",
                    name=member.job.name,
                    limit=self.limits.notebook_s,
                    place=member.place,
                )

    def _hear(self, member: _Running) -> None:
        try:
            kind, *rest = member.channel.recv()
        except (EOFError, OSError):
            self._ended(member)
            return
        if kind == "cell":
            member.cell = int(rest[0])
            self.progress.cell(member.job.name, *rest)
        elif kind == "proved":
            self.proved.add(member.job.name)
        else:
            member.verdict = (kind, str(rest[0]))

    def _ended(self, member: _Running) -> None:
        name = member.job.name
        member.process.join(SECONDS_TO_LEAVE)
        kind, reason = member.verdict or ("", "")
        if kind == "failed":
            raise RunFailed(reason)
        if kind != "done" or member.process.exitcode not in (0, None):
            if shutil.disk_usage(self.work).free < FULL_BYTES:
                raise RunFailed(
                    "{name}: the disk that holds the work folder is full {place}", name=name, place=member.place
                )
            how = translate("exit status {status}", status=member.process.exitcode)
            if member.process.exitcode == -signal.SIGKILL:
                how = translate("exit status {status}; did it run out of memory?", status=member.process.exitcode)
            raise RunFailed(
                "{name}: its process was killed from outside {place} ({how})", name=name, place=member.place, how=how
            )
        self._release(member)
        seconds = time.monotonic() - member.started
        self.done[name] = NotebookRun(name, seconds, member.job.scrubbed, member.job.page)
        self.progress.done(name, seconds)

    def _release(self, member: _Running) -> None:
        del self.running[member.job.name]
        member.channel.close()
        if member.process.is_alive():
            end_with_children(member.process.pid or 0)
            member.process.join()

    def end_all(self) -> None:
        """End every process that is still there, with its kernel."""
        for member in self.running.values():
            if member.process.pid and member.process.is_alive():
                end_with_children(member.process.pid)
        for member in self.running.values():
            member.process.join(SECONDS_TO_LEAVE)
            member.channel.close()
        self.running.clear()


def _environment(runtime: Path) -> Mapping[str, str]:
    """What the kernels get on top of the runner's environment: reproducible, and no user's own start-up files."""
    own = {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_RUNTIME_DIR": str(runtime), "IPYTHONDIR": str(runtime / "ipython")}
    return own | {IN_RUN: "1"} | _from_birth()


def _from_birth() -> dict[str, str]:
    """What Python and the libraries read once, before a fork: fixed hashes, one thread of the linear algebra, the package.

    The matrices are many and small: more threads would double the processor time and save none.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {"PYTHONHASHSEED": "0", **threads}
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():  # not installed: the kernel starts in another folder
        paths = [str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment
