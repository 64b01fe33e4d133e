"""The split: by event, stable, of the asked-for sizes, and unrelated between processes."""

import numpy as np

from edgeood.jets.simulation.shard import event_number
from edgeood.jets.split import TEST, TRAIN, VALIDATION, split_of


def test_fractions_are_as_asked() -> None:
    part = split_of(np.arange(200_000), np.full(200_000, "quark"), 0.7, 0.1)
    shares = np.bincount(part) / len(part)
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.004)
    assert part.dtype == np.int8


def test_jets_of_one_event_stay_together_and_more_jets_move_none() -> None:
    events = np.repeat(np.arange(5000), 2)
    part = split_of(events, np.full(10_000, "w"), 0.6, 0.2)
    assert np.array_equal(part[::2], part[1::2])
    assert np.array_equal(part[:1000], split_of(events[:1000], np.full(1000, "w"), 0.6, 0.2))


def test_train_grows_into_itself() -> None:
    events, names = np.arange(10_000), np.full(10_000, "w")
    small, large = split_of(events, names, 0.5, 0.1), split_of(events, names, 0.6, 0.1)
    assert (large[small == TRAIN] == TRAIN).all()
    assert set(np.unique(small)) == {TRAIN, VALIDATION, TEST}


def test_processes_are_split_independently() -> None:
    events = np.arange(100_000)
    first = split_of(events, np.full(len(events), "quark"), 0.5, 0.25) == TRAIN
    second = split_of(events, np.full(len(events), "gluon"), 0.5, 0.25) == TRAIN
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_known_values_never_change() -> None:
    events = event_number(8, 3, np.arange(8))
    assert split_of(events, np.full(8, "quark"), 0.5, 0.25).tolist() == [0, 2, 0, 0, 0, 1, 1, 2]


def test_event_numbers_are_unique() -> None:
    numbers = [
        event_number(code, shard, np.array([0, 1, 2**28 - 1]))
        for code in (0, 1, 12, 127)
        for shard in (0, 1, 2**20 - 1)
    ]
    flat = np.concatenate(numbers)
    assert len(np.unique(flat)) == len(flat)
    assert (flat >= 0).all()
