"""Compact pilot files → the product's jet format: ``python -m benchmarks.pilot_jets PILOT OUT``.

A pilot file keeps the leading constituents as float16 relative to the jet axis, with one code for kind and
charge. What comes out is what ``edgeood generate`` would have written: one file for each process, named as
in :mod:`edgeood.jets.simulation.processes`, constituents with absolute η and φ and an energy.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import h5py
import numpy as np
import typer
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.format import CONSTITUENT_DTYPE, JET_DTYPE, Jets, write_jets
from edgeood.jets.layout import NEUTRAL_HADRON, PHOTON
from edgeood.jets.simulation.detector import MASSES
from edgeood.jets.simulation.processes import PROCESSES, process_named

BLOCK = 5000
"""Jets converted at once."""
COPIED = (
    *("pt", "eta", "phi", "mass", "energy", "n_constituents", "truth_mass", "event", "softdrop_mass"),
    *("tau1", "tau2", "tau3", "tau4"),
)
_NEUTRAL = (PHOTON, NEUTRAL_HADRON)
_MASS_OF_KIND = np.array([MASSES.get(kind, 0.0) for kind in range(max(MASSES) + 1)])


def convert_constituents(
    jets: NDArray[Any], pt: NDArray[Any], deta: NDArray[Any], dphi: NDArray[Any], code: NDArray[Any]
) -> NDArray[Any]:
    """(N, P) constituents in the product's layout from pilot columns (N, P) and their jets (N,).

    ``code`` is ± the kind, its sign the charge of a charged one, 0 for padding. η = η_jet + Δη, φ likewise
    (brought back into [−π, π]), E² = (pT·cosh η)² + m² with the mass that particle flow gives the kind.
    """
    valid = code != 0
    eta = jets["eta"].astype(np.float64)[:, None] + deta
    phi = jets["phi"].astype(np.float64)[:, None] + dphi
    kind = np.abs(code)
    constituents = np.zeros(code.shape, CONSTITUENT_DTYPE)
    constituents["pt"], constituents["eta"] = pt, eta
    constituents["phi"] = np.remainder(phi + np.pi, 2 * np.pi) - np.pi
    constituents["energy"] = np.hypot(pt.astype(np.float64) * np.cosh(eta), _MASS_OF_KIND[kind])
    constituents["charge"] = np.where(np.isin(kind, _NEUTRAL), 0, np.sign(code))
    constituents["kind"], constituents["valid"] = kind, valid
    constituents[~valid] = np.zeros((), CONSTITUENT_DTYPE)
    return constituents


def read_pilot(path: Path, constituents: int, block: int = BLOCK) -> Iterator[Jets]:
    """Stream a pilot file ``<process>.h5`` as jets with their ``constituents`` leading constituents.

    Raises :class:`EdgeoodError` if the name is not a process's or the file is not a pilot file.
    """
    process = process_named(path.stem)
    with h5py.File(path, "r") as file:
        if missing := [name for name in ("jets", "pt", "deta", "dphi", "code") if name not in file]:
            raise EdgeoodError(f"{path} has no data set '{missing[0]}'; give a folder of pilot files.")
        for start in range(0, len(file["jets"]), block):
            rows = slice(start, start + block)
            raw = file["jets"][rows]
            jets = np.zeros(len(raw), JET_DTYPE)
            for field in COPIED:
                jets[field] = raw[field]
            jets["label"] = process.label
            columns = [file[name][rows, :constituents] for name in ("pt", "deta", "dphi", "code")]
            yield Jets(jets, convert_constituents(raw, *columns), (process.name,))


def convert(path: Path, folder: Path, constituents: int) -> Path:
    """Write ``<folder>/<process>.h5`` from a pilot file of that process; at most one process is in memory."""
    with h5py.File(path, "r") as file:
        settings = json.loads(file.attrs.get("settings", "{}"))
    target = folder / path.name
    attributes = {"process": path.stem, "source": "pilot", "constituents": constituents, "pilot": settings}
    write_jets(target, Jets.concatenate(read_pilot(path, constituents)), attributes)
    return target


def main(
    pilot: Annotated[Path, typer.Argument(help="Folder of pilot files, named by process.")],
    out: Annotated[Path, typer.Argument(help="Folder for the jet files.")],
    constituents: Annotated[int, typer.Option(min=1, max=100, help="Leading constituents kept.")] = 64,
) -> None:
    """Convert every pilot file of a folder; files that are there already are kept."""
    paths = [pilot / f"{name}.h5" for name in PROCESSES if (pilot / f"{name}.h5").is_file()]
    if not paths:
        raise EdgeoodError(f"folder {pilot} holds no pilot files <process>.h5; give the folder of them.")
    for path in paths:
        if not (out / path.name).exists():
            typer.echo(convert(path, out, constituents))


if __name__ == "__main__":
    typer.run(main)
