"""Bags of customers: the spread of redrawn estimates is the clustered error."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.questions.experience.bags import MOST_BAGS, bag_sums, bags_of, redraw_weights, redrawn
from cxvalue.questions.experience.dummies import codes_of, slopes_clustered


def test_redrawn_means_spread_like_the_clustered_error() -> None:
    rng = np.random.default_rng(3)
    ids = np.repeat([f"c{k}" for k in range(1500)], 2).astype(object)
    x = rng.standard_normal((3000, 1))
    y = x[:, 0] + np.repeat(rng.standard_normal(1500), 2) + rng.standard_normal(3000)
    found = slopes_clustered(y, x)
    draws = redrawn(found.beta, found.influence, bags_of(ids), redraw_weights(1000))
    error = float(np.sqrt(found.covariance(codes_of(ids))[0, 0]))
    assert draws[:, 0].std() == pytest.approx(error, rel=0.12)
    assert draws[:, 0].mean() == pytest.approx(float(found.beta[0]), abs=error / 5)


def test_a_customer_has_one_bag_in_every_table() -> None:
    ids = np.array(["a", "b", "c"], dtype=object)
    assert bags_of(ids[::-1])[::-1].tolist() == bags_of(ids).tolist()
    sums = bag_sums(np.array([1.0, 2.0, 4.0]), np.array([5, 5, 7]))
    assert (sums[5, 0], sums[7, 0], sums.sum(), len(sums)) == (3.0, 4.0, 7.0, MOST_BAGS)
    assert redraw_weights(3).sum(axis=1).tolist() == [MOST_BAGS] * 3
