"""Set B beside the public hls4ml LHC jets: ``python -m benchmarks.hls4ml_jets --public FOLDER --jets FOLDER``.

GZ24 train on the hls4ml LHC jets (Zenodo 3602260) and do not say with which radius those are clustered. Angles
between constituents and jet axis do: this compares them, class by class, with those of jets of our own. ``--public``
holds arrays as for Particle Transformer: ``hls4ml_pf_points.npy`` (N, 2, P) Δη and Δφ by falling pT,
``hls4ml_pf_mask.npy`` (N, 1, P) and ``hls4ml_labels.npy`` (N, 5) one-hot in the order g, q, W, Z, t.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.evaluation.bootstrap import bootstrap_auroc
from edgeood.evaluation.tables import format_measured
from edgeood.files.atomic import write_text
from edgeood.inputs.alignment import relative_phi
from edgeood.jets.format import jet_files, read_attributes, read_jets
from edgeood.jets.readers.hdf5.hls4ml import HLS4ML_CLASSES as CLASSES

QCD = CLASSES[:2]
LEADING = (5, 10, 20, 50)
RESULTS = Path(__file__).parent / "results"


class Angles(NamedTuple):
    """Distances ΔR to the jet axis (N, P), which of them are real (N, P), and the class of each jet (N,)."""

    radius: NDArray[np.float64]
    valid: NDArray[np.bool_]
    label: NDArray[np.int64]

    def of(self, *names: str) -> NDArray[np.bool_]:
        """(N,) jets of these classes."""
        return np.isin(self.label, [CLASSES.index(name) for name in names])

    def mean_of_leading(self, count: int) -> NDArray[np.float64]:
        """(N,) mean ΔR of the ``count`` leading constituents."""
        valid = self.valid[:, :count]
        result: NDArray[np.float64] = (self.radius[:, :count] * valid).sum(1) / np.maximum(valid.sum(1), 1)
        return result


def public_angles(folder: Path) -> Angles:
    """The public jets. Raises :class:`EdgeoodError` if an array is missing."""
    arrays = {}
    for name in ("pf_points", "pf_mask", "labels"):
        path = folder / f"hls4ml_{name}.npy"
        if not path.is_file():
            raise EdgeoodError(f"there is no {path}; give the folder of the public jets' three arrays.")
        arrays[name] = np.load(path, allow_pickle=False)
    points = arrays["pf_points"].astype(np.float64)
    valid, label = arrays["pf_mask"][:, 0] > 0, arrays["labels"].argmax(1)
    return Angles(np.hypot(points[:, 0], points[:, 1]), valid, label)


def simulated_angles(folder: Path, jets: int) -> tuple[Angles, float]:
    """The first ``jets`` jets of each class in a folder of ``edgeood generate``, and the radius in their files.

    Raises :class:`EdgeoodError` if a class has no file.
    """
    parts = []
    for index, name in enumerate(CLASSES):
        files = [path for path in jet_files(folder) if path.name.startswith(f"{name}_")]
        if not files:
            raise EdgeoodError(
                f"folder {folder} holds no jets of process '{name}'; generate gandrakota2024 there."
            )
        path = files[0]
        sample = read_jets(path)
        table, jet = sample.constituents[:jets], sample.jets[:jets]
        phi = relative_phi(table["phi"].astype(np.float64), jet["phi"][:, None])
        radius = np.hypot(table["eta"].astype(np.float64) - jet["eta"][:, None], phi)
        parts.append(Angles(radius, table["valid"].astype(bool), np.full(len(jet), index)))
    return Angles(*map(np.concatenate, zip(*parts, strict=True))), float(read_attributes(path)["jet_radius"])


class Row(NamedTuple):
    """A measure of a sample of jets, with its statistical error."""

    jets: str
    measure: str
    value: float
    error: float


def rows_of(name: str, angles: Angles) -> list[Row]:
    """Every measure of one sample."""
    rows = []
    for process in CLASSES:
        chosen = angles.of(process)
        counts = angles.valid[chosen].sum(1)
        error = counts.std() / np.sqrt(len(counts))
        farthest = np.quantile(angles.radius[chosen][angles.valid[chosen]], 0.99)
        rows.append(Row(name, f"constituents, {process}", float(counts.mean()), float(error)))
        rows.append(Row(name, f"99 % of ΔR, {process}", float(farthest), 0.0))
    for count in LEADING:
        mean = angles.mean_of_leading(count)
        for signal in (("top_1tev",), ("w_1tev", "z_1tev")):
            measured = bootstrap_auroc(mean[angles.of(*signal)], mean[angles.of(*QCD)])
            title = f"AUROC of ⟨ΔR⟩ of {count} leading, {'/'.join(signal)} against QCD"
            rows.append(Row(name, title, *measured))
    return rows


def as_markdown(rows: list[Row]) -> str:
    """A table with one column for each sample of jets."""
    samples = list(dict.fromkeys(row.jets for row in rows))
    lines = [
        "# Set B beside the hls4ml LHC jets\n",
        "`python -m benchmarks.hls4ml_jets`. ΔR is a constituent's distance to the jet axis, leading means by pT; "
        "errors are the samples' statistical ones.\n",
        f"| | {' | '.join(samples)} |",
        f"|---|{'--:|' * len(samples)}",
    ]
    cells = {(row.measure, row.jets): format_measured((row.value, row.error)) for row in rows}
    for measure in dict.fromkeys(row.measure for row in rows):
        lines.append(f"| {measure} | {' | '.join(cells[measure, sample] for sample in samples)} |")
    return "\n".join(lines) + "\n"


def main(
    public: Annotated[Path, typer.Option(help="folder of the public jets' arrays")],
    jets: Annotated[list[Path], typer.Option(help="folders of `edgeood generate gandrakota2024`")],
    count: Annotated[int, typer.Option(help="simulated jets of each class", min=100)] = 4000,
    out: Annotated[Path, typer.Option(help="folder of the report")] = RESULTS,
) -> None:
    """Compare angles, and write ``hls4ml_jets.{json,md}``."""
    rows = rows_of("public", public_angles(public))
    for folder in jets:
        angles, radius = simulated_angles(folder, count)
        rows += rows_of(f"ours, R = {radius:g}", angles)
    record, table = [row._asdict() for row in rows], as_markdown(rows)
    write_text(out / "hls4ml_jets.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    write_text(out / "hls4ml_jets.md", table)
    typer.echo(table)


if __name__ == "__main__":
    try:
        typer.run(main)
    except EdgeoodError as error:
        typer.echo(f"benchmarks.hls4ml_jets: {error}", err=True)
        sys.exit(2)
