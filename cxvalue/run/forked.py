"""A Jupyter kernel that is forked from a warm process instead of being started cold, which takes seconds.

The process is forked first thing, while it has no thread and no engine that a fork would break, and waits; it becomes the
kernel when it is told which one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NoReturn

_INLINE = "module://matplotlib_inline.backend_inline"


class ForkedKernel:
    """A process in waiting, with the part of `subprocess.Popen` that a kernel manager uses.

    `channel` is closed in it, so that the other side is not kept waiting.
    """

    stdin = stdout = stderr = None

    def __init__(self, channel: Connection) -> None:
        order, self._tell = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            channel.close()
            _become_kernel(order)
        os.close(order)

    @staticmethod
    def possible() -> bool:
        """Whether this process may be forked: it was born with fixed hashes, without which two runs may differ, and not on
        macOS, whose libraries forbid it.
        """
        return sys.platform == "linux" and not sys.flags.hash_randomization

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Let it become the kernel that a command (``python -m ipykernel_launcher …``) would start."""
        arguments = list(command[command.index("ipykernel_launcher") + 1 :])
        order = {"arguments": arguments, "environment": dict(environment), "folder": folder}
        with os.fdopen(self._tell, "w", encoding="utf-8") as stream:
            json.dump(order, stream)

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        """The exit status, once it has ended."""
        return self._wait(0)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _become_kernel(order: int) -> NoReturn:
    status = 1
    try:
        os.setsid()
        with os.fdopen(order, encoding="utf-8") as stream:
            text = stream.read()
        if not text:  # nobody needed it
            os._exit(0)
        told = json.loads(text)
        os.environ.clear()
        os.environ.update(told["environment"] | {"JPY_PARENT_PID": str(os.getppid())})
        os.chdir(told["folder"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        _launch(told["arguments"], os.getppid())
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _launch(arguments: list[str], parent: int) -> None:
    from ipykernel.kernelapp import IPKernelApp

    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:  # it has read its settings before the kernel chose where figures go
        matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND", _INLINE)
    # It ends with its parent, of which it would have read in the environment had it not been imported before the fork.
    IPKernelApp.launch_instance(argv=arguments, parent_handle=parent)
