"""The contacts of campaigns as rows: who stands in two arms of one, or was held out and contacted all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.study.bounded_yaml import words_of_yaml
from cxvalue.tables.cautions import Caution
from cxvalue.tables.held_out import in_held_out_arm
from cxvalue.tables.read.roles import says_no

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import Campaign

NOTABLE = 0.01
"""Share of a campaign's customers in two arms from which on the evidence is a grade weaker."""
_ONE_LETTER_NO = "否无無"
"""Words of no that are whole words, though of one letter: an arm N may be called after anything."""
_CONTROL = frozenset({
    "control", "controls", "control group", "control arm", "ctrl", "holdout", "holdouts", "holdout group", "hold out",
    "heldout", "held out",
    "контроль", "контрольная", "контрольная группа", "группа контроля", "контрольна", "контрольна група", "група контролю",
    "对照", "对照组", "控制组", "对照組", "控制組",
})  # fmt: skip
"""What only held-out arms are called, unlike a placebo, which is sent."""


class ArmRows(NamedTuple):
    """How many contacts an arm of a campaign has."""

    campaign: str
    arm: str
    rows: int


def rows_of_arms(contacts: ir.Table) -> list[ArmRows]:
    """The contacts of every arm of every campaign, in the order of their names."""
    each = contacts.group_by(["campaign", "arm"]).agg(rows=contacts.count()).order_by(["campaign", "arm"])
    return [ArmRows(str(row["campaign"]), str(row["arm"]), row["rows"]) for row in each.to_pyarrow().to_pylist()]


def misspelt(arms: Sequence[ArmRows], campaigns: Sequence[Campaign]) -> list[Problem]:
    """A campaign or a control arm written in several ways is several campaigns or arms: refused."""
    problems = []
    for campaign in campaigns:
        inside = [one for one in arms if one.campaign == campaign.name]
        for column, rows, wanted in (("campaign", arms, campaign.name), ("arm", inside, campaign.control)):
            forms: dict[str, int] = {}
            for one in rows:
                written = str(getattr(one, column))
                if wanted is not None and written != wanted and _same_word(written, wanted):
                    forms[written] = forms.get(written, 0) + one.rows
            if forms:
                some = sorted(forms)[:5]
                many, listed = sum(forms[form] for form in some), enumerated(map(repr, some))
                said = (
                    translate_count(
                        "{count:,} contact spells the campaign {name!r} as {written}, which makes it a different campaign.",
                        "{count:,} contacts spell the campaign {name!r} as {written}, which makes it a different campaign.",
                        many,
                        name=wanted,
                        written=listed,
                    )
                    if column == "campaign"
                    else translate_count(
                        "{count:,} contact spells the arm {name!r} as {written}, which makes it a different arm.",
                        "{count:,} contacts spell the arm {name!r} as {written}, which makes it a different arm.",
                        many,
                        name=wanted,
                        written=listed,
                    )
                )
                remedy = translate(
                    "Spell it the same way everywhere in the table, or correct it with a 'query:' over the file."
                )
                problems.append(Problem(f"tables.contacts.{column}", said, remedy, many))
    return problems


def _same_word(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def held_and_sent(contacts: ir.Table, campaign: str, control: str | None) -> list[Problem]:
    """The problem of a campaign that contacted customers of its control arm; none where it kept to its lot."""
    if control is None:
        return []
    rows = contacts.filter(contacts.campaign == campaign)
    held = rows.arm == control
    each = rows.group_by("customer_id").agg(held=held.ifelse(1, 0).max(), sent=held.ifelse(0, 1).max())
    both = each.held + each.sent == 2
    counted = each.aggregate(every=each.count(), both=both.ifelse(1, 0).sum(), held=each.held.sum())
    row = counted.to_pyarrow().to_pylist()[0]
    if not row["both"]:
        return []
    some = each.filter(both).order_by("customer_id").limit(3).to_pyarrow().column("customer_id").to_pylist()
    found = translate_count(
        "{count:,} customer appears in more than one arm of the campaign: contacted, and held out as well "
        "({share:.1%} of the {held:,} held out; {some}).",
        "{count:,} customers appear in more than one arm of the campaign: contacted, and held out as well "
        "({share:.1%} of the {held:,} held out; {some}).",
        row["both"],
        share=row["both"] / row["held"],
        held=row["held"],
        some=enumerated(map(str, some)),
    )
    remedy = translate("Give each customer the arm of the first assignment, in every row.")
    return [Problem(f"campaigns.{campaign}", found, remedy)]


def unnamed_control(contacts: ir.Table, campaign: str) -> list[Problem]:
    """The problem of a campaign that names no control, though one of its arms is called what held-out arms are called.

    Where arms are whole words of yes and no, those who were not contacted are the ones of no.
    """
    arms = _arms_of(contacts, campaign)
    no = [arm for arm in says_no(arms) if len(arm) > 1 or arm in _ONE_LETTER_NO]
    held = [arm for arm, is_held in arms.items() if is_held] or no
    if not held or len(arms) < 2:
        return []
    found = translate(
        "the arm {arm!r} looks like customers who were held out, and the campaign names no control.", arm=held[0]
    )
    remedy = translate("Write control: {arm}, or give the arm another name.", arm=words_of_yaml(held[0]))
    return [Problem(f"campaigns.{campaign}", found, remedy)]


def second_control(contacts: ir.Table, campaign: str, control: str) -> list[Problem]:
    """The problem of a campaign with an arm beside its control that is called what only held-out arms are called."""
    written = {arm: arm.strip().lower().replace("_", " ").replace("-", " ") for arm in _arms_of(contacts, campaign)}
    held = [arm for arm, word in written.items() if word in _CONTROL and arm != control]
    if not held or any(_same_word(arm, control) for arm in held):  # another spelling is told as one
        return []
    found = translate(
        "the arm {arm!r} looks like customers who were held out, and the control of the campaign is {control!r}: they would "
        "count as contacted.",
        arm=held[0],
        control=control,
    )
    remedy = translate(
        "Give all who were held out the same arm ({line}, under contacts, with your name of the column), or give the arm "
        "another name.",
        line=f"values: {{arm: {{{words_of_yaml(held[0])}: {words_of_yaml(control)}}}}}",
    )
    return [Problem(f"campaigns.{campaign}", found, remedy)]


def _arms_of(contacts: ir.Table, campaign: str) -> dict[str, bool]:
    """The arms of a campaign, and whether each is called what held-out arms are called."""
    rows = contacts.filter(contacts.campaign == campaign)
    arms = rows.group_by("arm").agg(held=in_held_out_arm(rows.arm).max()).order_by("arm").to_pyarrow().to_pylist()
    return {str(row["arm"]): bool(row["held"]) for row in arms}


def two_arms(contacts: ir.Table, controls: Mapping[str, str | None]) -> list[Caution]:
    """A caution for each campaign in which customers were contacted in more than one arm: the first one counts.

    `controls` names the arm that was held out of each declared campaign (None: nobody). A second contact in the same arm is
    none, and customers both held out and contacted are refused where the campaign is read.
    """
    if "arm" not in contacts.columns:
        return []
    each = contacts.group_by(["campaign", "customer_id"]).agg(arms=contacts.arm.nunique(), rows=contacts.count())
    both = each.group_by("campaign").agg(
        customers=each.count(),
        double=(each.arms > 1).ifelse(1, 0).sum(),
        rows=(each.arms > 1).ifelse(each.rows, 0).sum(),
    )
    found = []
    for row in both.filter(both.double > 0).order_by("campaign").to_pyarrow().to_pylist():
        name, share = str(row["campaign"]), row["double"] / row["customers"]
        if name not in controls:
            continue
        text = translate_count(
            "{count:,} of the {all:,} customers of the campaign {name} ({share:.1%}) appears in more than one "
            "of its arms. Each counts in the arm of the first row, so what a later arm did is counted there "
            "as well: the arms may differ more than it seems.",
            "{count:,} of the {all:,} customers of the campaign {name} ({share:.1%}) appear in more than one "
            "of its arms. Each counts in the arm of the first row, so what a later arm did is counted there "
            "as well: the arms may differ more than it seems.",
            row["double"],
            all=row["customers"],
            name=name,
            share=share,
        )
        found.append(
            Caution("two_arms", "contacts", "arm", int(row["rows"]), share, text, share >= NOTABLE, about=name)
        )
    return found


def product_problems(product: str, lines: ir.Table, campaign: str) -> list[Problem]:
    """The problem of a campaign whose product nobody sells, or that no transaction names."""
    where = f"campaigns.{campaign}.product"
    if "product" not in lines.columns:
        found = translate("is given, but the transactions have no column 'product'.")
        return [Problem(where, found, translate("Map a product column, or leave it out."))]
    if lines.filter(lines["product"] == product).count().to_pyarrow().as_py():
        return []
    known = lines.select("product").distinct().order_by("product").limit(200).to_pyarrow().column("product").to_pylist()
    found = translate("no transaction has the product {product!r}.", product=product)
    return [Problem(where, found, nearest(product, [str(one) for one in known if one]))]
