"""``cxvalue new``: a commented study file to start from, or one made of the files that somebody exported."""

from __future__ import annotations

import argparse
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.language.catalogue import spoken, translate
from cxvalue.language.letters import closed_up

if TYPE_CHECKING:
    from cxvalue.firstmile.asking import Question
    from cxvalue.firstmile.found import Recognised


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help=translate("the folder of the new study"))
    exported = translate("a file exported from the shop, the billing system, …")
    parser.add_argument("--from", dest="files", nargs="+", type=Path, metavar="FILE", help=exported)
    parser.add_argument("--currency", metavar="C", help=translate("the currency of the amounts, such as EUR"))
    left = translate("the share of revenue that is left as margin, such as 0.40, or unknown")
    parser.add_argument("--gross-margin", metavar="M", help=left)
    answers = translate("the answer to a question, such as tax=inside")
    parser.add_argument("--answer", nargs="+", action="append", default=[], metavar="KEY=VALUE", help=answers)
    accept = translate("accept the stated defaults; never for currency, margin and tax")
    parser.add_argument("--accept", action="store_true", help=accept)
    link = translate("refer to the files where they are instead of copying them")
    parser.add_argument("--link", action="store_true", help=link)


def new_study(arguments: argparse.Namespace) -> int:
    """Write the study file; exit status 2 where questions are open, which the file then holds as ASK."""
    if not arguments.files:
        given = [
            arguments.currency,
            arguments.gross_margin,
            *arguments.answer,
            arguments.accept or None,
            arguments.link or None,
        ]
        if any(given):
            raise CxvalueError("--currency, --gross-margin, --answer, --accept and --link go with --from FILE")
        return _from_template(arguments.folder)
    from cxvalue.firstmile.asking import parse_answers
    from cxvalue.firstmile.found import recognise

    answers = parse_answers([text for group in arguments.answer for text in group])
    answers |= {"currency": arguments.currency} if arguments.currency else {}
    answers |= {"margin": arguments.gross_margin} if arguments.gross_margin else {}
    found = recognise(arguments.files).answer(arguments.accept, **answers)
    asking = sys.stdin.isatty() and sys.stdout.isatty()
    print(found)
    if asking and found.questions:
        found = _ask(found)
    target = found.write(arguments.folder, link=arguments.link)
    lacking = found.understanding.main is None
    if found.questions or lacking:
        said = translate("{file} was written, with ASK where an answer is missing.", file=target)
        if lacking:
            more = translate("It needs a table of purchases: give that export with --from as well.")
            said = closed_up(f"{said} {more}")
        again = translate("Run the same command again with --answer KEY=VALUE …")
        print(f"{said}\n{again}", file=sys.stderr)
        return BadInput.exit_status
    told = translate(
        "{file} was written. Look at it with `cxvalue check {folder}`, then run `cxvalue report {folder}`.",
        file=target,
        folder=arguments.folder,
    )
    print(f"\n{told}")
    return 0


def _ask(found: Recognised) -> Recognised:
    """Ask at the terminal until all is answered; an empty line leaves a question open."""
    for key in [question.key for question in found.questions]:
        question = next((one for one in found.questions if one.key == key), None)
        if question is not None:
            found = _ask_one(found, question)
    return found


def _ask_one(found: Recognised, question: Question) -> Recognised:
    words = ", ".join(dict.fromkeys(one.answer for one in question.options)) or "…"
    default = f" [{question.default}]" if question.default else ""
    while True:
        given = input(f"{question.ask}\n  {words}{default}: ").strip() or (question.default or "")
        if not given:
            return found
        try:
            return found.answer(False, **{question.key: given})
        except BadInput as error:
            print(error)


def _from_template(folder: Path) -> int:
    name = folder.resolve().name
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise CxvalueError("{name!r} cannot be a study's name. Allowed: letters, digits, '-' and '_'.", name=name)
    target = folder / "study.yml"
    if target.exists():
        raise CxvalueError("{file} exists already and was left as it is. Give another folder.", file=target)
    name_of_template = "study.yml" if spoken() == "en" else f"study.{spoken()}.yml"
    template = files("cxvalue.cli").joinpath("templates", name_of_template).read_text(encoding="utf-8")
    # The comments of the template stand below each other; a new name keeps its own where it was.
    text = re.sub(r"(?m)^name: *[\w-]+ *", lambda line: f"name: {name} ".ljust(len(line[0])), template, count=1)
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(translate("{file} was written. Fill it in, then run `cxvalue check {folder}`.", file=target, folder=folder))
    return 0
