"""The set-up: one list of versions, the choice of the environment, and the stamp that saves installing twice.

Nothing here uses the network: pip is replaced by a module that writes down how it was called.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
BUNDLED = ("bank", "cdnow", "cdnow_sample", "complete_journey", "cosmetics", "insurer", "mealkit", "retailer")
TARGETS = (
    "help",
    "report",
    "test",
    "test-all",
    "thorough",
    "lint",
    "lab",
    "calibrate",
    "reality",
    "bench",
    "pictures",
    "messages",
    "lock",
    "setup",
    "clean",
)

FAKE_PIP = """
import os, pathlib, sys, sysconfig, time
if sys.argv[1:] != ["--version"]:
    with open(os.environ["PIP_CALLS"] + ".parent", "w") as parent:
        print(os.getppid(), file=parent)
    with open(os.environ["PIP_CALLS"], "a") as calls:
        print(*sys.argv[1:], file=calls)
    print(os.environ.get("PIP_SAYS", ""))
    time.sleep(float(os.environ.get("PIP_TAKES", "0")))
    if "PIP_SAYS" in os.environ:
        raise SystemExit(1)
    if "-e" in sys.argv:
        pathlib.Path(sysconfig.get_path("purelib"), "cxvalue.pth").write_text(sys.argv[-1])
"""


# --- one list of versions ---


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock() -> dict[str, list[Requirement]]:
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        pin = Requirement(line.split("  #")[0])
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def pinned(pins: Mapping[str, list[Requirement]], name: str, python: str) -> str | None:
    here = {"python_version": python, "python_full_version": f"{python}.5", "sys_platform": "linux"}
    fitting = [pin for pin in pins.get(canonicalize_name(name), []) if pin.marker is None or pin.marker.evaluate(here)]
    assert len(fitting) <= 1, f"{name} is pinned twice for Python {python}"
    if not fitting:
        return None
    (exact,) = fitting[0].specifier
    assert exact.operator == "=="
    return exact.version


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_in_the_lock_within_its_range(project, lock, python):
    declared = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    declared += project["build-system"]["requires"]
    for wanted in map(Requirement, declared):
        version = pinned(lock, wanted.name, python)
        assert version is not None, f"{wanted.name} is not in requirements.lock: make lock"
        assert wanted.specifier.contains(version), f"{wanted} is locked at {version}: make lock"


def test_lock_names_no_address():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--|\bindex\b|@|/[a-z]+/|\.(com|org|net|io)\b", text)


def test_versions_that_do_not_work_together_are_kept_out(project):
    ranges = {wanted.name: wanted.specifier for wanted in map(Requirement, project["project"]["dependencies"])}
    assert not ranges["sqlglot"].contains("30.18.0")
    assert not ranges["duckdb"].contains("2.0.0")
    assert not ranges["ibis-framework"].contains("13.0.0")


def test_the_pythons_are_the_same_everywhere(project):
    wanted = SpecifierSet(project["project"]["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if wanted.contains(f"3.{minor}")] == list(PYTHONS)

    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert conda["name"] == "cxvalue"
    python, pip, packages = conda["dependencies"]
    assert SpecifierSet(python.removeprefix("python ")) == wanted
    assert (pip, packages) == ("pip", {"pip": ["-r requirements.lock", "-e ."]})

    shell = (ROOT / ".ci" / "env.sh").read_text(encoding="utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in shell
    assert all(f"python{python}" in shell for python in PYTHONS)


def test_ibis_tables_can_be_made_replaced_dropped_cached_and_read_in_batches():
    """With sqlglot 30.18 ibis drops a table without naming it; with duckdb 2.0 its batches fail."""
    import ibis
    import pandas as pd

    connection = ibis.duckdb.connect()
    connection.create_table("t", pd.DataFrame({"a": [1, 2, 3]}))
    table = connection.create_table("t", pd.DataFrame({"a": [4, 5]}), overwrite=True)
    assert table.a.sum().execute() == 9
    with table.mutate(b=table.a * 2).cache() as cached:
        assert cached.b.sum().execute() == 18
    assert sum(batch.num_rows for batch in table.to_pyarrow_batches(chunk_size=1)) == 2
    connection.create_view("v", table)
    connection.drop_view("v")
    connection.drop_table("t")
    assert connection.list_tables() == []


# --- git ---


def test_git_keeps_the_bundled_studies_and_nothing_of_a_user(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    kept = ["data/README.md", "data/guide.md", "reports/README.md", "requirements.lock", "notebooks/20_cltv.ipynb"]
    kept += [f"data/{study}/{name}" for study in BUNDLED for name in ("study.yml", "README.md")]
    ignored = ["data/mine/study.yml", "data/mine/README.md", "data/orders.csv", "data/cdnow/orders.csv", ".env"]
    ignored += ["data/cdnow/sub/orders.csv", "reports/cdnow/latest", "reports/index.html", ".cxvalue/runs/1/x"]
    ignored += [".venv/bin/python", "cxvalue/__pycache__/study.cpython-311.pyc"]
    answer = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", "--no-index", *kept, *ignored],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert sorted(answer.stdout.split()) == sorted(ignored)


# --- the choice of the environment ---


class Project:
    """A copy of the set-up, in a folder with a space, where only the Pythons that a test puts there are found."""

    def __init__(self, folder: Path, *, install: str | None = None) -> None:
        self.root, self.bin = folder / "a clone", folder / "bin"
        self.calls = folder / "calls"
        self.ran_by = ""
        (self.root / ".ci").mkdir(parents=True)
        self.bin.mkdir(exist_ok=True)
        for name in ("Makefile", "requirements.lock", "pyproject.toml", ".ci/env.sh", ".ci/install.py"):
            shutil.copy(ROOT / name, self.root / name)
        if install is not None:
            (self.root / ".ci" / "install.py").write_text(install, encoding="utf-8")
        for tool in ("sh", "make", "awk", "grep", "dirname", "env", "sleep"):
            path = shutil.which(tool)
            assert path is not None
            (self.bin / tool).unlink(missing_ok=True)
            (self.bin / tool).symlink_to(path)

    def add(self, command: str, script: str) -> None:
        file = self.bin / command
        file.write_text(f"#!{shutil.which('sh')}\n{script}\n", encoding="utf-8")
        file.chmod(0o755)

    def environ(self, **settings: str | Path) -> dict[str, str]:
        given = {key: str(value) for key, value in settings.items()}
        return {"PATH": str(self.bin), "PIP_CALLS": str(self.calls), "LC_ALL": "C.UTF-8"} | given

    def run(self, *command: str, **settings: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command or ("sh", ".ci/env.sh"),
            cwd=self.root, env=self.environ(**settings), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def pip_calls(self) -> list[str]:
        calls = self.calls.read_text(encoding="utf-8").splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return calls


REAL = f'exec "{sys.executable}" "$@"'
TELL = "import sys; print(*sys.argv[1:], sys.prefix, sep='|'); raise SystemExit(7)"

# Builds the link without the network and without packages, for the real pip of a new environment.
BACKEND = """
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "cxvalue-0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("cxvalue.pth", os.getcwd())
        wheel.writestr("cxvalue-0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: cxvalue\\nVersion: 0\\n")
        wheel.writestr("cxvalue-0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("cxvalue-0.dist-info/RECORD", "")
    return name
"""


@pytest.fixture
def choice(tmp_path: Path) -> Project:
    """Ends where an environment would be installed, telling which."""
    return Project(tmp_path, install=TELL)


def chosen(project: Project, **settings: str | Path) -> str:
    answer = project.run(**settings)
    assert answer.returncode == 7, answer.stderr
    root, env, project.ran_by = answer.stdout.strip().split("|")
    assert root == str(project.root)
    return env


def test_a_shim_that_fails_and_a_python_too_old_are_passed_over(choice):
    choice.add("python3", "echo 3.10 False True /usr/bin/python3")
    choice.add("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    choice.add("python3.12", REAL)
    assert chosen(choice) == f"{choice.root}/.venv"


def test_python3_may_be_missing(choice):
    choice.add("python3.11", REAL)
    assert chosen(choice) == f"{choice.root}/.venv"


@pytest.mark.parametrize(
    ("pythons", "message"),
    [
        ({}, "cxvalue needs Python 3.11, 3.12 or 3.13"),
        ({"python3": "exit 1"}, "cxvalue needs Python 3.11, 3.12 or 3.13"),
        (
            {"python3": "echo 3.10 False True /p", "python": "echo 2.7 False False /p"},
            "Found: python3 is 3.10; python is 2.7.",
        ),
        ({"python3": "echo 3.12 True False /usr/bin/python3"}, "sudo apt install python3.12-venv"),
    ],
    ids=["none", "none that runs", "too old", "without venv"],
)
def test_without_a_python_that_fits_it_says_what_to_install(choice, pythons, message):
    for command, script in pythons.items():
        choice.add(command, script)
    answer = choice.run("make", "report")
    assert answer.returncode != 0
    assert message in answer.stderr
    assert not (choice.root / ".venv").exists()


@pytest.fixture(scope="module")
def bare_env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without packages whose pip only writes down how it was called."""
    folder = tmp_path_factory.mktemp("environment") / "an env"
    venv.create(folder, with_pip=False)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    pip = folder / "lib" / version / "site-packages" / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(FAKE_PIP, encoding="utf-8")
    return folder


def test_the_active_environment_comes_first_and_conda_base_never(choice, bare_env):
    choice.add("python3", REAL)
    own = f"{choice.root}/.venv"
    assert chosen(choice, VIRTUAL_ENV=bare_env) == str(bare_env)
    assert chosen(choice, VIRTUAL_ENV=bare_env, CONDA_PREFIX="/nowhere", CONDA_DEFAULT_ENV="work") == str(bare_env)
    assert chosen(choice, CONDA_PREFIX=bare_env, CONDA_DEFAULT_ENV="work") == str(bare_env)
    assert chosen(choice, CONDA_PREFIX=bare_env, CONDA_DEFAULT_ENV="base") == own
    assert chosen(choice, CONDA_PREFIX=bare_env) == own
    assert chosen(choice, VIRTUAL_ENV=own) == own


def test_an_own_environment_that_moved_with_its_folder_or_cannot_run_is_made_anew(choice):
    choice.add("python3", REAL)
    own = choice.root / ".venv"
    venv.create(own, with_pip=False)
    assert chosen(choice) == str(own)
    assert choice.ran_by == str(own)
    (own / ".cxvalue-setup").write_text(f"digest\n3.11\n{choice.root}\n", encoding="utf-8")
    assert chosen(choice) == str(own)
    assert choice.ran_by == str(own)
    (own / ".cxvalue-setup").write_text("digest\n3.11\n/where/it/was\n", encoding="utf-8")
    assert chosen(choice) == str(own)
    assert choice.ran_by == sys.prefix
    (own / ".cxvalue-setup").unlink()
    (own / "bin" / "python").unlink()
    assert chosen(choice) == str(own)
    assert choice.ran_by == sys.prefix


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 3.10 False True /p", "has Python 3.10; cxvalue needs 3.11, 3.12 or 3.13"),
        ("exit 1", "has no Python that runs"),
    ],
)
def test_an_active_environment_that_does_not_fit_is_refused(choice, tmp_path, script, message):
    choice.add("python3", REAL)
    choice.add("python", script)
    (tmp_path / "active").mkdir()
    (tmp_path / "active" / "bin").symlink_to(choice.bin)
    answer = choice.run(VIRTUAL_ENV=tmp_path / "active")
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Deactivate it" in answer.stderr


def test_the_first_command_makes_the_environment(tmp_path):
    project = Project(tmp_path)
    project.add("python3", REAL)
    (project.root / "requirements.lock").write_text("", encoding="utf-8")
    (project.root / "backend.py").write_text(BACKEND, encoding="utf-8")
    (project.root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', encoding="utf-8"
    )
    first = project.run("make", "setup")
    assert first.returncode == 0, first.stderr
    assert first.stderr == "Setting up .venv (first time, about a minute) …\n"
    assert first.stdout == f"{project.root}/.venv is ready.\n"
    again = project.run("sh", ".ci/env.sh", "-c", "import sys; print(sys.prefix)")
    assert (again.stdout, again.stderr) == (f"{project.root}/.venv\n", "")


# --- the stamp ---


@pytest.fixture
def clone(tmp_path: Path, bare_env: Path) -> Project:
    (bare_env / ".cxvalue-setup").unlink(missing_ok=True)
    return Project(tmp_path)


def installs(clone: Project) -> list[str]:
    return [
        f"install --no-deps -r {clone.root}/requirements.lock",
        f"install --no-deps --no-build-isolation -e {clone.root}",
    ]


def test_installs_once_and_again_when_the_lock_changes(clone, bare_env):
    first = clone.run(VIRTUAL_ENV=bare_env)
    assert first.returncode == 0, first.stderr
    assert first.stderr.splitlines() == [f"Setting up the active environment {bare_env} (first time, about a minute) …"]
    assert first.stdout == f"{bare_env} is ready.\n"
    assert clone.pip_calls() == installs(clone)

    again = clone.run(VIRTUAL_ENV=bare_env)
    assert (again.returncode, again.stderr, clone.pip_calls()) == (0, "", [])

    with (clone.root / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write("one-more==1\n")
    assert "requirements.lock or pyproject.toml has changed" in clone.run(VIRTUAL_ENV=bare_env).stderr
    assert clone.pip_calls() == installs(clone)


def test_an_environment_that_another_clone_took_over_is_set_up_again(clone, bare_env, tmp_path):
    other = Project(tmp_path / "other")
    other.calls = clone.calls
    for project in (clone, other, clone):
        assert project.run(VIRTUAL_ENV=bare_env).returncode == 0
        assert clone.pip_calls() == installs(project)

    # As after `pip install -e` of the other one by hand.
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (bare_env / "lib" / version / "site-packages" / "cxvalue.pth").write_text(str(other.root), encoding="utf-8")
    assert clone.run(VIRTUAL_ENV=bare_env).returncode == 0
    assert clone.pip_calls() == installs(clone)


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("Retrying: Failed to establish a new connection", "The package registry could not be reached."),
        ("ERROR: No matching distribution found for ibis-framework==12.0.0", "has no ibis-framework==12.0.0 for this"),
        ("No space left on device", "Run the same command again"),
    ],
)
def test_a_failed_install_shows_its_log_and_leaves_no_stamp(clone, bare_env, says, message):
    failed = clone.run("make", "setup", VIRTUAL_ENV=bare_env, PIP_SAYS=says)
    assert failed.returncode != 0
    assert f"    {says}" in failed.stderr
    assert message in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (bare_env / ".cxvalue-setup").exists()
    clone.pip_calls()
    assert clone.run(VIRTUAL_ENV=bare_env).returncode == 0
    assert clone.pip_calls() == installs(clone)


def test_a_killed_install_leaves_no_stamp_and_the_next_call_waits_for_what_is_left_of_it(clone, bare_env):
    clone.run(VIRTUAL_ENV=bare_env)
    clone.pip_calls()
    (clone.root / "requirements.lock").write_text("", encoding="utf-8")
    slow = subprocess.Popen(
        ["sh", "-c", "exec sh .ci/env.sh 2>&1"],
        cwd=clone.root, env=clone.environ(VIRTUAL_ENV=bare_env, PIP_TAKES="1.5"), stdout=subprocess.PIPE,
    )  # fmt: skip
    began = time.monotonic()
    while not clone.calls.exists():
        assert time.monotonic() - began < 10
        time.sleep(0.02)
    os.kill(int(clone.calls.with_name("calls.parent").read_text(encoding="utf-8")), signal.SIGKILL)
    slow.kill()
    assert not (bare_env / ".cxvalue-setup").exists()
    following = clone.run(VIRTUAL_ENV=bare_env)
    slow.communicate()
    assert following.returncode == 0
    assert "waiting for it" in following.stderr
    assert (bare_env / ".cxvalue-setup").exists()


def test_two_at_the_same_time_install_once(clone, bare_env):
    both = [
        subprocess.Popen(
            ["make", "-j2", "setup"],
            cwd=clone.root, env=clone.environ(VIRTUAL_ENV=bare_env, PIP_TAKES="0.4"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = "".join(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert clone.pip_calls() == installs(clone)
    assert said.count("Setting up") == 1


def test_settings_of_the_user_that_send_packages_elsewhere_do_not_count(clone, bare_env, tmp_path):
    polluted = {"PIP_TARGET": tmp_path / "t", "PYTHONPATH": tmp_path / "p", "PYTHONHOME": tmp_path / "h"}
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "pip.py").write_text("raise SystemExit('another pip')", encoding="utf-8")
    answer = clone.run(
        "sh", ".ci/env.sh", "-c", "import os, sys; print(sys.prefix, os.environ['PYTHONNOUSERSITE'])",
        VIRTUAL_ENV=bare_env, **polluted,
    )  # fmt: skip
    assert answer.stdout == f"{bare_env} 1\n", answer.stderr
    assert clone.pip_calls() == installs(clone)


# --- make ---


def test_help_is_the_default_and_lists_every_target(choice):
    listed = choice.run("make").stdout
    assert re.findall(r"^  make ([\w-]+) ", listed, flags=re.MULTILINE) == list(TARGETS)
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert declared is not None
    assert declared[1].split() == list(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_parses(choice, target):
    assert choice.run("make", "-n", target).returncode == 0


@pytest.fixture
def echo(choice: Project) -> Project:
    """`make` there prints what Python would have been called with, one argument a line."""
    (choice.root / ".ci" / "env.sh").write_text('printf "<%s>\\n" "$@"\n', encoding="utf-8")
    return choice


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ([], ["--all"]),
        (["AS_OF=2024-06-30"], ["--all", "--as-of", "2024-06-30"]),
        (["STUDY=cdnow"], ["--", "cdnow"]),
        (["STUDY=cdnow", "AS_OF=2024-06-30"], ["--as-of", "2024-06-30", "--", "cdnow"]),
    ],
)
def test_report_hands_on_study_and_date(echo, given, arguments):
    expected = ["-m", "cxvalue", "report", *arguments]
    assert echo.run("make", "report", *given).stdout.split() == [f"<{argument}>" for argument in expected]


@pytest.mark.parametrize(
    "study",
    ["my data/study.yml", """it's "quoted" \\ here""", "$(touch hacked)", "`touch hacked`", "x; touch hacked", "$HOME"],
)
@pytest.mark.parametrize("through", ["argument", "environment"])
def test_a_study_of_any_spelling_arrives_as_it_is(echo, study, through):
    if through == "argument":
        answer = echo.run("make", "report", f"STUDY={study}")
    else:
        answer = echo.run("make", "report", STUDY=study)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == f"<{study}>"
    assert not list(echo.root.rglob("hacked"))


def test_make_test_goes_on_after_a_failure_and_ends_with_pytest(echo):
    (echo.root / ".ci" / "env.sh").write_text('echo "$2"\n[ "$2" != ruff ]\n', encoding="utf-8")
    answer = echo.run("make", "test")
    assert answer.stdout.split() == ["ruff", "mypy", "pytest"]
    assert answer.returncode != 0


def test_make_test_leaves_out_what_make_thorough_runs_and_all_is_both(echo):
    def chosen(target: str) -> list[str]:
        said = echo.run("make", "-s", target).stdout.replace("<", "").split(">\n")
        return [said[place + 1] for place, word in enumerate(said) if word == "-m" and "thorough" in said[place + 1]]

    assert chosen("test") == ["not thorough"]
    assert chosen("thorough") == ["thorough"]
    assert chosen("test-all") == ["not thorough", "thorough"]
