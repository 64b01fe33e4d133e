"""Fitted parameters are numbers of the shapes that their scores and the network have."""

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.files.fitted import AXES, check_fitted
from edgeood.scores import SCORE_NAMES, fit_scores

WIDTH = 4


@pytest.fixture(scope="module")
def fitted():
    random = np.random.default_rng(1)
    scores = fit_scores(random.normal(size=(300, WIDTH)), random.normal(size=(300, 3)), np.arange(300) % 3)
    return {name: score.parameters() for name, score in scores.items()}


def test_every_score_has_its_axes(fitted):
    assert set(AXES) == set(fitted) == set(SCORE_NAMES)
    for name, parameters in fitted.items():
        assert {key: value.ndim for key, value in parameters.items()} == {**AXES[name], "threshold": 0}
        check_fitted(name, parameters, WIDTH, "it", "mend it.")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: np.full(value.shape, np.nan),
        lambda value: value.astype("U8"),
        lambda value: value.astype("c16"),
        lambda value: value > 0,
        lambda value: value[None],
        lambda value: value.ravel(),
        lambda value: value[..., :-1],
    ],
)
@pytest.mark.parametrize("name", ["mean", "precision", "whitening", "inverse_variance", "bank"])
def test_other_parameters_are_one_sentence(name, change, fitted):
    for score, parameters in fitted.items():
        changed = parameters | {key: change(value) for key, value in parameters.items() if key == name}
        same = name not in parameters or changed[name].shape == parameters[name].shape
        if same and (name not in parameters or changed[name].dtype == parameters[name].dtype):
            if name in parameters and np.isnan(changed[name]).any():
                with pytest.raises(EdgeoodError, match="does not hold numbers; mend it"):
                    check_fitted(score, changed, WIDTH, "it", "mend it.")
            continue
        with pytest.raises(EdgeoodError, match=rf"it: '{score}/{name}' .*; mend it\."):
            check_fitted(score, changed, WIDTH, "it", "mend it.")


def test_missing_ones_are_one_sentence_and_a_threshold_may_be_open(fitted):
    with pytest.raises(EdgeoodError, match="it lacks 'mahalanobis/mean'; mend it"):
        check_fitted("mahalanobis", {"threshold": np.array(1.0)}, WIDTH, "it", "mend it.")
    with pytest.raises(EdgeoodError, match="it lacks 'energy/threshold'; mend it"):
        check_fitted("energy", {}, WIDTH, "it", "mend it.")
    with pytest.raises(EdgeoodError, match="has shape"):
        check_fitted("energy", {"threshold": np.zeros(2)}, WIDTH, "it", "mend it.")
    variances = {
        "mean": np.zeros((2, WIDTH)),
        "inverse_variance": np.zeros((2, WIDTH)),
        "threshold": np.array(1.0),
    }
    with pytest.raises(EdgeoodError, match="holds numbers that are not positive; mend it"):
        check_fitted("mahalanobis_diagonal", variances, WIDTH, "it", "mend it.")
    check_fitted("energy", {"threshold": np.array(np.nan)}, WIDTH, "it", "mend it.")
    check_fitted("of_tomorrow", {"anything": np.zeros((1, 2, 3))}, WIDTH, "it", "mend it.")
