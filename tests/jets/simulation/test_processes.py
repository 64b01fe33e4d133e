"""The process registry: everything the papers need is there, and Pythia knows every setting."""

from itertools import pairwise

import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.processes import (
    COMMON_SETTINGS,
    FAST_SETTINGS,
    PROCESSES,
    SET_A,
    SET_B,
    process_named,
    scanned_settings,
)


def test_every_process_of_both_papers_is_there() -> None:
    signals = ("higgs_h20", "higgs_h80", "top_w20")
    augmented = ("w_augmented", "top_augmented")
    expected = ("qcd", "w", "top", *signals, *augmented)
    assert expected == SET_A
    assert SET_B == ("quark", "gluon", "w_1tev", "z_1tev", "top_1tev")
    assert len({process.code for process in PROCESSES.values()}) == len(PROCESSES) == 13


def test_labels_are_the_truth_classes() -> None:
    labels = {name: process.label for name, process in PROCESSES.items()}
    assert labels == {
        **dict.fromkeys(("qcd", "quark", "gluon"), 0),
        **dict.fromkeys(("w", "w_augmented", "w_1tev"), 1),
        **dict.fromkeys(("top", "top_augmented", "top_1tev"), 2),
        "z_1tev": 3,
        "higgs_h20": 10,
        "higgs_h80": 11,
        "top_w20": 12,
    }


def test_jets_are_selected_as_in_the_papers() -> None:
    for name in SET_A:
        chosen = PROCESSES[name].selection
        assert (chosen.radius, chosen.pt_min, chosen.pt_max) == (1.0, 550.0, 650.0)
    for name in SET_B:
        chosen = PROCESSES[name].selection
        assert (chosen.radius, chosen.pt_min, chosen.pt_max) == (0.4, 500.0, 1800.0)
        assert PROCESSES[name].pt_hat == (990.0, 1010.0)


def test_common_settings_are_in_every_process() -> None:
    for process in PROCESSES.values():
        assert process.all_settings[: len(COMMON_SETTINGS)] == COMMON_SETTINGS
        assert len(set(process.all_settings)) == len(process.all_settings)


def test_pythia_knows_every_setting() -> None:
    pythia8mc = pytest.importorskip("pythia8mc")
    for process in PROCESSES.values():
        pythia = pythia8mc.Pythia("", False)
        scanned = scanned_settings(process.scan, (0.5,) * process.scan.runs) if process.scan else []
        for setting in (*process.all_settings, *FAST_SETTINGS, *(line for run in scanned for line in run)):
            assert pythia.readString(setting, False), f"{process.name}: {setting}"
    assert not pythia.readString("HardQCD:gg2gluinos=on", False)


def test_mass_scan_is_stratified_and_keeps_the_decay_open() -> None:
    scan = PROCESSES["top_augmented"].scan
    assert scan is not None
    masses, w_masses = [], []
    for run in scanned_settings(scan, (0.999,) * scan.runs):
        values = dict(setting.split("=") for setting in run)
        masses.append(float(values["6:m0"]))
        w_masses.append(float(values.get("24:m0", 80.4)))
    assert masses == sorted(masses)
    assert 18 < masses[0] < masses[-1] < 320
    ratios = [later / earlier for earlier, later in pairwise(masses)]
    assert max(ratios) - min(ratios) < 1e-3
    assert all(top > w + 4.8 for top, w in zip(masses, w_masses, strict=True))


def test_a_misspelt_process_is_suggested() -> None:
    with pytest.raises(EdgeoodError, match="there is no process 'gluons'; did you mean 'gluon'\\?"):
        process_named("gluons")
    with pytest.raises(EdgeoodError, match="choose from qcd, w, top"):
        process_named("xyzzy")
