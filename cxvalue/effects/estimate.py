"""A panel and the name of a design in, an `Effect` out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cxvalue.effects.designs.experiment import estimate_cluster_experiment, estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.single_unit import estimate_single_unit
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.effect import DESIGNS, Effect
from cxvalue.effects.frames import panel_of_frames
from cxvalue.foundation.errors import BadInput, CxvalueError, nearest
from cxvalue.foundation.progress import working
from cxvalue.foundation.sensible import as_shown, is_number
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel


@working("Estimating the effect")
def estimate_effect(
    panel: Any,
    rollout: Any = None,
    *,
    design: str,
    outcome: str = "margin",
    level: float = 0.95,
    programme: str = "programme",
    planned_share: float | None = None,
) -> Effect:
    """Estimate what a programme changed, per treated customer and month.

    Args:
        panel: a table with a row a unit (or customer) and month, see `cxvalue.effects.frames`; or what `unit_panel` or
            `customer_panel` makes of a study, which hold the roll-out already.
        rollout: a table with unit, start (missing: never) and, where units no longer have it, ended_on (the last day with
            it), to go with a plain table.
        design: experiment, staggered, matched or single_unit.
        outcome: the column of a plain table.
        level: of the intervals.
        programme: its name, for messages.
        planned_share: the share that was to be held out of an experiment; other designs have none.

    Raises:
        CxvalueError: an unknown design, or one that does not go with the panel.
        BadInput: data that the design cannot work with.
    """
    if design not in DESIGNS:
        refused = translate("There is no design {design!r}.", design=design)
        raise CxvalueError(closed_up(f"{refused} {nearest(str(design), list(DESIGNS))}"))
    if not isinstance(panel, (UnitPanel, CustomerPanel)):
        if rollout is None:
            raise CxvalueError(
                "A plain table of a panel needs the roll-out: estimate_effect(panel, rollout, design=...)."
            )
        panel = panel_of_frames(panel, rollout, outcome=outcome, design=design)
    by_unit = isinstance(panel, UnitPanel)
    estimators: dict[tuple[str, bool], Any] = {
        ("experiment", True): estimate_cluster_experiment,
        ("experiment", False): estimate_experiment,
        ("staggered", True): estimate_staggered,
        ("single_unit", True): estimate_single_unit,
        ("matched", False): estimate_matched,
    }
    if (design, by_unit) not in estimators:
        wanted = "unit_panel" if design in ("staggered", "single_unit") else "customer_panel"
        raise CxvalueError("The design {design!r} needs the panel that {maker} makes.", design=design, maker=wanted)
    values = panel.total if by_unit else panel.values
    if not np.nansum(np.abs(values)) > 0:
        found_ = translate(
            "every {outcome} of every month is zero, so no effect can be measured.", outcome=panel.outcome
        )
        remedy = translate("Check that the tables use the same customer ids, and that the outcome is filled in.")
        raise BadInput.at(f"programmes.{programme}", found_, remedy)
    if planned_share is not None and not is_number(planned_share, 0, 1):
        raise CxvalueError(
            "planned_share == {share}, must be a share between 0 and 1: 0.3 stands for 30% held out.",
            share=as_shown(planned_share),
        )
    planned = (
        {"planned_share": None if planned_share is None else float(planned_share)} if design == "experiment" else {}
    )
    try:
        found: Effect = estimators[design, by_unit](panel, level=level, programme=programme, **planned)
    except np.linalg.LinAlgError as error:
        said = translate("the outcomes leave nothing to compare: they do not differ between units or between months.")
        remedy = translate("Check that the tables use the same customer ids, and that the outcome is filled in.")
        raise BadInput.at(f"programmes.{programme}", said, remedy) from error
    if not panel.notes and not panel.over:
        return found
    return replace(found, notes=(*found.notes, *panel.notes), over=panel.over)
