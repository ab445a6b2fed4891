"""What drives the score, and what one point of it goes along with in money (notebook 61).

answered_together  answers given together with the main score, a row an occasion
importance         how much of the score each driver explains (LMG), and by how many points it moves
score_link         score and margin: forward less mirror, always a link; how reliable the score is
kpi_tree           from drivers over the score to money, by department; who owns a KPI and who computes it
findings           the findings ``experience.driver.*``, ``.score.*`` and ``.kpi.*``
display            the same as tables
"""

from __future__ import annotations

from cxvalue.questions.drivers.answered_together import occasions_together
from cxvalue.questions.drivers.importance import Importance, fit_importance
from cxvalue.questions.drivers.kpi_tree import Branch, build_tree, draws_of, touched_customers
from cxvalue.questions.drivers.score_link import ScoreLink, fit_link, link_rows, reliability_of

__all__ = [
    "Branch",
    "Importance",
    "ScoreLink",
    "build_tree",
    "draws_of",
    "fit_importance",
    "fit_link",
    "link_rows",
    "occasions_together",
    "reliability_of",
    "touched_customers",
]
