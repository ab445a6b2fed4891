"""What a study declares must stand in its tables: campaigns with their control, programmes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import ibis.expr.types as ir

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.study import StudyFile
from cxvalue.tables.checks.campaign_rows import ArmRows


def declared_problems(
    study: StudyFile, tables: Mapping[str, ir.Table], arms: Sequence[ArmRows], today: date
) -> list[Problem]:
    """Campaigns and programmes without a table or a row; `tables` are the sound rows of those that could be read.

    `arms` are the rows of each arm in the contacts; no criterion was registered after `today`.
    """
    problems: list[Problem] = []
    for programme in study.programmes:
        if programme.success and programme.success.registered_on and programme.success.registered_on > today:
            where = f"programmes.{programme.name}.success.registered_on"
            found = translate("{day} lies in the future.", day=str(programme.success.registered_on))
            problems.append(Problem(where, found, translate("Write the day on which the criterion was set.")))
    for key, table in (("campaigns", "contacts"), ("programmes", "rollout")):
        declared = getattr(study, key)
        if not declared or (table in study.tables and table not in tables):
            continue
        names = list(dict.fromkeys(one.campaign for one in arms))
        if table == "rollout" and table in tables:
            names = [
                str(one) for one in tables[table].select("programme").distinct().to_pyarrow().column(0).to_pylist()
            ]
        for item in declared:
            where = f"{key}.{item.name}"
            if table not in study.tables:
                found = translate("needs a table '{table}', which the study lacks.", table=table)
                remedy = translate("Add it under 'tables: {table}:'.", table=table)
                problems.append(Problem(where, found, remedy))
            elif not names:
                found = translate("the table '{table}' has no valid row.", table=table)
                problems.append(Problem(where, found, translate("Correct its rows first.")))
            elif item.name not in names:
                found = (
                    translate("the table '{table}' has no campaign {name!r}.", table=table, name=item.name)
                    if key == "campaigns"
                    else translate("the table '{table}' has no programme {name!r}.", table=table, name=item.name)
                )
                problems.append(Problem(where, found, nearest(item.name, names)))
            elif (control := getattr(item, "control", None)) is not None:
                known = [one.arm for one in arms if one.campaign == item.name]
                if control not in known:
                    found = translate("no contact of the campaign has the arm {arm!r}.", arm=control)
                    problems.append(Problem(f"{where}.control", found, nearest(control, known)))
                elif set(known) == {control}:
                    found = translate("nobody was contacted: every row belongs to the control arm.")
                    problems.append(Problem(f"{where}.control", found, translate("Check which arm was held out.")))
    return problems
