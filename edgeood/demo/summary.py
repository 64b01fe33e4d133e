"""What the demo ends with: its numbers as one dictionary, and as tables."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

SCORES = ("max_logit", "mahalanobis", "mahalanobis_diagonal")
"""What the story compares: the scores of GZ24, and the one that fits on a chip."""


def _sculpting_at_half(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """score → jsd and wasserstein_gev of the background's mass spectrum with its upper half kept."""
    return {
        score: {key: measured["0.5"][key][0] for key in ("jsd", "wasserstein_gev")}
        for score, measured in metrics["sculpting"].items()
        if score in SCORES
    }


def _auroc(metrics: dict[str, Any]) -> dict[str, list[float]]:
    """score → [AUROC of top against QCD, bootstrap error]."""
    return {score: metrics["signals"]["top"][score]["auroc"] for score in SCORES}


def summarise(
    metrics: dict[str, dict[str, Any]],
    trained: int,
    held_out: int,
    report: dict[str, Any],
    wall_s: dict[str, float],
) -> dict[str, Any]:
    """The contents of ``summary.json``.

    Parameters
    ----------
    metrics : ``float`` and ``quantized``: what :func:`edgeood.evaluation.evaluate_run.evaluate` returned
    trained, held_out : jets trained on, and jets that every engine scored
    report : what :func:`edgeood.runtime.verify.verify` returned
    wall_s : step → wall time in seconds
    """
    decisions = metrics["quantized"]["decisions"]
    return {
        "jets": {"train": trained, "test": held_out},
        "decisions": {score: next(iter(points.values())) for score, points in decisions.items()},
        "auroc": {run: _auroc(measured) for run, measured in metrics.items()},
        "sculpting": {run: _sculpting_at_half(measured) for run, measured in metrics.items()},
        "parity": {
            "jets": held_out,
            "engines": report["engines"],
            "mismatches": {
                name: sum(one["mismatches"].values()) + sum(one["decision_mismatches"].values())
                for name, one in report["scores"].items()
            },
        },
        "throughput_jets_per_s": report["throughput_jets_per_s"],
        "wall_s": wall_s,
    }


HEADS = ("score", "network", "AUROC", "JSD", "W₂ [GeV]", "mismatches")
DECISION_HEADS = ("score", "decision", "QCD [%]", "JSD", "W₂ [GeV]", "top [%]", "SIC")


def summary_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows under :data:`HEADS`: every score of the float network and of its quantized twin.

    JSD and W₂ are between the QCD mass spectrum and that of its 50 % most anomalous jets; mismatches are scores
    that differ between any two engines.
    """
    from edgeood.evaluation.tables import format_measured

    parity = summary["parity"]
    rows: list[tuple[str, ...]] = []
    for score in summary["auroc"]["float"]:
        for run in ("float", "quantized"):
            own, wrong = summary["sculpting"][run][score], parity["mismatches"].get(score)
            rows.append(
                (
                    score,
                    run,
                    format_measured(summary["auroc"][run][score]),
                    f"{own['jsd']:.3f}",
                    f"{own['wasserstein_gev']:.1f}",
                    "–" if run == "float" or wrong is None else f"{wrong} of {parity['jets']}",
                )
            )
    return rows


def decision_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows under :data:`DECISION_HEADS`: one threshold for all masses, one for each, and what chance gives.

    The shares that pass are of QCD and of tops; JSD and W₂ are between the mass spectra of all QCD jets and of those
    that pass, SIC is ε_S / √ε_B.
    """
    from edgeood.evaluation.tables import format_measured

    rows: list[tuple[str, ...]] = []
    for score, point in summary["decisions"].items():
        for kind, label in (("one_threshold", "one threshold"), ("mass_blind", "one for each mass")):
            own = point[kind]
            (signal,) = own["signals"].values()
            rows.append(
                (
                    score,
                    label,
                    f"{100 * own['background'][0]:.2f}",
                    f"{own['sculpting']['jsd'][0]:.3f}",
                    f"{own['sculpting']['wasserstein_gev'][0]:.1f}",
                    format_measured([100 * number for number in signal["efficiency"]]),
                    f"{signal['sic'][0]:.2f}",
                )
            )
        chance = point["sculpting_noise"]["q95"]
        bounds = (f"{chance['jsd']:.3f}", f"{chance['wasserstein_gev']:.1f}")
        rows.append((score, "by chance, 95 %", "", *bounds, "", ""))
    return rows


def summary_markdown(summary: dict[str, Any]) -> str:
    """The tables that the demo ends with, and the speed of every engine, as Markdown."""
    blocks = []
    for heads, rows in ((DECISION_HEADS, decision_rows(summary)), (HEADS, summary_rows(summary))):
        lines = [heads, ["---", "---", *["--:"] * (len(heads) - 2)], *rows]
        blocks.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join([*blocks, speeds(summary)]) + "\n"


def speeds(summary: dict[str, Any]) -> str:
    """How many jets each engine scores in a second."""
    return "jets/s: " + ", ".join(f"{name} {v:,.0f}" for name, v in summary["throughput_jets_per_s"].items())


def console_table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> "Table":
    """A table for the terminal."""
    from rich.table import Table

    # Without lines, so that 80 columns hold it.
    table = Table(title=title, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head in heads[:2] else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table
