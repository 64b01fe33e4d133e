"""Figures: what they show, and that the same numbers give the same bytes."""

import warnings

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.evaluation.figures import (
    decision_figure,
    read_history,
    representation_figure,
    roc_figure,
    save_figure,
    score_figure,
    score_mass_profile_figure,
    sculpting_figure,
    sic_figure,
    simplex_figure,
    training_figure,
)
from edgeood.evaluation.figures.representation import enclosing_levels
from edgeood.evaluation.figures.score_distributions import _edges
from edgeood.evaluation.figures.style import MOST_LINES, looks


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    background, signal = rng.normal(0, 1, 3000), rng.normal(1, 1, 1000)
    return background, signal, rng.gamma(4, 30, 3000)


HISTORY = {
    "epoch": [0, 1, 2],
    "train_cross_entropy": [0.6, 0.5, 0.45],
    "train_loss": [0.7, 0.55, 0.5],
    "train_mutual_information": [0.1, 0.05, 0.05],
    "validation_accuracy": [0.7, 0.75, 0.8],
    "validation_cross_entropy": [0.6, 0.52, 0.5],
    "validation_loss": [0.6, 0.56, 0.51],
    "validation_mutual_information": [0.0, 0.04, 0.01],
}
NAMES = ["decision", "roc", "sic", "score", "sculpting", "profile", "simplex", "representation", "training"]


def made(name, arrays):
    """One figure by its name."""
    background, signal, mass = arrays
    pairs = {"max_logit": (background, signal), "mahalanobis": (background**2, signal**2)}
    groups = {"qcd": background, "top": signal}
    rng = np.random.default_rng(5)
    vectors = {name: rng.normal(place, 1, (400, 3)) for place, name in enumerate(("qcd", "w", "signal"))}
    return {
        "roc": lambda: roc_figure(pairs, signal="top"),
        "sic": lambda: sic_figure(pairs, signal="top"),
        "score": lambda: score_figure(groups, score="max_logit", threshold=2.0),
        "sculpting": lambda: sculpting_figure(background, mass, score="max_logit"),
        "profile": lambda: score_mass_profile_figure(
            {"qcd": (background, mass), "w": (signal, mass[:1000])}, score="energy", background="qcd"
        ),
        "simplex": lambda: simplex_figure(
            {"qcd": rng.dirichlet([3, 1, 1], 500), "top": rng.dirichlet([1, 1, 1], 500)},
            classes=["qcd", "w", "z"],
        ),
        "representation": lambda: representation_figure(vectors, known=["qcd", "w"]),
        "training": lambda: training_figure(HISTORY),
        "decision": lambda: decision_figure(
            mass, {"one threshold": mass > 250, "blind": background > 1.5}, title="max-logit at 5 %"
        ),
    }[name]()


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("name", NAMES)
def test_equal_numbers_give_equal_bytes_and_no_warnings(name, arrays, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = save_figure(made(name, arrays), tmp_path / "first")
    second = save_figure(made(name, arrays), str(tmp_path / "second"))
    assert [path.name for path in first] == ["first.png", "first.pdf"]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "first.pdf",
        "first.png",
        "second.pdf",
        "second.png",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_text_is_set_in_the_font_that_mplhep_brings(name, arrays, tmp_path):
    pdf = save_figure(made(name, arrays), tmp_path / "figure")[1].read_bytes()
    assert b"TeXGyreHeros" in pdf
    assert b"DejaVu" not in pdf


def test_a_callers_settings_neither_show_nor_change(arrays, tmp_path):
    import matplotlib

    plain = save_figure(made("roc", arrays), tmp_path / "plain")[0].read_bytes()
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9}):
        styled = save_figure(made("roc", arrays), tmp_path / "styled")[0].read_bytes()
        assert matplotlib.rcParams["font.size"] == 30
    assert styled == plain


def test_dots_in_a_file_name_are_kept(arrays, tmp_path):
    paths = save_figure(made("sic", arrays), tmp_path / "m_0.5")
    assert [path.name for path in paths] == ["m_0.5.png", "m_0.5.pdf"]


def test_axes_carry_units_and_names(arrays):
    roc, sculpting = made("roc", arrays).axes[0], made("sculpting", arrays).axes
    assert roc.get_yscale() == "log"
    assert legend(roc)[-1] == "random choice (0.500)"
    assert roc.get_legend().get_title().get_text() == "top against QCD\nscore (AUROC)"
    assert sculpting[1].get_xlabel() == "Jet mass [GeV]"
    # 1 % of 3,000 jets are too few to draw.
    assert len(sculpting[0].get_legend().get_texts()) == 3
    profile = made("profile", arrays).axes[0]
    assert profile.get_ylabel() == "QCD jets with a lower score [%]"
    assert profile.get_xlabel() == "Jet mass [GeV]"


def test_a_blind_decision_passes_the_same_share_at_every_mass(arrays):
    background, _, mass = arrays
    figure = decision_figure(
        mass, {"mass": mass > np.quantile(mass, 0.9), "blind": background > 1.2}, title=""
    )
    top, bottom = figure.axes
    ratios = [container.lines[0].get_ydata() for container in bottom.containers]
    # Of the heaviest tenth, ten times its share in the last bins, and nothing before.
    np.testing.assert_allclose(ratios[0][-1], 10, rtol=0.02)
    assert (ratios[0][:-3] == 0).all()
    assert np.abs(ratios[1] - 1).max() < 0.8
    assert legend(top)[0] == "all QCD"
    assert "JSD" in legend(top)[1]


def test_the_best_eight_scores_are_drawn_the_best_first_each_with_a_look_of_its_own():
    rng = np.random.default_rng(3)
    background = rng.normal(0, 1, 500)
    pairs = {f"score {i}": (background, rng.normal(0.1 * i, 1, 500)) for i in range(10)}
    axes = roc_figure(pairs, signal="top").axes[0]
    *scores, random = legend(axes)
    assert len(scores) == MOST_LINES
    assert random.startswith("random")
    areas = [float(text.split("(")[1].rstrip(")")) for text in scores]
    assert areas == sorted(areas, reverse=True)
    assert "score 0" not in " ".join(scores)
    assert len({line.get_color() for line in axes.lines}) == MOST_LINES + 1


def test_looks_differ_in_colour_dashes_and_marker():
    for count in (1, 6, MOST_LINES):
        for column in zip(*looks(count), strict=True):
            assert len(set(column)) == count


def test_representation_axes_tell_the_explained_variance():
    rng = np.random.default_rng(4)
    # Uncorrelated, of variances 9, 1 and 0.
    sample = rng.normal(size=(600, 2))
    sample -= sample.mean(axis=0)
    white = np.linalg.qr(sample)[0]
    figure = representation_figure({"qcd": np.c_[3 * white[:, 0], white[:, 1], np.zeros(600)]}, known=["qcd"])
    assert len(figure.axes) == 1
    assert figure.get_supxlabel() == "Principal component 1 (90.0 % of variance)"
    assert figure.axes[0].get_ylabel() == "Principal component 2 (10.0 % of variance)"


def test_level_lines_enclose_the_stated_fractions():
    x, y = np.meshgrid(np.linspace(-6, 6, 401), np.linspace(-6, 6, 401))
    density = np.exp(-(x**2 + y**2) / 2)
    density /= density.sum()
    outer, inner = enclosing_levels(density, (0.9, 0.5))
    # Of a round Gaussian, 1 − exp(−r²/2) lies within r, where the density is exp(−r²/2) of the highest.
    assert outer / density.max() == pytest.approx(0.1, rel=0.02)
    assert inner / density.max() == pytest.approx(0.5, rel=0.02)
    assert enclosing_levels(0.7 * density, (0.9, 0.5)) == pytest.approx(
        [0.7 * density.max() * (1 - 0.5 / 0.7)], rel=0.02
    )


def test_training_panels_are_the_terms_between_loss_and_accuracy():
    figure = training_figure(HISTORY)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "Loss",
        "Cross entropy",
        "Mutual information",
        "Accuracy",
    ]
    assert legend(figure.axes[0]) == ["train", "validation"]
    assert legend(figure.axes[3]) == ["validation"]
    assert list(figure.axes[1].lines[0].get_xdata()) == [1, 2, 3]
    assert list(figure.axes[1].lines[0].get_ydata()) == HISTORY["train_cross_entropy"]
    alone = {key: own for key, own in HISTORY.items() if "information" not in key}
    assert [axes.get_ylabel() for axes in training_figure(alone).axes] == ["Cross entropy", "Accuracy"]


def test_a_history_is_read_as_written(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,train_loss,validation_loss\n0,0.5,\n1,0.25,0.75\n")
    history = read_history(file)
    np.testing.assert_equal(history["validation_loss"], [np.nan, 0.75])
    np.testing.assert_equal(history["train_loss"], [0.5, 0.25])
    for text in ("", "epoch,loss\n0,high\n", "loss\n1\n"):
        file.write_text(text)
        with pytest.raises(EdgeoodError, match="not the history of a training"):
            read_history(file)


def test_fixed_point_scores_are_binned_in_whole_steps():
    values = np.round(np.random.default_rng(1).normal(size=5000) * 8) / 8
    edges, logarithmic = _edges([values])
    steps = np.diff(edges) * 8
    assert not logarithmic
    assert np.allclose(steps, np.round(steps))
    assert np.allclose((edges * 8) % 1, 0.5)


def test_scores_over_decades_get_a_logarithmic_axis_and_constants_a_linear_one():
    values = np.exp(3 * np.random.default_rng(2).normal(size=1000))
    assert _edges([values])[1]
    edges, logarithmic = _edges([np.ones(5)])
    assert edges[0] < 1 < edges[-1]
    assert not logarithmic
