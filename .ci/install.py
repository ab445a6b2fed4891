"""Brings an environment to the state of requirements.lock, once: `install.py PROJECT ENVIRONMENT`, called by env.sh.

The Python that runs this is the environment's own, or another that makes the environment first. What was installed, and
for which copy of the project, is written into the environment when all of it has succeeded; while that still holds,
nothing is done. Calls at the same time wait for one another. Only the standard library is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

UNREACHABLE = re.compile(
    r"Failed to establish a new connection|Failed to resolve|name resolution|Name or service not known"
    r"|Max retries exceeded|ConnectTimeout|Read timed out|ProxyError|Cannot connect to proxy|SSLError|unreachable",
)
NOT_OFFERED = re.compile(r"No matching distribution found for (\S+)")


class SetUp:
    def __init__(self, root: Path, env: Path) -> None:
        self.root, self.env = root, env
        self.own = env == root / ".venv"
        self.python = env / "bin" / "python"
        self.stamp = env / ".cxvalue-setup"
        self.log = root / ".cxvalue" / "setup.log"
        self.make_env = Path(sys.prefix).resolve() != env.resolve()

    def wanted(self, version: str) -> str:
        digest = hashlib.sha256()
        for name in ("requirements.lock", "pyproject.toml"):
            digest.update((self.root / name).read_bytes())
        return f"{digest.hexdigest()}\n{version}\n{self.root}\n"

    def is_done(self) -> bool:
        """Whether the lock of this copy of the project is what was installed, and `import cxvalue` still leads here."""
        try:
            found = self.stamp.read_text(encoding="utf-8")
            version = found.splitlines()[1]
            link = self.env / "lib" / f"python{version}" / "site-packages" / "cxvalue.pth"
            leads_here = Path(link.read_text(encoding="utf-8").strip()).resolve() == self.root
        except (OSError, UnicodeError, IndexError):
            return False
        if self.make_env:
            runs = subprocess.run([self.python, "-c", ""], check=False, capture_output=True).returncode == 0
        else:
            runs = version == python_version()
        return runs and leads_here and found == self.wanted(version)

    @contextlib.contextmanager
    def alone(self) -> Iterator[int | None]:
        """Holds the lock file while the body runs; gives its descriptor, or None where files cannot be locked."""
        place = self.log.with_name("setup.lock") if self.own else self.env / ".cxvalue-setup.lock"
        with place.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"Another command is setting up {self.name()}: waiting for it …")
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                yield None
                return
            yield file.fileno()

    def name(self) -> str:
        return ".venv" if self.own else f"the active environment {self.env}"

    def install(self, lock: int | None) -> None:
        how = "first time, about a minute"
        if self.stamp.exists() and not self.make_env:
            how = "requirements.lock or pyproject.toml has changed"
        say(f"Setting up {self.name()} ({how}) …")
        # Taken now, so that a lock edited meanwhile is noticed; a new environment has the version of this Python.
        wanted = self.wanted(python_version())
        self.stamp.unlink(missing_ok=True)
        with self.log.open("w", encoding="utf-8") as log:

            def run(*command: str | Path) -> int:
                log.write(f"$ {' '.join(map(str, command))}\n")
                log.flush()
                # Who is left over when this is killed keeps the lock until it ends.
                keep = () if lock is None else (lock,)
                streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
                return subprocess.run(command, **streams, env=pip_settings(), pass_fds=keep, check=False).returncode

            def must(*command: str | Path) -> None:
                if run(*command) != 0:
                    log.flush()
                    raise SystemExit(self.failure())

            if self.make_env:
                must(sys.executable, "-m", "venv", "--clear", self.env)
            pip = (self.python, "-m", "pip")
            if run(*pip, "--version") != 0:
                must(self.python, "-m", "ensurepip", "--upgrade", "--default-pip")
            # The lock is complete: nothing is looked up beside it, and the build of the link needs no network.
            must(*pip, "install", "--no-deps", "-r", self.root / "requirements.lock")
            must(*pip, "install", "--no-deps", "--no-build-isolation", "-e", self.root)
        unfinished = self.stamp.with_name(".cxvalue-setup.new")
        unfinished.write_text(wanted, encoding="utf-8")
        unfinished.replace(self.stamp)

    def failure(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join("    " + line for line in text.splitlines()[-12:])
        lines = [tail, f"{self.name()} could not be set up. The end of the log is above, all of it is in {self.log}."]
        if UNREACHABLE.search(text):
            lines.append(
                "The package registry could not be reached. Check the network, HTTPS_PROXY and pip's own settings "
                "(python -m pip config list), then run the same command again; what was downloaded is kept."
            )
        elif missing := NOT_OFFERED.search(text):
            lines.append(
                f"The registry that pip is set to has no {missing[1]} for this Python and system. "
                "Point pip at one that has it (python -m pip config list), or try another Python of 3.11 to 3.13."
            )
        else:
            lines.append("Run the same command again once it is mended: it goes on from here.")
        return "\n".join(lines)


def pip_settings() -> dict[str, str]:
    """The user's own pip settings (registry, proxy, certificates), without those that send packages elsewhere."""
    elsewhere = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN"}
    kept = {key: value for key, value in os.environ.items() if key not in elsewhere}
    quiet = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | quiet | {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


def python_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    set_up = SetUp(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
    if set_up.is_done():
        return
    set_up.log.parent.mkdir(exist_ok=True)
    with set_up.alone() as lock:
        if not set_up.is_done():
            set_up.install(lock)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted; the same command goes on from here.") from None
    except OSError as error:
        raise SystemExit(f"The environment could not be set up: {error}") from None
