"""Figures: what they show, and that the same numbers give the same bytes."""

import numpy as np
import pytest

from edgeood.evaluation.figures import roc_figure, save_figure, score_figure, sculpting_figure, sic_figure
from edgeood.evaluation.figures.score_distributions import _edges


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    background, signal = rng.normal(0, 1, 3000), rng.normal(1, 1, 1000)
    return background, signal, rng.gamma(4, 30, 3000)


def made(name, arrays):
    """One figure by its name."""
    background, signal, mass = arrays
    pairs = {"max_logit": (background, signal), "mahalanobis": (background**2, signal**2)}
    groups = {"qcd": background, "top": signal}
    return {
        "roc": lambda: roc_figure(pairs, signal="top"),
        "sic": lambda: sic_figure(pairs, signal="top"),
        "score": lambda: score_figure(groups, score="max_logit", threshold=2.0),
        "sculpting": lambda: sculpting_figure(background, mass, score="max_logit"),
    }[name]()


@pytest.mark.parametrize("name", ["roc", "sic", "score", "sculpting"])
def test_equal_numbers_give_equal_bytes(name, arrays, tmp_path):
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
    assert [text.get_text() for text in roc.get_legend().get_texts()][-1] == "random"
    assert roc.get_legend().get_title().get_text() == "top against QCD"
    assert sculpting[1].get_xlabel() == "Jet mass [GeV]"
    # 1 % of 3,000 jets are too few to draw.
    assert len(sculpting[0].get_legend().get_texts()) == 3


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
