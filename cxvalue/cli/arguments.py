"""What each command takes, and what `--help` says of it in the language that is spoken."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from cxvalue.cli.new import add_options
from cxvalue.cli.options import LATEST_COMPLETE_MONTH, Parser, as_of, seconds, seed, share, whole_number
from cxvalue.language.catalogue import LANGUAGES, translate
from cxvalue.language.words import enumerated
from cxvalue.run.manifest import cxvalue_version

Command = Callable[[argparse.Namespace], int]


def parser_of(runs: Mapping[str, Command]) -> tuple[Parser, dict[str, Parser]]:
    """The parser of the command line and those of its commands, each of which `runs` what it is given."""
    parser = Parser(prog="cxvalue", description=translate("What customers are worth, from the tables to the report."))
    version = f"cxvalue {cxvalue_version()}"
    parser.add_argument("--version", action="version", version=version, help=translate("show the version and exit"))
    parser.set_defaults(command=None, language=None)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    commands: dict[str, Parser] = {}
    for name, about in _purposes().items():
        commands[name] = subparsers.add_parser(name, help=about, description=about)
        commands[name].set_defaults(run=runs[name])
    _of_report(commands["report"])
    _of_check(commands["check"])
    add_options(commands["new"])
    _of_simulate(commands["simulate"])
    readers = translate("the language of messages and of a report: {languages}", languages=enumerated(LANGUAGES))
    for one in (parser, *commands.values()):
        one.add_argument("--language", choices=LANGUAGES, default=argparse.SUPPRESS, metavar="L", help=readers)
    return parser, commands


def _purposes() -> dict[str, str]:
    return {
        "report": translate(
            "Run a study and publish its report. Where the data, the study file, the options, the code and the installed "
            "packages have not changed since the last report, nothing runs and that report is named."
        ),
        "check": translate("Validate a study and its tables; writes nothing."),
        "new": translate("Write a study file: one to fill in, or one made from exported files."),
        "simulate": translate("Write a simulated study whose true values are known."),
        "doctor": translate("Show what is installed, what is missing and how to get it."),
    }


def _of_report(report: Parser) -> None:
    report.add_argument("study", nargs="?", metavar="STUDY", help=translate("a study's name, its folder or its file"))
    report.add_argument("--all", action="store_true", help=translate("every study under data/, one after another"))
    out = translate("publish here instead of in the project's reports/")
    report.add_argument("--out", type=Path, metavar="DIR", help=out)
    only = translate("only these notebooks, such as 20 or cltv")
    report.add_argument("--only", nargs="+", default=[], metavar="NB", help=only)
    _as_of(report)
    again = translate("run it even if nothing has changed since its last report")
    report.add_argument("--again", action="store_true", help=again)
    cell = translate("seconds that one cell may take (1800)")
    report.add_argument("--cell-timeout", type=seconds, metavar="S", help=cell)
    notebook = translate("seconds for one notebook (7200)")
    report.add_argument("--notebook-timeout", type=seconds, metavar="S", help=notebook)
    lines = translate("progress and the log of the run as JSON lines")
    report.add_argument("--json-lines", action="store_true", help=lines)
    jobs = translate(
        "notebooks at a time (default: one per processor core, fewer for a large study where memory is short)"
    )
    report.add_argument("--jobs", type=whole_number, metavar="N", help=jobs)
    _times(report)


def _of_check(check: Parser) -> None:
    check.add_argument("study", metavar="STUDY", help=translate("a study's name, its folder or its file"))
    _as_of(check)
    part = translate("of an engine, this share of customers, such as 0.01")
    check.add_argument("--sample", type=share, metavar="SHARE", help=part)
    _times(check)
    understood = translate("print what was understood as JSON")
    check.add_argument("--json", action="store_true", help=understood)


def _of_simulate(simulate: Parser) -> None:
    worlds = enumerated(("shop", "insurer", "mealkit", "cosmetics", "retailer", "bank", "bank_selection"))
    simulate.add_argument("world", metavar="WORLD", help=translate("one of: {worlds}", worlds=worlds))
    simulate.add_argument("folder", type=Path, metavar="DIR", help=translate("the folder of the new study"))
    true = translate("a YAML file with true parameters of the world")
    simulate.add_argument("--parameters", type=Path, metavar="FILE", help=true)
    customers = translate("number of customers (default: the world's own)")
    simulate.add_argument("--customers", type=whole_number, metavar="N", help=customers)
    another = translate("another seed gives another world (default: 1)")
    simulate.add_argument("--seed", type=seed, default=1, metavar="N", help=another)


def _as_of(command: Parser) -> None:
    last = translate("last day observed, or {word}", word=LATEST_COMPLETE_MONTH)
    command.add_argument("--as-of", type=as_of, metavar="DATE", help=last)


def _times(command: Parser) -> None:
    whole = translate("seconds that the whole command may take (default: no limit)")
    command.add_argument("--timeout", type=seconds, metavar="S", help=whole)
    query = translate("seconds that a query of the study may take")
    command.add_argument("--query-timeout", type=seconds, metavar="S", help=query)
