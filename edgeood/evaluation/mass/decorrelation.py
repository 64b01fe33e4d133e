"""The mass-decorrelation report: what a score knows of mass, beside what chance alone would give.

A number is *compatible with mass-blind* if it does not lie above the 95 % quantile of what scores that know
nothing of mass give on as many jets. Of a mass-blind score's own numbers, one in twenty lies above.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeood.evaluation.labels import score_label
from edgeood.evaluation.mass.sculpting import MASS_BIN_GEV, kept_weights
from edgeood.evaluation.tables import (
    DEPENDENCE_COLUMNS,
    SCULPTING_COLUMNS,
    Results,
    Table,
    as_markdown,
    format_measured,
)

COARSE_GEV = 20.0
"""Bin width of the spectra in the Markdown report; a multiple of that of the JSON."""


def mass_decorrelation(results: Results, scores: Mapping[str, ArrayLike], mass: ArrayLike) -> dict[str, Any]:
    """The report as one JSON-ready dictionary.

    Parameters
    ----------
    results : what :func:`~edgeood.evaluation.score_metrics.evaluate_scores` returned: all measures are its own
    scores, mass : name → (B,) and (B,) in GeV, of the background jets that it measured, for the spectra

    Returns a dictionary; a measure is ``value``, ``error``, ``chance_mean``, ``chance_q95`` (of scores that know
    nothing of mass) and ``compatible`` with them:

    - ``background``: processes; ``jets``: their number;
    - ``scores`` → score → ``dependence`` → class → ``spearman``, ``distance_correlation``;
    - ``scores`` → score → ``sculpting`` → ε_B → ``jsd``, ``js_distance``, ``wasserstein_gev`` (p = 2),
      ``wasserstein1_gev``;
    - ``scores`` → score → ``compatible``, ``measures``: how many of how many are;
    - ``spectra``: ``edges_gev`` (bins + 1,), ``before`` (bins,) jets, ``after`` → score → ε_B → (bins,) jets,
      of which those tied at the cut count in part.
    """
    mass = np.asarray(mass, np.float64)
    edges = np.arange(0, np.floor(mass.max() / MASS_BIN_GEV) + 2) * MASS_BIN_GEV
    after = {
        name: {
            efficiency: np.histogram(mass, edges, weights=kept_weights(score, mass, float(efficiency)))[0]
            .round(6)
            .tolist()
            for efficiency in results["sculpting_noise"]
        }
        for name, score in scores.items()
    }
    return {
        "background": list(results["background"]),
        "jets": len(mass),
        "scores": {name: _report(results, name) for name in results["sculpting"]},
        "spectra": {
            "edges_gev": edges.tolist(),
            "before": np.histogram(mass, edges)[0].tolist(),
            "after": after,
        },
    }


def _report(results: Results, score: str) -> dict[str, Any]:
    dependence = {
        group: _beside_noise(measured, results["mass_dependence_noise"][score][group])
        for group, measured in results["mass_dependence"][score].items()
    }
    sculpting = {
        efficiency: _beside_noise(measured, results["sculpting_noise"][efficiency])
        for efficiency, measured in results["sculpting"][score].items()
    }
    verdicts = [
        measure["compatible"]
        for part in (dependence, sculpting)
        for measures in part.values()
        for measure in measures.values()
    ]
    return {
        "compatible": sum(verdicts),
        "measures": len(verdicts),
        "dependence": dependence,
        "sculpting": sculpting,
    }


def _beside_noise(measured: Mapping[str, Any], noise: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        key: {
            "value": value,
            "error": error,
            "chance_mean": noise["mean"][key],
            "chance_q95": noise["q95"][key],
            "compatible": bool(abs(value) <= noise["q95"][key]),
        }
        for key, (value, error) in measured.items()
    }


def markdown_report(report: Mapping[str, Any]) -> str:
    """The report of :func:`mass_decorrelation` as Markdown, its spectra in bins of ``COARSE_GEV``."""
    efficiencies = list(next(iter(report["spectra"]["after"].values())))
    tables = [
        _summary(report),
        _dependence(report),
        *(_sculpting(report, efficiency) for efficiency in efficiencies),
        *(_spectra(report, efficiency) for efficiency in efficiencies),
    ]
    return (
        "# What the scores know of jet mass\n\n"
        f"{report['jets']} background jets ({' + '.join(report['background'])}). A ✓ marks what is compatible with a "
        "score that knows nothing\nof mass: not above the value that 95 % of such scores stay below at this sample "
        "size (“by chance”). One in twenty\nnumbers of a mass-blind score lacks its ✓. Numbers of one score are "
        "correlated.\n\n" + as_markdown(tables)
    )


def _cell(measure: Mapping[str, Any]) -> str:
    result: str = format_measured([measure["value"], measure["error"]]) + " ✓" * measure["compatible"]
    return result


def _summary(report: Mapping[str, Any]) -> Table:
    rows = [
        [score_label(name), f"{own['compatible']} of {own['measures']}"]
        for name, own in report["scores"].items()
    ]
    return Table("Numbers compatible with a mass-blind score", ["score", "compatible"], rows)


def _dependence(report: Mapping[str, Any]) -> Table:
    rows = [
        [
            score_label(name),
            group,
            *(
                cell
                for key in DEPENDENCE_COLUMNS
                for cell in (_cell(own[key]), f"{own[key]['chance_q95']:.2g}")
            ),
        ]
        for name, score in report["scores"].items()
        for group, own in score["dependence"].items()
    ]
    heads = [head for column in DEPENDENCE_COLUMNS.values() for head in (column, "by chance, 95 %")]
    return Table("Dependence of score and mass within a class", ["score", "class", *heads], rows)


def _sculpting(report: Mapping[str, Any], efficiency: str) -> Table:
    rows = [
        [score_label(name), *(_cell(score["sculpting"][efficiency][key]) for key in SCULPTING_COLUMNS)]
        for name, score in report["scores"].items()
    ]
    first = next(iter(report["scores"].values()))["sculpting"][efficiency]
    for label, key in (("by chance, mean", "chance_mean"), ("by chance, 95 %", "chance_q95")):
        rows.append([label, *(f"{first[name][key]:.2g}" for name in SCULPTING_COLUMNS)])
    title = f"Mass spectrum of the {100 * float(efficiency):g} % most anomalous background jets against all"
    return Table(title, ["score", *SCULPTING_COLUMNS.values()], rows)


def _spectra(report: Mapping[str, Any], efficiency: str) -> Table:
    """Percent of the jets in wide bins; from the mass that 99.5 % stay below, one bin takes the rest."""
    spectra = report["spectra"]
    before = np.array(spectra["before"], np.float64)
    each = round(COARSE_GEV / MASS_BIN_GEV)
    last = int(np.searchsorted(np.cumsum(before), 0.995 * before.sum())) // each + 1

    def percent(counts: ArrayLike) -> NDArray[np.float64]:
        fractions = 100 * np.asarray(counts, np.float64) / np.sum(counts)
        starts = np.arange(last + 1) * each
        return np.add.reduceat(np.pad(fractions, (0, each * (last + 1))), starts)

    columns = [percent(spectra["before"]), *(percent(own[efficiency]) for own in spectra["after"].values())]
    lows = [f"{COARSE_GEV * place:g}" for place in range(last + 1)]
    bins = [f"{low} – {high}" for low, high in pairwise(lows)] + [f"≥ {lows[-1]}"]
    rows = [
        [label, *(f"{value:.1f}" for value in values)] for label, *values in zip(bins, *columns, strict=True)
    ]
    heads = [score_label(name) for name in spectra["after"]]
    title = f"The same {100 * float(efficiency):g} % by mass [GeV], in percent"
    return Table(title, ["mass", "all", *heads], rows)
