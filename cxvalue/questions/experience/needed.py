"""Which notebooks about experience a study can have, found from the columns of its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cxvalue.language.catalogue import translate
from cxvalue.questions.experience.answers import WALLET, off_scale, off_wallet

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import MetricRules


def experience_obstacles(
    table: Callable[[str], ir.Table | None], metrics: Mapping[str, MetricRules] | None = None
) -> dict[str, str]:
    """Notebooks whose tables are there and hold nothing that they could answer from, each with the reason.

    Scores outside the scale of their metric stop these notebooks, and no other: nobody said what the scale is.
    """
    found: dict[str, str] = {}
    surveys, interactions = table("surveys"), table("interactions")
    scored: set[str] = set()
    if surveys is not None:
        rows = surveys.filter(surveys.score.notnull()).select("metric").distinct()
        scored = {str(one) for one in rows.to_pyarrow()["metric"].to_pylist()}
        reason, _ = off_scale(surveys, metrics or {})
        if reason:
            return dict.fromkeys(("60_experience", "61_drivers", "62_scores"), reason)
        if scored & set(WALLET) and (wrong := off_wallet(surveys)):
            found["62_scores"] = wrong
    asked = scored - set(WALLET)
    told = set() if interactions is None else set(interactions.columns)
    answers = "complaint" in told and bool({"responded_on", "resolved_on"} & told)
    if not asked and not answers and "touchpoint" not in told:
        found["60_experience"] = translate(
            "needs scores in 'surveys', or touchpoints or complaints with their answers (complaint, responded_on or "
            "resolved_on) in 'interactions'"
        )
    if surveys is not None and not asked:
        found["61_drivers"] = translate("needs scores in 'surveys'")
        if not scored:
            found["62_scores"] = translate("needs scores in 'surveys'")
    return found
