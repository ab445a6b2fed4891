"""The answer at the top of a page: yes, no, not proven or a figure; what to do, what it brings, how sure, what undoes it.

Each answer is made from the findings of one question, and from nothing else. Programmes come first, then campaigns,
discounts, experience, and what customers are worth; the first question with an answer leads the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_finding, format_interval, format_value
from cxvalue.foundation.grades import WEAK_GRADES
from cxvalue.language.letters import begun, closed_up, parted_at_colon

MOST_ANSWERS = 3
"""Programmes or campaigns answered on the first screen, those with most money first."""

Tone = Literal["plain", "good", "bad", "open", "withheld"]
Words = Mapping[str, str]
Found = Mapping[str, Finding]

_SENTENCE = re.compile(r"(?s)^(.+?(?:[.!?]\s+(?=[A-ZА-ЯЁІЇЄҐ])|[。！？]\s*(?=\S)))(.*)$")
"""The first sentence of a text, in Latin and Cyrillic letters and in Chinese signs."""
_QUOTED = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)")
"""A name from the data, which may hold a full stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader with two minutes takes away.

    Attributes:
        about: the family of findings that it was made from, as in ``programme.penalty_waiver``.
        word: yes, no, not proven, or the figure.
        tone: the colour of the word.
        sentence: the answer in one sentence.
        points: what to do, what it costs and brings, how sure, what would undo it: a heading and a sentence each.
        picture: how the name of the one picture beside it begins.
        told: ids of the findings whose figure stands in the sentence or the points, so that no card need say it again.
        aside: ids of the findings that nobody needs for this decision, so that no card shows them beside it.
    """

    about: str
    word: str
    tone: Tone
    sentence: str
    points: tuple[tuple[str, str], ...]
    picture: str
    told: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    def said(self, stop: str) -> tuple[str, str, str]:
        """The answer in three pieces, the middle one to be stressed: a figure that its sentence tells stands there alone.

        Args:
            stop: what ends a word that stands before its sentence.

        >>> Answer("programme.waiver", "Yes", "good", "It pays.", (), "").said(".")
        ('', 'Yes.', ' It pays.')
        >>> Answer("cltv", "9%", "plain", "Now 9% leave.", (), "").said(".")
        ('Now ', '9%', ' leave.')
        """
        if any(map(str.isdigit, self.word)):
            for figure in (self.word, self.word[:1].lower() + self.word[1:]):
                # No part of a longer number: "710 000" does not stand in "1 710 000".
                there = re.search(rf"(?<![\d.,\u00a0\u202f]){re.escape(figure)}(?!\d)", self.sentence)
                if there:
                    return self.sentence[: there.start()], there[0], self.sentence[there.end() :]
        return "", f"{self.word}{stop}", f" {self.sentence}"


def answers_of(findings: Iterable[Finding], words: Words) -> tuple[Answer, ...]:
    """The answers of the first question that has any, at most three; the first has all its points, others say what to do."""
    found = {finding.id: finding for finding in findings}
    for family in (_programmes, _campaigns, _discounts, _experience, _lifetime):
        answers = family(found, words)
        if answers:
            told = answers[:MOST_ANSWERS]
            # Several answers share the words that a reader has time for.
            return told if len(told) == 1 else tuple(_shortened(answer, words) for answer in told)
    return ()


def first_sentence(text: str) -> tuple[str, str]:
    """A text parted after its first sentence.

    >>> first_sentence("It costs EUR 1.20 M. Stop it. Now."), first_sentence("'St. Ives' has none. Ask.")
    (('It costs EUR 1.20 M.', 'Stop it. Now.'), ("'St. Ives' has none.", 'Ask.'))
    """
    text = text.strip()
    parted = _SENTENCE.match(_QUOTED.sub(lambda name: "x" * len(name[0]), text))
    return (text[: parted.end(1)].rstrip(), text[parted.end(1) :]) if parted else (text, "")


def without_name(text: str, name: str) -> str:
    """A sentence without the name and the colon that it begins with.

    >>> without_name("The waiver: it pays.", "The waiver"), without_name("减免：划算。", "减免")
    ('It pays.', '划算。')
    """
    return begun(text.removeprefix(f"{name}: ").removeprefix(f"{name}："))


def told_of_campaign(profit: Finding, words: Words) -> str:
    """What a campaign earned or lost, or that this is open, in a sentence."""
    return words[f"campaign_{_judged_campaign(profit)}"].format(
        title=parted_at_colon(profit.label)[0],
        profit=format_value(abs(_number(profit)), profit.unit, words),
        interval=format_interval(profit, words),
    )


def _judged_campaign(profit: Finding) -> str:
    """As `_judged`, with ``_weak`` behind a yes or no whose evidence is too weak to prove anything."""
    judged = _judged(profit)
    return f"{judged}_weak" if judged != "open" and profit.grade in WEAK_GRADES else judged


def _shortened(answer: Answer, words: Words) -> Answer:
    kept = tuple(point for point in answer.points if point[0] in (words["answer_do"], words["answer_sure"]))
    return Answer(answer.about, answer.word, answer.tone, answer.sentence, kept[:1], answer.picture)


def _programmes(found: Found, words: Words) -> tuple[Answer, ...]:
    return _largest_first(found, "programme", "npv", lambda name: _programme(found, name, words))


def _campaigns(found: Found, words: Words) -> tuple[Answer, ...]:
    answers = _largest_first(found, "reactivation", "profit", lambda name: _campaign(found, name, words))
    # Campaigns without a held-out group that prove nothing either way leave the page to another question.
    profits = (found[f"{one.about}.profit"] for one in answers)
    tested = [one for one in profits if _judged(one) != "open" or one.grade not in WEAK_GRADES]
    return answers if tested else ()


def _largest_first(found: Found, family: str, money: str, answer: Callable[[str], Answer | None]) -> tuple[Answer, ...]:
    """An answer for each name of a family, those that move most money first."""
    names = list(dict.fromkeys(key.split(".")[1] for key in found if key.startswith(f"{family}.")))

    def amount(name: str) -> float:
        finding = found.get(f"{family}.{name}.{money}")
        return -abs(finding.value) if finding and isinstance(finding.value, (int, float)) else 0.0

    return tuple(one for one in map(answer, sorted(names, key=amount)) if one is not None)


def _programme(found: Found, name: str, words: Words) -> Answer | None:
    def text(part: str) -> str:
        finding = found.get(f"programme.{name}.{part}")
        return finding.text if finding and finding.value is not None else ""

    verdict, npv = found.get(f"programme.{name}.verdict"), found.get(f"programme.{name}.npv")
    if verdict is None or (verdict.value is None and (npv is None or npv.value is None)):
        return None
    judged = judged_of(verdict)
    tone: Tone = {"": "plain", "PASS": "good", "FAIL": "bad"}.get(judged, "open")  # type: ignore[assignment]
    word = words[f"answer_{judged}"] if judged else format_finding(npv, words) if npv else ""
    what = words[f"pays_{judged}" if is_about_money(judged, npv) else f"effect_{judged}"]
    said = what.format(title=verdict.label)
    worth = _joined(said, text("npv") or text("effect"))
    undo = without_name(text("stop_below"), verdict.label) or text("drift_limit")
    return _answer(
        f"programme.{name}", word, tone, worth, f"programme_{name}_money", words,
        do=words[f"do_{judged}"].format(title=verdict.label),
        sure=_joined(first_sentence(verdict.text)[1] if judged else "", _evidence(verdict, words)),
        # What could have been proven is news only where nothing was.
        undo=_joined(first_sentence(undo)[0], first_sentence(text("mde"))[0] if tone == "open" else ""),
        told=(f"programme.{name}.npv",),
    )  # fmt: skip


def judged_of(verdict: Finding | None) -> str:
    """The word of a verdict, with ``_weak`` behind a PASS or FAIL whose evidence is too weak to prove anything."""
    if verdict is None or not isinstance(verdict.value, str):
        return ""
    return f"{verdict.value}_weak" if verdict.value != "NOT PROVEN" and verdict.grade in WEAK_GRADES else verdict.value


def value_told(finding: Finding, words: Words) -> str:
    """A finding's value as a reader is told it: a verdict on evidence too weak to prove anything is not proven."""
    weak = words.get(f"answer_{judged_of(finding)}") if judged_of(finding).endswith("_weak") else None
    return weak or format_finding(finding, words)


def is_about_money(judged: str, npv: Finding | None) -> bool:
    """Whether a verdict may be told as paying or not: the money must say the same, as a test may ask for something else."""
    if npv is None or not isinstance(npv.value, (int, float)):
        return False
    if judged == "NOT PROVEN":
        return npv.low is None or npv.high is None or npv.low <= 0 <= npv.high
    return {"PASS": npv.value > 0, "FAIL": npv.value < 0}.get(judged.removesuffix("_weak"), False)


def _campaign(found: Found, name: str, words: Words) -> Answer | None:
    profit, back = (found.get(f"reactivation.{name}.{part}") for part in ("profit", "return_uplift"))
    each, following = (found.get(f"reactivation.{name}.{part}") for part in ("margin_per_contact", "next_contacts"))
    if not (_has_range(profit) and _has_range(back) and _has_range(each)) or not (profit and back and each):
        return None
    judged = _judged_campaign(profit)
    sure = "open" if judged.endswith("_weak") else judged
    won = _people(profit, each, back)
    told = told_of_campaign(profit, words)
    if won and (back.low or 0) > 0:
        told = _joined(words["won_back"].format(customers=format_value(won, "customers", words)), told)
    undo = words["undo_campaign"].format(margin=format_value(_number(each), each.unit, words))
    do, brings = first_sentence(following.text) if following and following.value is not None else ("", "")
    return _answer(
        f"reactivation.{name}", words[f"answer_{sure}"], _TONES[sure], told, f"campaign_{name}", words,
        do=do or words[f"do_campaign_{sure}"],
        brings=brings,
        sure=_evidence(profit, words),
        undo=undo if _number(each) > 0 else "",
        told=(profit.id, following.id) if following and do else (profit.id,),
    )  # fmt: skip


def _discounts(found: Found, words: Words) -> tuple[Answer, ...]:
    ways = {part: found.get(f"discounts.{part}_profit") for part in ("ladder", "flat", "none")}
    priced = {part: way for part, way in ways.items() if way is not None and way.is_number}
    if len(priced) < 2:
        return ()
    best, second = sorted(priced, key=lambda part: -_number(priced[part]))[:2]
    ahead, behind = priced[best], priced[second]
    sure = ahead.low is not None and behind.high is not None and ahead.low > behind.high
    depth = found.get("discounts.optimal_depth")
    at = format_finding(depth, words) if depth and depth.is_number else ""
    names = {part: words[f"discount_{part}"].format(depth=at) for part in priced}
    told = words["discount_ahead"].format(
        best=begun(names[best]),
        second=names[second],
        gain=format_value(_number(ahead) - _number(behind), ahead.unit, words),
    )
    compared, doubted = (ahead, behind), ways["none" if "none" in (best, second) else "flat"]
    return (
        _answer(
            "discounts", words[f"discount_word_{best}"].format(depth=at), "good" if sure else "open", told,
            "discount_policies", words,
            do=words[f"do_discount_{best}"].format(depth=at) if sure else words["do_discount_open"],
            sure=_joined(words["ranges_apart" if sure else "ranges_overlap"], _evidence(ahead, words)),
            undo=_joined(words["undo_discounts"], first_sentence(doubted.text)[1] if doubted else ""),
            aside=(
                *(way.id for way in priced.values() if way not in compared),
                *((depth.id,) if depth and best != "flat" else ()),
            ),
        ),
    )  # fmt: skip


def _experience(found: Found, words: Words) -> tuple[Answer, ...]:
    target, kept = found.get("experience.response.value_of_target"), found.get("experience.response.retained")
    if not (_has_range(target) and target) or "experience.score.margin_per_point" not in found:
        return ()
    judged = "open" if target.grade in WEAK_GRADES else _judged(target)
    word = format_finding(target, words) if judged == "yes" else words[f"answer_{judged}"]
    undo = found.get("experience.response.robustness")
    told = re.split("[;；]", kept.text)[0].rstrip(".。") + words["stop"] if kept else target.text
    return (
        _answer(
            "experience", word, _TONES[judged], told, "complaints_open", words,
            do=words[f"do_experience_{judged}"],
            brings=target.text,
            sure=_evidence(target, words),
            undo=words["undo_experience"].format(share=format_finding(undo, words)) if undo and undo.is_number else "",
            told=(target.id, kept.id) if kept else (target.id,),
            # How satisfied people are says nothing about faster answers.
            aside=("experience.level.negative.share", "experience.step.high.margin"),
        ),
    )  # fmt: skip


def _lifetime(found: Found, words: Words) -> tuple[Answer, ...]:
    equity = found.get("cltv.equity")
    if equity is None or not equity.is_number:
        return ()
    newcomer, risk = found.get("cltv.new_customer"), found.get("churn.value_at_risk")
    miss = found.get("cltv.typical_miss")
    grade = words["evidence"].format(grade=equity.grade) + words["stop"] if equity.grade else ""
    told = first_sentence(equity.text)[0]
    spend, aside = "", []
    if newcomer is not None and newcomer.is_number:
        beside = words["bracketed"].format(what=format_interval(newcomer, words)) if newcomer.low is not None else ""
        aside.append("cltv.mean")
        if newcomer.is_range and newcomer.low is not None and newcomer.high is not None:
            least, most = (format_value(one, newcomer.unit, words) for one in (newcomer.low, newcomer.high))
            spend = words["do_lifetime_range"].format(least=least, most=most)
        else:
            value = format_value(_number(newcomer), newcomer.unit, words)
            spend = words["do_lifetime"].format(value=f"{value}{beside}")
    if risk is not None and risk.is_number:
        aside.append("base.active")
    return (
        _answer(
            "cltv", begun(format_interval(equity, words)) if equity.is_range else format_finding(equity, words), "plain",
            told,
            "forecast_record", words,
            do=spend,
            brings=first_sentence(risk.text)[0] if risk and risk.is_number else "",
            brings_heading="answer_risk",
            sure=_joined(grade, miss.text) if miss and miss.is_number else _evidence(equity, words),
            undo=words["undo_lifetime"],
            told=(equity.id, "cltv.new_customer", "base.active"),
            aside=tuple(aside),
        ),
    )  # fmt: skip


_TONES: Mapping[str, Tone] = {"yes": "good", "no": "bad", "open": "open"}


def _answer(
    about: str,
    word: str,
    tone: Tone,
    sentence: str,
    picture: str,
    words: Words,
    *,
    do: str,
    brings: str = "",
    brings_heading: str = "answer_brings",
    sure: str,
    undo: str,
    told: tuple[str, ...] = (),
    aside: tuple[str, ...] = (),
) -> Answer:
    points = (("answer_do", do), (brings_heading, brings), ("answer_sure", sure), ("answer_undo", undo))
    shown = tuple((words[heading], text) for heading, text in points if text)
    return Answer(about, word, tone, sentence, shown, picture, told, aside)


def _judged(finding: Finding) -> str:
    """Yes where the whole range is above zero and the evidence carries it, no where it is below, else open."""
    if finding.low is None or finding.high is None or finding.grade in ("D", "E"):
        return "open"
    return "yes" if finding.low > 0 else "no" if finding.high < 0 else "open"


def _people(profit: Finding, each: Finding, uplift: Finding) -> int:
    """How many came because of a campaign: profit is margin per contact times all contacted, so this is their number."""
    contacted = _number(profit) / _number(each) if _number(each) else 0.0
    return round(contacted * _number(uplift))


def _has_range(finding: Finding | None) -> bool:
    return finding is not None and finding.is_number and finding.low is not None


def _number(finding: Finding) -> float:
    return float(finding.value) if isinstance(finding.value, (int, float)) else 0.0


def _evidence(finding: Finding, words: Words) -> str:
    if finding.grade is None:
        return ""
    return words["answer_evidence"].format(grade=finding.grade, meaning=words[f"grade_{finding.grade}"])


def _joined(*parts: str) -> str:
    return closed_up(" ".join(part.strip() for part in parts if part.strip()))
