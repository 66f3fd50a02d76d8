"""Distortions, split, batches and a whole small training."""

from dataclasses import replace

import numpy as np
import pytest

from core.embedding import embed
from core.evaluation.agreement import spearman
from core.manifold import Manifold, ManifoldError
from core.scores import score
from core.training.dataset import LabelledClip
from core.training.distortions import distort, distortion_order, drawn_distortions
from core.training.own_loss import OwnLoss
from core.training.sampler import batches, split_clips
from core.training.trainer import TrainingError, TrainSettings, train
from tests.synthetic_tracks import SMALL_SOURCES, moving_track

SETTINGS = TrainSettings(
    "small",
    SMALL_SOURCES,
    d_model=16,
    epochs=18,
    batch_classes=3,
    learning_rate=3e-3,
    loss=OwnLoss(source_dropout=0.1, look_dropout=0.3),
    batch_windows=8,
    min_held_out_windows=2,
    worst_rank=1.0,
    licence="made up",
)


def clips(classes: int = 3, per_class: int = 5) -> list[LabelledClip]:
    return [
        LabelledClip(f"clip{a}{k}", f"Action{a}", f"person{k % 2}", moving_track(a, 10 * a + k, 72, sources=SMALL_SOURCES))
        for a in range(classes)
        for k in range(per_class)
    ]


@pytest.fixture(scope="module")
def trained() -> Manifold:
    return train(clips(), SETTINGS)


def test_that_shuffling_permutes_twenty_two_positions_at_most() -> None:
    order = distortion_order("shuffle", 50, np.random.default_rng(0))
    assert (np.sort(order, axis=1) == np.arange(32)).all()
    moved = (order != np.arange(32)).sum(axis=1)
    assert moved.max() <= 22
    assert moved.mean() > 20


def test_that_reversing_and_holding_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    assert distortion_order("reverse", 1, rng)[0].tolist() == list(range(31, -1, -1))
    assert not distortion_order("static", 1, rng).any()


@pytest.mark.parametrize("kind", ["shuffle", "reverse", "static"])
def test_that_severity_is_the_share_of_positions_touched(kind: str) -> None:
    order = distortion_order(kind, 200, np.random.default_rng(0), 0.5)
    moved = (order != np.arange(32)).sum(axis=1)
    assert moved.max() <= 16
    assert moved.mean() > 13


def test_that_distorting_takes_positions_in_the_order_given() -> None:
    windows = np.arange(64.0).reshape(1, 32, 2)
    np.testing.assert_array_equal(distort(windows, np.arange(31, -1, -1)[None]), windows[:, ::-1])


def test_that_drawn_distortions_say_how_severe_they_are_and_which_make_steps_grow() -> None:
    drawn = drawn_distortions(600, np.random.default_rng(0))
    order, severity, positions = drawn.order, drawn.severity, np.arange(32)
    ranked = np.isin(np.arange(600), drawn.ranked)
    held = (order == order[:, :1]).all(axis=1)
    backwards = (order == positions[::-1]).all(axis=1)
    shuffled = ~held & ((np.abs(np.diff(order, axis=1)) > 1).sum(axis=1) > 2)
    assert not ranked[held | backwards].any() and ranked[shuffled].all()
    assert severity[held | backwards].tolist() == [1.0] * int((held | backwards).sum())
    moved = (order != positions).sum(axis=1)
    assert (moved <= np.maximum(2, np.round(severity * 32))).all()
    runs = ranked & ~shuffled
    assert runs.any() and severity[ranked].min() >= 0.1 and severity[runs].max() < 1
    assert 90 < held.sum() < 150 and 60 < backwards.sum() < 120


def test_that_the_milder_form_touches_less_of_the_window() -> None:
    drawn = drawn_distortions(600, np.random.default_rng(0))
    assert (drawn.milder_severity < 0.81 * drawn.severity[drawn.ranked]).all()
    moved = (drawn.milder_order != np.arange(32)).sum(axis=1)
    assert moved.mean() < 0.7 * (drawn.order[drawn.ranked] != np.arange(32)).sum(axis=1).mean()


def test_that_whole_subjects_are_held_out_where_there_are_several() -> None:
    names = [f"c{i}" for i in range(10)]
    subjects = ["a"] * 4 + ["b"] * 3 + ["c"] * 3
    out = split_clips(names, ["Walk"] * 10, subjects, seed=0)
    assert len({s for s, o in zip(subjects, out, strict=True) if o} & {s for s, o in zip(subjects, out, strict=True) if not o}) == 0
    assert 0 < out.sum() < 10
    np.testing.assert_array_equal(out, split_clips(names, ["Walk"] * 10, subjects, seed=0))


def test_that_the_views_of_a_clip_stay_together_and_a_single_clip_trains() -> None:
    names = ["x", "x", "y", "y", "z", "z", "only", "only"]
    out = split_clips(names, ["Kick"] * 6 + ["Jump"] * 2, ["a"] * 8, seed=3)
    assert out[:6].sum() == 2
    assert all(out[2 * i] == out[2 * i + 1] for i in range(4))
    assert not out[6:].any()


def test_that_a_batch_has_p_classes_of_k_windows_and_follows_the_seed() -> None:
    labels = np.repeat(np.arange(5), [30, 30, 30, 30, 2])
    first = list(batches(labels, 3, 4, 20, seed=1))
    for index in first:
        assert sorted(np.bincount(labels[index])[np.unique(labels[index])].tolist()) == [4, 4, 4]
    assert all(np.array_equal(a, b) for a, b in zip(first, batches(labels, 3, 4, 20, seed=1), strict=True))
    assert len(next(batches(labels, 10, 4, 1, seed=1))) == 20


def test_that_each_clip_of_a_class_is_as_likely_however_long_it_is() -> None:
    labels, clips_of = np.zeros(100, int), np.repeat([0, 1], [90, 10])
    drawn = np.concatenate(list(batches(labels, 1, 5, 400, seed=1, clips=clips_of)))
    assert (clips_of[drawn] == 1).mean() == pytest.approx(0.5, abs=0.05)


def test_that_training_tells_made_up_actions_of_unseen_people_apart(trained: Manifold) -> None:
    assert trained.card["window_accuracy"] > 0.9
    assert trained.card["nmi"] > 0.5
    assert trained.card["loss"]["last"] < 0.5 * trained.card["loss"]["first"]
    assert trained.classes == ("Action0", "Action1", "Action2")
    assert score(embed(moving_track(2, 99, 60, sources=SMALL_SOURCES), trained), trained).nearest_class == "Action2"


def test_that_shuffled_motion_steps_farther(trained: Manifold) -> None:
    shuffle = trained.card["sensitivity"]["shuffle"]
    assert shuffle["1.0"]["temporal_coherence"]["ratio"] > 1.1
    assert shuffle["1.0"]["action_consistency"]["rose"] > 0.9
    assert set(shuffle) == {f"{i / 10:.1f}" for i in range(1, 11)}


def test_that_coherence_grows_with_disorder(trained: Manifold) -> None:
    found = trained.card["sensitivity"]
    ratios = np.array([found["shuffle"][f"{i / 10:.1f}"]["temporal_coherence"]["ratio"] for i in range(1, 11)])
    assert spearman(np.arange(10), ratios) >= 0.9
    assert found["reverse"]["0.3"]["temporal_coherence"]["rose"] > 0.9


def test_that_the_card_says_how_band_and_border_do_on_motion_that_did_not_set_them(trained: Manifold) -> None:
    checked = trained.card["band"]["cross_fitted"]
    assert checked["steps"] == trained.card["band"]["own"]["steps"] > 100
    assert 0 <= checked["worst_film"] <= checked["share"] <= 1
    assert set(trained.card["outside"]) == {"real", "shuffled", "exchanged", "random"}
    assert trained.card["recall_at_1"] > 0.9 and trained.card["mean_average_precision"] > 0.5


def test_that_steps_of_held_out_motion_are_about_one_and_in_the_band(trained: Manifold) -> None:
    data = clips()
    held_out = split_clips([c.clip for c in data], [c.action for c in data], [c.subject for c in data], SETTINGS.seed)
    curves = [embed(clip.track, trained).curves for clip, out in zip(data, held_out, strict=True) if out]
    step, low, high = (np.concatenate([getattr(c, name)[1:] for c in curves]) for name in ("step", "band_low", "band_high"))
    assert np.median(step) == pytest.approx(1, abs=0.15)
    assert ((step >= low) & (step <= high)).mean() > 0.97


def test_that_training_is_repeatable() -> None:
    short = replace(SETTINGS, epochs=1)
    first, second = train(clips(2, 4), short), train(clips(2, 4), short)
    assert all(np.array_equal(second.weights[name], value) for name, value in first.weights.items())
    np.testing.assert_array_equal(second.reference_map, first.reference_map)
    assert second.card == first.card


def test_that_classes_with_too_few_held_out_windows_are_not_offered() -> None:
    few = train(clips(2) + clips(3, 1)[2:], replace(SETTINGS, epochs=0.1))
    assert few.classes == ("Action0", "Action1")
    assert few.card["windows"]["Action2"]["held_out"] == 0


def test_that_data_that_cannot_train_is_refused() -> None:
    with pytest.raises(TrainingError, match="at least two classes"):
        train(clips(1), SETTINGS)
    with pytest.raises(ManifoldError, match="needs the source 'vit'"):
        train(clips(2), replace(SETTINGS, sources=(replace(SMALL_SOURCES[0], name="vit"),)))
