"""Main store and share of wallet: published figures, the till's over-sampling, and the truth of the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.questions.survey_truth.invited import Invited
from cxvalue.questions.survey_truth.weighting import answer_weights
from cxvalue.questions.wallet.findings import wallet_findings
from cxvalue.questions.wallet.wallet_answers import WalletRows, wallet_rows
from cxvalue.questions.wallet.wallet_share import fit_wallet, ratio_of_sums, rule_share, weighted_share
from tests.experienceworlds import retail


def asked(seed: int, n: int = 3000) -> WalletRows:
    """60% call us their main store, and those come 6 times where others come 1.6 times; the till meets whom it meets."""
    rng = np.random.default_rng(seed)
    main = rng.random(n) < 0.6
    visits = np.where(main, 6.0, 1.6)
    met = rng.random(n) < visits / 30
    rows = int(met.sum())
    empty = np.full(rows, np.nan)
    before = 50 + 20 * rng.standard_normal(rows)
    after = before + 8 * main[met] + 10 * rng.standard_normal(rows)
    return WalletRows(
        np.arange(rows).astype(object), main[met].astype(float), empty, empty, empty, np.ones(rows, bool), visits[met],
        before, before, after, np.full(rows, 500.0), np.zeros(rows, np.int64), np.ones(rows, bool),
        np.ones(rows, bool),
    )  # fmt: skip


def test_85_percent_at_the_till_are_60_percent_of_customers() -> None:
    held = margin = 0
    shares = []
    for seed in range(200):
        found = fit_wallet(asked(seed), None)
        assert found.main_store is not None
        assert found.main_margin is not None
        held += found.main_store.low <= 0.6 <= found.main_store.high
        margin += found.main_margin.low <= 8.0 <= found.main_margin.high
        shares.append(found.as_asked)
    assert held >= 180  # 190 on average; fewer than 180 happens once in 500
    assert margin >= 180
    assert np.mean(shares) == pytest.approx(0.8491, abs=0.01)  # 6 × .6 / (6 × .6 + 1.6 × .4)


def silent(seed: int, n: int = 6000) -> tuple[WalletRows, Invited]:
    """The till meets whom it meets; of those asked, the good customers answer more, and for them we are the main store."""
    rng = np.random.default_rng(seed)
    good = rng.random(n) < 0.5
    main = rng.random(n) < np.where(good, 0.8, 0.4)
    visits = np.where(main, 6.0, 2.0)
    met = np.flatnonzero(rng.random(n) < visits / 8)
    answers = rng.random(met.size) < np.where(good[met], 0.6, 0.2)
    ids, said = np.array([f"c{k}" for k in met], dtype=object), main[met].astype(float)
    known = np.column_stack([good[met], *np.zeros((3, met.size))])
    frame = Invited(ids, np.where(answers, said, np.nan), known, np.zeros((met.size, 0)), 0.0, 1.0)
    rows, who = int(answers.sum()), met[answers]
    empty, nothing = np.full(rows, np.nan), np.zeros(rows)
    told = WalletRows(ids[answers], said[answers], empty, empty, empty, np.ones(rows, bool), visits[who], nothing, nothing,
                      nothing, nothing, np.zeros(rows, np.int64), np.zeros(rows, bool), np.ones(rows, bool))  # fmt: skip
    return told, frame


def test_till_and_silence_are_undone_together_and_neither_alone_suffices() -> None:
    held, values = 0, []
    for seed in range(60):
        told, frame = silent(seed)
        found = fit_wallet(told, None, answering=answer_weights(frame)).main_store
        alone = fit_wallet(told, None).main_store
        assert found is not None
        assert alone is not None
        held += found.low <= 0.6 <= found.high
        values.append((found.value, alone.value))
    assert held >= 52  # 57 on average; fewer than 52 happens once in 100
    both, till = np.mean(values, axis=0)
    assert both == pytest.approx(0.6, abs=0.01)
    assert till == pytest.approx(0.7, abs=0.01)  # (.8 × .6 + .4 × .2) / (.6 + .2): the silent are missing


def test_silence_alone_is_post_stratified() -> None:
    """With one of two groups known, weights 1 / P(answer) are the sizes of the groups: Σ N share / Σ N."""
    told, frame = silent(1)
    plain = WalletRows(**{name: getattr(told, name) for name in WalletRows.__slots__ if name != "at_till"},
                       at_till=np.zeros(told.ids.size, bool))  # fmt: skip
    found = fit_wallet(plain, None, answering=answer_weights(frame))
    good = frame.known[:, 0] == 1
    expected = sum(group.mean() * np.nanmean(frame.score[group]) for group in (good, ~good))
    assert found.main_store is not None
    assert found.main_store.value == pytest.approx(expected, abs=1e-4)
    assert found.for_silent == told.ids.size
    assert fit_wallet(plain, None, answering=answer_weights(None)).for_silent == 0
    everybody = replace(frame, score=np.ones(frame.ids.size))
    assert answer_weights(everybody) is None


def test_a_share_of_sums_is_no_mean_of_shares() -> None:
    own, total = np.array([120.0, 80, 200, 60, 40, 150]), np.array([200.0, 100, 260, 180, 160, 170])
    found = ratio_of_sums(own, total)
    assert found.value == pytest.approx(0.607477, abs=1e-6)
    assert (found.high - found.value) / 1.959964 == pytest.approx(0.102540, abs=1e-5)
    assert (own / total).mean() == pytest.approx(0.605820, abs=1e-6)
    assert rule_share(np.array([1.0]), np.array([1.0])).tolist() == [1.0]


def test_equal_weights_are_wilson_s_interval() -> None:
    found = weighted_share(np.repeat([1.0, 0.0], [85, 15]), np.full(100, 3.0))
    assert found == pytest.approx((0.85, 0.767164, 0.906940), abs=1e-6)


def test_spend_stated_too_low_is_capped_and_counted() -> None:
    n = 60
    rows = WalletRows(
        np.arange(n).astype(object), np.full(n, np.nan), np.full(n, 10.0), np.full(n, 2.0), np.ones(n), np.zeros(n, bool),
        np.ones(n), np.where(np.arange(n) < 20, 240.0, 60.0), np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n, np.int64),
        np.ones(n, bool), np.ones(n, bool),
    )  # fmt: skip
    found = fit_wallet(rows, 0.3)
    assert found.capped == 20
    assert found.share is not None
    assert found.room is not None
    assert found.rule is not None
    assert found.share.value == pytest.approx((20 * 120 + 40 * 60) / (60 * 120))
    assert found.room.value == pytest.approx(0.3 * 40 * 60)
    assert found.rule.value == pytest.approx(2 / 3)
    assert found.main_store is None
    alone = WalletRows(**{name: getattr(rows, name) for name in WalletRows.__slots__ if name != "brands_used"},
                       brands_used=np.ones(n))  # fmt: skip
    assert fit_wallet(alone, None).rule is None


def test_the_world_s_wallet_is_found() -> None:
    world = retail()
    rows = wallet_rows(world.tables["surveys"], world.purchases, world.tables["customers"], as_of=world.as_of)
    assert rows is not None
    found = fit_wallet(rows, 0.3)
    for name, value in (("main_store", found.main_store), ("share", found.share)):
        assert value is not None
        assert value.low <= world.truth[f"experience.wallet.{name}"] <= value.high
    assert found.as_asked > found.main_store.high  # type: ignore[union-attr]


def test_spend_told_before_a_year_was_observed_is_held_against_nothing() -> None:
    """Own purchases of three months beside a stated year would be a quarter of the true share."""
    rows = asked(1)
    n = rows.ids.size
    early = np.arange(n) < n // 2
    own = np.where(early, 300.0, 1200.0)
    told = replace(rows, category_spend=np.full(n, 200.0), before_revenue=own, preceded=~early)
    found = fit_wallet(told, 0.3)
    assert found.share is not None
    assert found.share.value == pytest.approx(0.5)
    assert (found.told, found.too_early) == (n - n // 2, n // 2)
    nobody = fit_wallet(replace(told, preceded=np.zeros(n, dtype=bool)), 0.3)
    assert (nobody.share, nobody.room, nobody.main_margin) == (None, None, None)
    said = {one.id: one for one in wallet_findings(nobody, currency="EUR", level=0.95)}
    assert said["experience.wallet.share"].value is None
    assert f"{n:,} customers stated their spend before a year" in said["experience.wallet.share"].text
    assert said["experience.wallet.main_margin"].value is None
