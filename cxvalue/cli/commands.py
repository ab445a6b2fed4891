"""The command line.

Exit status: 0 done; 2 the study or its data is wrong; 1 anything else, a mistyped option included. The last line on
standard output of `cxvalue report` is the folder of the run; progress and errors go to standard error.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cxvalue.cli.arguments import Command, parser_of
from cxvalue.cli.options import language_asked_for, with_words
from cxvalue.foundation.errors import BadInput, CxvalueError, OutOfTime, nearest
from cxvalue.foundation.machine import trouble_of
from cxvalue.foundation.temporary import private_name
from cxvalue.language.catalogue import speak, spoken, translate, using
from cxvalue.language.letters import padded
from cxvalue.language.words import enumerated, spoken_words
from cxvalue.run.folders import own_temporary_folder

DONE, FAILED, WRONG_INPUT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; whatever goes wrong is said in words, not raised.

    It is said in the language of the option, else in that of the study file as soon as that is found.
    """
    with using(spoken()):  # what a command speaks ends with it
        status = _main(list(sys.argv[1:] if argv is None else argv), alone=argv is None)
    with suppress(OSError):  # what cannot be written is told as the process ends
        if sys.stdout is not None and not _nobody_reads():
            sys.stdout.flush()
    return status


def _main(argv: list[str], *, alone: bool) -> int:
    # Many small matrices: threads of the linear algebra would double the processor time and save none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with _ended_politely():
            speak(language_asked_for(argv))
            arguments = _parse(argv)
            if alone:  # this process is for the command alone
                own_temporary_folder()
            command: Command = arguments.run
            with _ended_in_time(getattr(arguments, "timeout", None)):
                return command(arguments)
    except SystemExit as left:  # argparse leaves so after --help and --version
        return left.code if isinstance(left.code, int) else DONE
    except KeyboardInterrupt as ended:
        _complain(str(ended) or translate("interrupted; nothing was published"))
        return FAILED
    except CxvalueError as error:
        _explain(error)
        return error.exit_status
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return FAILED
        trouble = trouble_of(error)
        unexpected = _unexpected(error)  # with its details in any case
        _complain(translate("{trouble}; nothing was published", trouble=trouble) if trouble else unexpected)
        _show_traceback()
        return FAILED


def _nobody_reads() -> bool:
    """Whether what is printed goes to a command that has ended, as in `cxvalue check shop | head -3`; from here on it goes
    nowhere."""
    try:
        number = sys.stdout.fileno()
        watched = select.poll()
    except (AttributeError, OSError, ValueError):  # closed, no file, or a system without it
        return False
    watched.register(number, select.POLLERR)
    if not any(event & select.POLLERR for _, event in watched.poll(0)):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
    return True


def _parse(argv: list[str]) -> argparse.Namespace:
    runs = {"report": _report, "check": _check, "new": _new, "simulate": _simulate, "doctor": _doctor}
    with with_words():
        parser, commands = parser_of(runs)
        arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        chosen = commands.get(arguments.command or "", parser)
        word = unknown[0]
        if not word.startswith("-"):
            raise chosen.refusal(translate("unexpected argument {word!r}", word=word))
        option = word.partition("=")[0]
        wrong = translate("unknown option {option!r}.", option=option)
        raise chosen.refusal(f"{wrong} {nearest(option, chosen.options())}")
    if arguments.command is None:
        raise parser.refusal(f"{translate('no command was given.')} {nearest('', list(commands))}")
    return arguments


def _report(arguments: argparse.Namespace) -> int:
    _note_query_timeout(arguments)
    if arguments.all == (arguments.study is not None):
        wrong = translate("give a STUDY or --all, one of them")
        raise CxvalueError(f"{wrong}\n{translate('See `{command} --help`.', command='cxvalue report')}")
    if arguments.all:
        return _report_all(arguments)
    unchanged, folder, unwritten = _unchanged_or_run(arguments.study, arguments)
    if unchanged:
        page = folder / "index.html"
        told = translate(
            "unchanged since the last report, {page} (`cxvalue report --again` runs the study anyway)", page=page
        )
        print(told)
    if unwritten:
        _complain(unwritten)
    print(folder)
    return FAILED if unwritten else DONE


def _unchanged_or_run(study: str, arguments: argparse.Namespace) -> tuple[bool, Path, str]:
    """Whether nothing changed since the last report of a study, and its folder, else that of a new run.

    The last is why a new run, which is published, could not write its scores where the study wants them; mostly nothing.
    """
    from cxvalue.run.unchanged import last_report

    _speak(study, arguments.language)
    options = {"out": arguments.out, "only": arguments.only, "as_of": arguments.as_of, "language": arguments.language}
    last = None if arguments.again else last_report(study, **options)
    return (False, *_run(study, arguments)) if last is None else (True, last, "")


def _run(study: str, arguments: argparse.Namespace) -> tuple[Path, str]:
    from cxvalue.run.execute import Limits, warm_up

    warm_up()  # while the rest is imported
    from cxvalue.cli.console import Console
    from cxvalue.run.study_run import run_study

    console = Console(json_lines=arguments.json_lines)
    given = {"cell_s": arguments.cell_timeout, "notebook_s": arguments.notebook_timeout}
    limits = replace(Limits(jobs=arguments.jobs), **{name: value for name, value in given.items() if value is not None})
    try:
        result = run_study(
            study,
            out=arguments.out,
            only=arguments.only,
            as_of=arguments.as_of,
            language=arguments.language,
            limits=limits,
            progress=console,
            json_lines=arguments.json_lines,
        )
    finally:
        console.clear()
    for outcome in result.outcomes:
        if outcome.status == "not_run":
            console.line(translate("{notebook}  not run: {reason}", notebook=outcome.name, reason=outcome.reason))
    return result.folder, result.unwritten


def _report_all(arguments: argparse.Namespace) -> int:
    from cxvalue.study import list_studies

    names = list_studies()
    if not names:
        raise CxvalueError("there is no study under data/. Start one with `cxvalue new data/NAME`.")
    endings: list[tuple[str, str, str]] = []
    statuses: list[int] = []
    for name in names:
        print(name, file=sys.stderr)
        try:
            unchanged, folder, unwritten = _unchanged_or_run(name, arguments)
            if unwritten:
                _complain(unwritten)
                statuses.append(FAILED)
            endings.append((name, "unchanged" if unchanged else "failed" if unwritten else "done", str(folder)))
        except CxvalueError as error:
            _explain(error)
            endings.append((name, "refused" if isinstance(error, BadInput) else "failed", _short(error)))
            statuses.append(error.exit_status)
        except Exception as error:
            _complain(trouble_of(error) or _unexpected(error))
            endings.append((name, "failed", _in_one_line(error)))
            statuses.append(FAILED)
    speak(arguments.language or "en")
    width, words = max(map(len, names)), spoken_words()
    for name, ending, about in endings:
        print(f"{name:<{width}}  {padded(words[f'ending_{ending}'], 9)} {about}")
    if not statuses:
        return DONE
    return WRONG_INPUT if all(status == WRONG_INPUT for status in statuses) else FAILED


def _check(arguments: argparse.Namespace) -> int:
    _note_query_timeout(arguments)
    from cxvalue.study import find_study
    from cxvalue.workspace.check import check_as_json, examine, problems_as_json, said_of, understood_so_far

    _speak(arguments.study, arguments.language)
    path = find_study(arguments.study)
    try:
        checked = examine(path, arguments.as_of, arguments.sample, language=arguments.language)
    except BadInput as error:
        understood = understood_so_far(path, arguments.as_of)
        lines = [line for one in understood for line in said_of(one)]
        print(
            problems_as_json(error, understood) if arguments.json else "\n".join(lines),
            end="\n" if lines or arguments.json else "",
        )
        raise
    print(check_as_json(checked) if arguments.json else checked)
    if checked.engine and not arguments.json:
        from cxvalue.run.graph import plan

        names = enumerated(spec.name for spec in plan(checked.study, set(checked.tables.paths)).run)
        print(f"  {padded(translate('would run'), 12)} {names}")
    return DONE


def _new(arguments: argparse.Namespace) -> int:
    from cxvalue.cli.new import new_study

    return new_study(arguments)


def _simulate(arguments: argparse.Namespace) -> int:
    from cxvalue.simulate import read_parameters, simulate, write_world

    given = read_parameters(arguments.parameters) if arguments.parameters else {}
    world = simulate(arguments.world, seed=arguments.seed, customers=arguments.customers, parameters=given)
    print(write_world(world, arguments.folder))
    return DONE


def _doctor(arguments: argparse.Namespace) -> int:
    from cxvalue.cli.doctor import diagnose, render
    from cxvalue.study import project_root

    items = diagnose(project_root() / "reports")
    print(render(items))
    return FAILED if any(item.state == "missing" for item in items) else DONE


def _speak(study: str, language: str | None) -> None:
    """Tell all that follows in a language, else in the one that the study file names, however wrong it is otherwise."""
    from cxvalue.study import find_study
    from cxvalue.study.reading import stated_language

    with suppress(BadInput):
        speak(language or stated_language(find_study(study)))


def _note_query_timeout(arguments: argparse.Namespace) -> None:
    """The engine is opened far below, and by notebooks too: they read it in the environment."""
    if arguments.query_timeout is not None:
        os.environ["CXVALUE_QUERY_SECONDS"] = str(arguments.query_timeout)


@contextmanager
def _ended_in_time(seconds: float | None) -> Iterator[None]:
    """Let the command end, with its notebooks, when it has taken so long."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise OutOfTime(
            translate(
                "it took longer than --timeout {seconds:g} s and was stopped; nothing was published.", seconds=seconds
            )
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let a termination by the system end the notebooks too, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _explain(error: CxvalueError) -> None:
    from cxvalue.run.study_run import RunStopped

    _complain(str(error))
    if isinstance(error, RunStopped) and error.left is not None:
        left = translate("Nothing was published. The notebooks and logs of this run are in {folder}", folder=error.left)
        print(left, file=sys.stderr)
    _show_traceback()


def _complain(text: str) -> None:
    print(f"cxvalue: {text}", file=sys.stderr)


def _show_traceback() -> None:
    if os.environ.get("CXVALUE_DEBUG") == "1":
        traceback.print_exc()


def _short(error: CxvalueError) -> str:
    if isinstance(error, BadInput) and error.problems:
        first = f"{error.problems[0]}".splitlines()[0]
        others = len(error.problems) - 1
        return translate("{problem} (and {others} more)", problem=first, others=others) if others else first
    return _in_one_line(error, named=False)


def _in_one_line(error: BaseException, *, named: bool = True) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}".rstrip(": ") if named else text


def _unexpected(error: BaseException) -> str:
    """What an error that nobody foresaw says, and where its details are."""
    said, path = _in_one_line(error), _write_log(error)
    if not path:
        return translate("failed unexpectedly: {error}", error=said)
    return translate("failed unexpectedly: {error}; details are in {file}", error=said, file=path)


def _write_log(error: BaseException) -> str:
    """The file with the details of an error; nothing where they cannot be kept."""
    folder = Path(tempfile.gettempdir())
    if folder.parent.name == private_name():  # this process's own, which goes with it
        folder = folder.parents[1]
    with suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="cxvalue-", suffix=".log", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(error)))
        return path
    return ""
