"""Angles of public and simulated jets, side by side."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.hls4ml_jets import CLASSES, Angles, main, public_angles, simulated_angles
from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE, Jets

# ΔR of every constituent of a class: tops are wide, gluons narrow, quarks in between.
WIDTH = dict(zip(CLASSES, (0.05, 0.1, 0.15, 0.15, 0.3), strict=True))
CONSTITUENTS = 12


def public_jets(folder: Path, jets: int = 40) -> Path:
    label = np.repeat(np.arange(5), jets)
    angle = np.linspace(0, 2 * np.pi, CONSTITUENTS, endpoint=False)
    radius = np.array(list(WIDTH.values()))[label][:, None]
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    mask = np.ones((len(label), 1, CONSTITUENTS))
    mask[:, :, 10:] = 0
    points[:, :, 10:] = 7.0  # padding must not count
    np.save(folder / "hls4ml_pf_points.npy", points.astype(np.float32))
    np.save(folder / "hls4ml_pf_mask.npy", mask.astype(np.float32))
    np.save(folder / "hls4ml_labels.npy", np.eye(5)[label])
    return folder


def simulated_jets(folder: Path, jets: int = 120) -> Path:
    angle = np.linspace(0, 2 * np.pi, CONSTITUENTS, endpoint=False)
    for name, width in WIDTH.items():
        table = np.zeros((jets, CONSTITUENTS), CONSTITUENT_DTYPE)
        jet = np.zeros(jets, JET_DTYPE)
        jet["pt"], jet["mass"], jet["phi"], jet["n_constituents"] = 1000, 100, 3.1, CONSTITUENTS
        table["eta"] = width * np.cos(angle)
        # The jet axis lies at the seam of φ.
        table["phi"] = np.remainder(3.1 + width * np.sin(angle) + np.pi, 2 * np.pi) - np.pi
        table["pt"], table["energy"], table["valid"] = 80, 100, True
        write_jets(
            folder / f"{name}_seed1_0000.h5", Jets(jet, table, (name,)), {"process": name, "jet_radius": 0.4}
        )
    return folder


def test_public_and_simulated_jets_give_the_same_angles(tmp_path: Path) -> None:
    public = public_angles(public_jets(tmp_path))
    simulated, radius = simulated_angles(simulated_jets(tmp_path), 30)
    assert radius == 0.4
    for angles, constituents in ((public, 10), (simulated, CONSTITUENTS)):
        for name, width in WIDTH.items():
            chosen = angles.of(name)
            assert angles.valid[chosen].sum(1).tolist() == [constituents] * chosen.sum()
            assert angles.mean_of_leading(5)[chosen] == pytest.approx(width, abs=1e-5)
            assert angles.mean_of_leading(50)[chosen] == pytest.approx(width, abs=1e-5)
    assert simulated.of("gluon").sum() == 30


def test_a_jet_without_constituents_has_no_width() -> None:
    empty = Angles(np.ones((1, 4)), np.zeros((1, 4), bool), np.zeros(1, int))
    assert empty.mean_of_leading(3).tolist() == [0.0]


def test_the_report_holds_both_samples(tmp_path: Path) -> None:
    main(public_jets(tmp_path), [simulated_jets(tmp_path)], count=100, out=tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "hls4ml_jets.json").read_text())
    found = {(row["jets"], row["measure"]): row["value"] for row in rows}
    for sample in ("public", "ours, R = 0.4"):
        assert found[sample, "AUROC of ⟨ΔR⟩ of 10 leading, top_1tev against QCD"] == 1.0
        assert found[sample, "99 % of ΔR, top_1tev"] == pytest.approx(0.3, abs=1e-5)
    assert "| | public | ours, R = 0.4 |" in (tmp_path / "out" / "hls4ml_jets.md").read_text()


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match=r"there is no .*hls4ml_pf_points\.npy; give the folder"):
        public_angles(tmp_path)
    simulated_jets(tmp_path)
    (tmp_path / "top_1tev_seed1_0000.h5").unlink()
    with pytest.raises(EdgeoodError, match="holds no jets of process 'top_1tev'"):
        simulated_angles(tmp_path, 10)
