"""What happens in the process of one notebook: papermill runs it, and the result is said in one line.

Importing papermill takes seconds, so nothing here imports it before it is needed; `cxvalue.run.execute` starts a server
process that has done so once and forks a process for every notebook. A saved notebook does not prove that it ran to its
end (after a dead kernel or a timeout papermill marks every cell as completed), so success is decided here, from what
was raised and from the file that the notebook writes last.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.foundation.errors import RunFailed
from cxvalue.foundation.lazy import INJECTED, import_nbformat
from cxvalue.foundation.machine import trouble_of
from cxvalue.language.catalogue import speak, translate, using
from cxvalue.language.words import enumerated
from cxvalue.run.forked import ForkedKernel

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from nbformat import NotebookNode

PYTHON_KERNEL = "python3"
LONGEST_SOCKET_PATH = 100
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class NotebookJob:
    """All that the process of one notebook is told; every path is absolute.

    `proof` is the file that the notebook writes last.
    `runtime` is a short folder for the kernel's sockets. `in_revenue`: no margin is known, and the page says revenue.
    """

    name: str
    title: str
    study: str
    language: str
    source: Path
    executed: Path
    scrubbed: Path
    page: Path
    log: Path
    proof: Path
    runtime: Path
    parameters: Mapping[str, str]
    environment: Mapping[str, str]
    kernel: str = PYTHON_KERNEL
    cell_timeout_s: float = 1800
    in_revenue: bool = False


def run_job(job: NotebookJob, channel: Connection) -> None:
    """Run one notebook and report on the channel: ('cell', number, of), ('proved', ''), then ('done', '').

    'proved' says that its results are there and only its page is still to be written; ('failed', reason) may come instead
    of any.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle; it ends this process
    _write_output_to(job.log)
    os.environ.update(job.environment)
    os.environ.pop("MPLBACKEND", None)  # the kernel chooses its inline backend unless the user's shell set another
    os.environ.pop("PYTHONSTARTUP", None)  # a user's own start-up file is no part of a report
    kernel = ForkedKernel(channel) if job.kernel == PYTHON_KERNEL and ForkedKernel.possible() else None
    threading.Thread(target=_end_with_the_runner, args=(job.runtime,), daemon=True).start()
    speak(job.language)
    try:
        _Execution(job, channel, kernel).run()
    except RunFailed as failure:
        channel.send(("failed", str(failure)))
    except Exception as error:
        import traceback

        channel.send(("failed", f"{job.name}: {trouble_of(error) or _one_line(error)}"))
        with suppress(OSError):  # the log may be what cannot be written
            traceback.print_exc()
    else:
        channel.send(("done", ""))
    finally:
        channel.close()
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()


class _Execution:
    """One run of one notebook; remembers which cell is being executed, since a failure often does not say."""

    def __init__(self, job: NotebookJob, channel: Connection, kernel: ForkedKernel | None) -> None:
        self.job = job
        self.kernel = kernel
        self.channel = channel
        self.cell = 0
        self.cells = 0
        self.numbers: dict[str, int] = {}

    def run(self) -> None:
        notebook = self._execute()
        self._refuse_exit(notebook)
        self._refuse_without_proof()
        self.channel.send(("proved", ""))
        self._export()

    def _execute(self) -> NotebookNode:
        import_nbformat()
        import papermill
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.exceptions import PapermillExecutionError

        job = self.job
        self._number_cells()
        try:
            return papermill.execute_notebook(
                _literally(job.source),
                _literally(job.executed),
                parameters=dict(job.parameters),
                kernel_name=job.kernel,
                language="python",
                cwd=str(job.source.parent),
                progress_bar=False,
                execution_timeout=job.cell_timeout_s,
                start_timeout=60,
                extra_arguments=["--log-level=40"],
                shutdown_kernel="immediate",
                kernel_manager_class=_kernel_manager_class(self.kernel),
                on_cell_execute=self._note_cell,
            )
        except PapermillExecutionError as error:
            if error.ename == "SystemExit":
                raise self._stopped_itself(self.cell) from None
            raise self._failed(self.cell, _shorten(f"{error.ename}: {error.evalue}")) from None
        except CellTimeoutError:
            raise RunFailed(
                "{name}: cell {cell} ran longer than {limit:g} s and was stopped",
                name=job.name,
                cell=self.cell,
                limit=job.cell_timeout_s,
            ) from None
        except DeadKernelError:
            raise RunFailed(
                "{name}: the kernel died in cell {cell} (did it run out of memory?)", name=job.name, cell=self.cell
            ) from None
        except NoSuchKernel as error:
            raise RunFailed(f"{job.name}: {missing_kernel(error.name)}") from None
        except RuntimeError as error:
            if "Kernel d" not in str(error):  # "Kernel died before replying", "Kernel didn't respond"
                raise
            raise RunFailed(
                "{name}: the kernel did not start: {reason}", name=job.name, reason=_one_line(error)
            ) from None

    def _number_cells(self) -> None:
        """Number the code cells as JupyterLab does when the notebook is run from the top."""
        source = json.loads(self.job.source.read_text(encoding="utf-8"))
        codes = [cell for cell in source["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        self.cells = len(codes)

    def _note_cell(self, cell: NotebookNode, cell_index: int) -> None:
        if INJECTED in cell.metadata.get("tags", []):
            return
        self.cell += 1
        self.channel.send(("cell", self.cell, self.cells))

    def _refuse_exit(self, notebook: NotebookNode) -> None:
        number = 0
        for cell in notebook.cells:
            if cell.cell_type != "code" or not cell.source.strip() or INJECTED in cell.metadata.get("tags", []):
                continue
            number += 1
            errors = [output.ename for output in cell.outputs if output.output_type == "error"]
            if "SystemExit" in errors:  # papermill takes sys.exit(0) for a success, though no later cell ran
                raise self._stopped_itself(number)
            if errors or cell.metadata.get("papermill", {}).get("exception"):
                raise self._failed(number, enumerated(errors) or translate("no reason was given"))
        if notebook.metadata.get("papermill", {}).get("exception"):
            raise RunFailed("{name} failed in cell {cell}", name=self.job.name, cell=self.cell)

    def _stopped_itself(self, cell: int) -> RunFailed:
        return RunFailed("{name} stopped itself (sys.exit) in cell {cell}", name=self.job.name, cell=cell)

    def _failed(self, cell: int, reason: str) -> RunFailed:
        return RunFailed("{name} failed in cell {cell}: {reason}", name=self.job.name, cell=cell, reason=reason)

    def _refuse_without_proof(self) -> None:
        try:
            json.loads(self.job.proof.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunFailed(
                "{name} ran to its end without publishing: its last cell must call study.publish(...)",
                name=self.job.name,
            ) from None
        except ValueError:
            raise RunFailed(
                "{name} published, but its {file} cannot be read", name=self.job.name, file=self.job.proof.name
            ) from None

    def _export(self) -> None:
        """Write what may be published: the notebook without traces of this machine, and its page without code."""
        from cxvalue.report.notebook_html import notebook_html, scrub_notebook
        from cxvalue.report.revenue_words import notebook_in_revenue

        job = self.job
        hidden = [job.proof.parent.parent, Path(job.parameters["study"]).parent, job.source.parent.parent]
        scrubbed = scrub_notebook(job.executed, study=job.study, paths=hidden)
        page = notebook_html(scrubbed, job.title, language=job.language, in_revenue=job.in_revenue)
        if job.in_revenue:
            with using(job.language):
                notebook_in_revenue(scrubbed)
        job.scrubbed.write_text(import_nbformat().writes(scrubbed), encoding="utf-8")
        job.page.write_text(page, encoding="utf-8")


def missing_kernel(name: str) -> str:
    """Say that a Jupyter kernel is missing and what to do."""
    return translate(
        "the Jupyter kernel '{name}' is not installed: run `python -m pip install ipykernel` in the environment of cxvalue, "
        "or `make test`, which sets one up",
        name=name,
    )


def _own_specs() -> type[KernelSpecManager]:
    """A source of kernels whose 'python3' is always the running interpreter, whatever else a user has installed."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

    class OwnKernelSpecs(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            if kernel_name != PYTHON_KERNEL:
                return super().get_kernel_spec(kernel_name)
            if importlib.util.find_spec("ipykernel") is None:
                raise NoSuchKernel(kernel_name)
            from ipykernel.kernelspec import RESOURCES, get_kernel_dict

            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    return OwnKernelSpecs


def kernel_spec(name: str = PYTHON_KERNEL) -> KernelSpec:
    """Find the kernel that a run would start; raises `RunFailed` when it is missing."""
    from jupyter_client.kernelspec import NoSuchKernel

    try:
        return _own_specs()().get_kernel_spec(name)
    except NoSuchKernel:
        raise RunFailed(missing_kernel(name)) from None


def _kernel_manager_class(kernel: ForkedKernel | None) -> type:
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.paths import jupyter_runtime_dir
    from traitlets import default

    specs = _own_specs()

    class OwnKernelManager(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _own_kernel_specs(self) -> KernelSpecManager:
            return specs()

        @default("connection_file")
        def _connection_file_of_its_own(self) -> str:
            # Without a name jupyter_client puts sockets into the working folder, the same for every kernel.
            return os.path.join(jupyter_runtime_dir(), f"k-{secrets.token_hex(4)}.json")

        @default("transport")
        def _sockets_where_they_fit(self) -> str:
            # Sockets in a folder need no port, so kernels started side by side cannot take the same one; but the
            # operating system limits how long their path may be.
            longest = os.path.join(jupyter_runtime_dir(), "k-12345678-ipc-5")
            return "ipc" if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH else "tcp"

        async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
            if kernel is None:
                await super()._async_launch_kernel(kernel_cmd, **kw)
                return
            kernel.start(kernel_cmd, kw["env"], kw.get("cwd") or os.getcwd())
            local: Any = self.provisioner
            local.process, local.pid, local.pgid = kernel, kernel.pid, kernel.pid
            self._reconcile_connection_info(local.connection_info)

        _launch_kernel = _async_launch_kernel

    return OwnKernelManager


def _write_output_to(log: Path) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _end_with_the_runner(runtime: Path) -> None:
    runner = multiprocessing.parent_process()
    if runner is None:
        return
    runner.join()
    end_with_children(os.getpid(), itself=False)
    shutil.rmtree(runtime, ignore_errors=True)
    os._exit(1)


def end_with_children(pid: int, *, itself: bool = True) -> None:
    """Kill everything that a process started, and the process itself; nothing happens when it is gone already."""
    import psutil

    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), *([process] if itself else [])]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def _literally(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")  # papermill fills {names} in paths


def _one_line(error: BaseException) -> str:
    return _shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _shorten(text: str) -> str:
    line = " ".join(text.split()).rstrip(": ")
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"
