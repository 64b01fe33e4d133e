"""How jets lie in a Parquet file: a row is a jet, an event or a constituent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.readers.parquet.leaves import Leaf
from edgeood.jets.readers.parquet.roles import (
    FLAGS,
    Momenta,
    event_column,
    is_of_jets,
    jet_column,
    momenta_of,
    numbered_momenta,
    of_jets,
)

JET, NUMBERED, EVENT, CONSTITUENT = "jet", "jet, numbered", "event", "constituent"
"""What a row is. Constituents of a jet are lists, or columns with numbers; of an event they are lists of lists."""
_IDENTITIES = ("pdg", "charge", *FLAGS)


@dataclass(frozen=True)
class Layout:
    """The columns that are read of one file."""

    row: str
    four: tuple[str, ...]
    """names of :class:`~edgeood.jets.readers.parquet.roles.Momenta`'s columns that momenta are made of"""
    particles: Mapping[str, tuple[Leaf, ...]]
    """those, and identities, of constituents"""
    jets: Mapping[str, Leaf]
    """fields and truth of jets; a depth of one less than that of their particles, or, of an event's own, of two less"""
    event: Leaf | None
    jet: Leaf | None
    """of which jet a row is, where it is a constituent"""
    prefix: str
    """what the names of the constituents' columns begin with"""

    @property
    def leaves(self) -> list[Leaf]:
        """All that is read."""
        of_particles = [leaf for own in self.particles.values() for leaf in own]
        return [*of_particles, *self.jets.values(), *filter(None, (self.event, self.jet))]


def layout_of(path: Path, leaves: Mapping[str, Leaf]) -> Layout:
    """The layout of a file with these columns.

    Raises :class:`EdgeoodError` if no columns are momenta, several are, or nothing tells whose.
    """
    numbers = {name: leaf for name, leaf in leaves.items() if not leaf.text}
    plain = [name for name, leaf in numbers.items() if not leaf.depth]
    event, jet = event_column(plain), jet_column(plain)
    for depth, row in ((2, EVENT), (1, JET)):
        here = [name for name, leaf in numbers.items() if leaf.depth == depth]
        if found := momenta_of(here):
            return _layout(path, row, _single(path, found), leaves, event, None)
    if found := numbered_momenta(plain):
        return _layout(path, NUMBERED, _single(path, found), leaves, event, None)
    if (found := [one for one in momenta_of(plain) if not is_of_jets(one)]) and (event or jet):
        return _layout(path, CONSTITUENT, _single(path, found), leaves, event, jet)
    raise EdgeoodError(
        f"{path} has no columns of constituents' momenta: lists px, py, pz, energy or pt, eta, phi in each jet's row, "
        "or such numbers in each constituent's with its 'jet' or 'event'; name them so."
    )


def _single(path: Path, found: list[Momenta]) -> Momenta:
    if len(found) > 1:
        names = " and ".join(f"'{one.prefix}{one.four[0]}'" for one in found[:2])
        raise EdgeoodError(
            f"{path} has several groups of momenta ({names} …); keep that of the constituents."
        )
    return found[0]


def _layout(
    path: Path, row: str, momenta: Momenta, leaves: Mapping[str, Leaf], event: str | None, jet: str | None
) -> Layout:
    used = [*momenta.four, *(name for name in _IDENTITIES if name in momenta.columns)]
    particles = {name: tuple(leaves[one] for one in momenta.columns[name]) for name in used}
    depth = particles[momenta.four[0]][0].depth
    if row == NUMBERED and (width := len(particles[momenta.four[0]])) > MOST_CONSTITUENTS:
        raise EdgeoodError(
            f"{path}: a jet has {width} constituents, more than {MOST_CONSTITUENTS}; keep the leading ones."
        )
    own: dict[str, Leaf] = {}
    # A jet's own before its event's; beside constituents, rows repeat what is of their jet.
    for level in dict.fromkeys((max(depth - 1, 0), 0)):
        at = [name for name, leaf in leaves.items() if leaf.depth == level]
        own = {role: leaves[name] for role, name in of_jets(at).items()} | own
    texts = {role for role, leaf in own.items() if leaf.text != (role == "process")}
    return Layout(
        row,
        momenta.four,
        particles,
        {role: leaf for role, leaf in own.items() if role not in texts},
        leaves[event] if event else None,
        leaves[jet] if jet else None,
        momenta.prefix,
    )
