"""Too few jets to measure on are told in one sentence."""

import shutil

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.evaluation.evaluate_run import evaluate
from edgeood.evaluation.sample_size import check_sample
from edgeood.released import load_released, released_names

QCD, CLASSES, SIGNALS = ["quark", "gluon"], {"qcd": ["quark", "gluon"], "w": ["w"]}, {"top": ["top"]}


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ((13, 12, 2, 1), None),
        ((12, 12, 2, 1), r"24 background jets \(quark, gluon\) are too few to measure on; give at least 25"),
        ((25, 0, 2, 1), "no jets of process 'gluon'"),
        ((13, 12, 1, 1), "1 jet of class 'w' is too few to measure on; give at least 2"),
        ((13, 12, 0, 1), "no jets of process 'w'"),
        ((13, 12, 2, 0), "no jets of process 'top'"),
    ],
)
def test_every_group_must_be_large_enough(counts, sentence):
    names = np.repeat(["quark", "gluon", "w", "top"], counts)
    for order in (names, names[::-1]):
        if sentence is None:
            check_sample(order, QCD, SIGNALS, CLASSES)
            continue
        with pytest.raises(EdgeoodError, match=sentence):
            check_sample(order, QCD, SIGNALS, CLASSES)


@pytest.mark.parametrize("name", released_names())
def test_a_detectors_own_example_is_too_small_to_measure_it_on(name, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(load_released(name).folder, run)
    with pytest.raises(EdgeoodError, match=r"^[0-9]+ background jets \(.*\) are too few to measure on"):
        evaluate(run, [run / "jets.h5"])
    assert not (run / "evaluation").exists()
