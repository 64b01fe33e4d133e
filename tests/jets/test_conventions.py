"""Units and angles that are not ours are named; one odd jet is not held against a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plain_files import plain_jets, write_plain

from edgeood.errors import EdgeoodError
from edgeood.jets.format import Jets, iterate_jets, read_jets, write_jets
from edgeood.jets.readers.momenta import jets_from_momenta
from edgeood.released import load_released, released_names

Table = Any


def relative(jets: Table, parts: Table) -> None:
    parts["eta"] -= jets["eta"][:, None]
    parts["phi"] -= jets["phi"][:, None]


def swapped(jets: Table, parts: Table) -> None:
    parts["eta"], parts["phi"] = parts["phi"].copy(), parts["eta"].copy()


def both_swapped(jets: Table, parts: Table) -> None:
    swapped(jets, parts)
    jets["eta"], jets["phi"] = jets["phi"].copy(), jets["eta"].copy()


def scaled(factor: float, *columns: tuple[str, str]) -> Callable[[Table, Table], None]:
    def change(jets: Table, parts: Table) -> None:
        for table, field in columns:
            (jets if table == "jets" else parts)[field] *= factor

    return change


def other_order(jets: Table, parts: Table) -> None:
    # Axes at 0.6 < η < 2 and constituents on the other side.
    jets["eta"] *= -1


PT, ENERGY = ("constituents", "pt"), ("constituents", "energy")
MISTAKES = {
    "relative": (relative, "constituents' eta and phi look relative to the jet axis; write absolute ones"),
    "swapped": (swapped, "constituents' eta and phi look swapped"),
    "both swapped": (both_swapped, "eta and phi look swapped, in jets and constituents"),
    "degrees": (
        scaled(57.3, ("jets", "phi"), ("constituents", "phi")),
        "the jets' phi looks like degrees; write radians",
    ),
    "constituents in degrees": (
        scaled(57.3, ("constituents", "phi")),
        "constituents' phi looks like degrees; write radians",
    ),
    "all in MeV": (
        scaled(1000, PT, ENERGY, ("jets", "pt"), ("jets", "mass")),
        "pt looks like MeV; write GeV",
    ),
    "constituents in MeV": (
        scaled(1000, PT, ENERGY),
        "constituents' pt looks like MeV and the jets' like GeV",
    ),
    "jets' pt in MeV": (scaled(1000, ("jets", "pt")), "looks like MeV"),
    "jets' mass in MeV": (
        scaled(1000, ("jets", "mass")),
        "the jets' mass looks like MeV and their pt like GeV",
    ),
    "energy in MeV": (scaled(1000, ENERGY), "constituents' energy looks like MeV and their pt like GeV"),
    "elsewhere": (other_order, "constituents are not near their jet's axis"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_likely_mistake_is_named(mistake: str, tmp_path: Path) -> None:
    change, message = MISTAKES[mistake]
    jets, parts = plain_jets(200)
    change(jets, parts)
    path = write_plain(tmp_path / "a.h5", (jets, parts))
    for read in (read_jets, lambda file: list(iterate_jets(file, 64))):
        with pytest.raises(EdgeoodError, match=rf"a\.h5: in \d+ of \d+ jets .*{message}.*\.$"):
            read(path)


@pytest.mark.parametrize("name", released_names())
@pytest.mark.parametrize("mistake", ["relative", "swapped", "degrees", "all in MeV", "jets' mass in MeV"])
def test_mistakes_are_found_in_simulated_jets(name: str, mistake: str, tmp_path: Path) -> None:
    jets = read_jets(load_released(name).example())
    change, message = MISTAKES[mistake]
    change(jets.jets, jets.constituents)
    if mistake == "all in MeV":
        jets.jets["energy"] *= 1000
    with pytest.raises(EdgeoodError, match=message):
        write_jets(tmp_path / "a.h5", jets, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "mistake", ["relative", "swapped", "elsewhere", "constituents in MeV", "energy in MeV"]
)
def test_a_few_odd_jets_do_not_condemn_a_file(mistake: str, tmp_path: Path) -> None:
    jets, parts = plain_jets(100)
    odd_jets, odd_parts = jets[40:80].copy(), parts[40:80].copy()
    MISTAKES[mistake][0](odd_jets, odd_parts)
    jets[40:80], parts[40:80] = odd_jets, odd_parts
    path = write_plain(tmp_path / "a.h5", (jets, parts))
    assert len(read_jets(path)) == 100
    # Batches of odd jets alone come after enough good ones.
    assert sum(map(len, iterate_jets(path, 10))) == 100


def test_angles_wrap(tmp_path: Path) -> None:
    """Jets at φ = π whose constituents lie on either side, and angles from 0 to 2π."""
    jets, parts = plain_jets(100)
    shift = np.pi - jets["phi"]
    jets["phi"] = np.pi
    parts["phi"] = (parts["phi"] + shift[:, None] + np.pi) % (2 * np.pi) - np.pi
    assert len(read_jets(write_plain(tmp_path / "a.h5", (jets, parts)))) == 100
    parts["phi"] %= 2 * np.pi
    assert len(read_jets(write_plain(tmp_path / "b.h5", (jets, parts)))) == 100


def test_few_constituents_groomed_and_corrected_jets_are_let_through(tmp_path: Path) -> None:
    jets, parts = plain_jets(100, width=40)
    few = parts[:, :2].copy()
    assert len(read_jets(write_plain(tmp_path / "few.h5", (jets, few)))) == 100
    for factor in (0.3, 3):
        corrected = jets.copy()
        corrected["pt"] *= factor
        assert len(read_jets(write_plain(tmp_path / f"{factor}.h5", (corrected, parts)))) == 100
    moved = jets.copy()
    moved["eta"] += 0.3
    assert len(read_jets(write_plain(tmp_path / "moved.h5", (moved, parts)))) == 100


def test_jets_of_radius_one_and_their_leading_constituent_alone_are_let_through(
    toy_jets: Any, tmp_path: Path
) -> None:
    jets = toy_jets(100)
    away = jets.constituents["phi"] - jets.jets["phi"][:, None]
    away -= 2 * np.pi * np.rint(away / (2 * np.pi))
    jets.constituents["eta"] = jets.jets["eta"][:, None] + 2.5 * (
        jets.constituents["eta"] - jets.jets["eta"][:, None]
    )
    jets.constituents["phi"] = jets.jets["phi"][:, None] + 2.5 * away
    jets.constituents["energy"] = jets.constituents["pt"] * np.cosh(jets.constituents["eta"])
    write_jets(tmp_path / "wide.h5", jets, {})
    write_jets(tmp_path / "leading.h5", Jets(jets.jets, jets.constituents[:, :1], jets.processes), {})
    assert len(read_jets(tmp_path)) == 1000


def test_jets_around_the_origin_look_the_same_relative_to_it(tmp_path: Path) -> None:
    jets, parts = plain_jets(50)
    relative(jets, parts)
    jets["eta"] = jets["phi"] = 0
    parts["energy"] = parts["pt"] * np.cosh(parts["eta"])
    assert len(read_jets(write_plain(tmp_path / "a.h5", (jets, parts)))) == 50


IMPOSSIBLE = {
    "eta of a jet": ("jets", "eta", 200, r"jet 3 has eta = 200, which no particle has"),
    "phi of a jet": ("jets", "phi", 57.3, r"jet 3 has phi = 57\.3, which looks like degrees"),
    "eta": ("constituents", "eta", -21, r"jet 3 has a constituent with eta = -21"),
    "phi": ("constituents", "phi", 1e30, r"jet 3 has a constituent with phi = 1e\+30; write radians"),
    "energy": (
        "constituents",
        "energy",
        0.5,
        r"jet 3 has a constituent with energy = 0\.5 GeV, below its pT of",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_is_impossible_is_refused_in_a_single_jet(case: str, tmp_path: Path) -> None:
    table, field, value, message = IMPOSSIBLE[case]
    jets, parts = plain_jets(20)
    if table == "jets":
        jets[field][3] = value
    else:
        parts[field][3, 2] = value
    path = write_plain(tmp_path / "a.h5", (jets, parts))
    with pytest.raises(EdgeoodError, match=message):
        read_jets(path)


def test_a_jets_own_energy_is_not_below_its_pt(tmp_path: Path) -> None:
    jets, parts = plain_jets(20)
    full = np.zeros(20, [*jets.dtype.descr, ("energy", "f4")])
    for name in jets.dtype.names:
        full[name] = jets[name]
    full["energy"] = jets["pt"] * (1 - 1e-4)
    assert len(read_jets(write_plain(tmp_path / "rounded.h5", (full, parts)))) == 20
    full["energy"][6] = 0
    full["energy"][7] = 0.5 * jets["pt"][7]
    with pytest.raises(EdgeoodError, match=r"jet 7 has energy = .* GeV, below its pT of"):
        read_jets(write_plain(tmp_path / "low.h5", (full, parts)))


def test_momenta_in_another_order_or_unit_are_refused() -> None:
    _, parts = plain_jets(20)
    pt, eta, phi = (parts[name].astype(np.float64) for name in ("pt", "eta", "phi"))
    momenta = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=2)
    made = jets_from_momenta(momenta, np.zeros(20, int), ("a",), (0,), "here")
    assert len(made) == 20
    with pytest.raises(EdgeoodError, match="here: in 20 of 20 jets pt looks like MeV"):
        jets_from_momenta(1000 * momenta, np.zeros(20, int), ("a",), (0,), "here")
    with pytest.raises(EdgeoodError, match="here: jet 0 has a"):
        jets_from_momenta(momenta[..., [1, 2, 3, 0]], np.zeros(20, int), ("a",), (0,), "here")
