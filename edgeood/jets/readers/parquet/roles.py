"""What columns are, by their names: momenta of constituents, who they are, truth, event."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_STEMS = {
    **dict.fromkeys(("energy", "e", "en"), "energy"),
    **{"px": "px", "py": "py", "pz": "pz", "pt": "pt", "eta": "eta", "phi": "phi"},
    **dict.fromkeys(("mass", "m"), "mass"),
    **dict.fromkeys(("pdgid", "pdg_id", "pid", "pdg"), "pdg"),
    **dict.fromkeys(("charge", "q"), "charge"),
}
FLAGS = tuple(f"is{kind}" for kind in ("chargedhadron", "neutralhadron", "photon", "electron", "muon"))
"""In the order of JetClass."""
_STEMS |= {flag: flag for flag in FLAGS}
_CARTESIAN, _POLAR = ("energy", "px", "py", "pz"), ("pt", "eta", "phi")
_OF_PARTICLES = ("part", "const", "cand", "pf", "j1_", "track", "flow")
_NUMBERED = re.compile(r"(?P<name>.*[^0-9_])_?(?P<number>\d{1,4})")
_OF_JETS = re.compile(r"(?:fat)?jets?[_.]|j_|fj_")

_ENDINGS = ("", "_id", "id", "_index", "index", "_idx", "idx", "_number", "number")
_EVENT = tuple(f"{name}{ending}" for name in ("event", "evt") for ending in _ENDINGS)
_JET = tuple(f"jet{ending}" for ending in _ENDINGS)
_FIELDS = {
    **dict.fromkeys(("sdmass", "softdrop_mass", "msoftdrop", "soft_drop_mass"), "softdrop_mass"),
    **{f"tau{n}": f"tau{n}" for n in (1, 2, 3, 4)},
}
ONE_HOT = tuple(
    f"label_{name}" for name in ("qcd", "hbb", "hcc", "hgg", "h4q", "hqql", "zqq", "wqq", "tbqq", "tbl")
)
"""JetClass's columns of truth, in its order."""
_TRUTH = {name: name for name in ("label", "is_signal_new", "process", *ONE_HOT)}


@dataclass(frozen=True)
class Momenta:
    """A group of columns that are the momenta of constituents."""

    prefix: str
    columns: Mapping[str, tuple[str, ...]]
    """energy, px, py, pz, or pt, eta, phi and perhaps energy or mass; also pdg, charge, isphoton … → the column, or one
    for each constituent"""

    @property
    def four(self) -> tuple[str, ...]:
        """The keys of ``columns`` that momenta are made of."""
        if set(_CARTESIAN) <= set(self.columns):
            return _CARTESIAN
        return (*_POLAR, *(name for name in ("energy", "mass") if name in self.columns))


def momenta_of(names: Iterable[str]) -> list[Momenta]:
    """Groups of columns with one beginning that make momenta; those of particles alone, if names tell which."""
    groups: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in names:
        stem, prefix = _stem(name)
        if stem:
            groups.setdefault(prefix, {})[stem] = (name,)
    return _complete(groups)


def numbered_momenta(names: Iterable[str]) -> list[Momenta]:
    """The same where every constituent has columns of its own: ``E_0``, ``PX_0`` …, all with the same numbers."""
    numbers: dict[str, dict[str, dict[int, str]]] = {}
    for name in names:
        found = _NUMBERED.fullmatch(name)
        stem, prefix = _stem(found["name"]) if found else ("", "")
        if found and stem:
            numbers.setdefault(prefix, {}).setdefault(stem, {})[int(found["number"])] = name
    groups: dict[str, dict[str, tuple[str, ...]]] = {}
    for prefix, stems in numbers.items():
        most = max(stems.values(), key=len)
        same = {stem: own for stem, own in stems.items() if set(own) == set(most)}
        if len(most) > 1:
            groups[prefix] = {stem: tuple(own[n] for n in sorted(own)) for stem, own in same.items()}
    return _complete(groups)


def _stem(name: str) -> tuple[str, str]:
    """What a column is of a particle, and the beginning of its name; nothing if it is none."""
    for ending, stem in _STEMS.items():
        if name.lower() == ending:
            return stem, ""
        if name.lower().endswith((f"_{ending}", f".{ending}")):
            return stem, name[: -len(ending)]
    return "", ""


def _complete(groups: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[Momenta]:
    found = [
        Momenta(prefix, columns)
        for prefix, columns in groups.items()
        if set(_CARTESIAN) <= set(columns) or set(_POLAR) <= set(columns)
    ]
    of_particles = [one for one in found if any(word in one.prefix.lower() for word in _OF_PARTICLES)]
    return of_particles or found


def is_of_jets(momenta: Momenta) -> bool:
    """Whether momenta are those of jets, by their names."""
    return _OF_JETS.fullmatch(momenta.prefix.lower()) is not None


def event_column(names: Iterable[str]) -> str | None:
    """The column of event numbers, if there is one."""
    return next((name for name in names if name.lower() in _EVENT), None)


def jet_column(names: Iterable[str]) -> str | None:
    """The column that tells of which jet a row is, if there is one."""
    return next((name for name in names if name.lower() in _JET), None)


def of_jets(names: Iterable[str]) -> dict[str, str]:
    """Fields of jets (``softdrop_mass``, ``tau1`` …) and what tells truth (``label``, ``process`` …) → column."""
    found: dict[str, str] = {}
    for name in names:
        plain = _OF_JETS.sub("", name.lower(), count=1) if _OF_JETS.match(name.lower()) else name.lower()
        role = (_FIELDS | _TRUTH).get(plain)
        if role is not None:
            found.setdefault(role, name)
    return found
