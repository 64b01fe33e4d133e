"""What inputs read of jets, and whether jets tell it: a field may be there in name and unknown in fact."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.jets.layout import CHARGED_HADRON, ELECTRON, MAY_BE_UNKNOWN, MUON, Jets

MAY_BE_ZERO = ("charge", "kind")
"""Fields of constituents that are 0 where nobody has filled them in."""
LARGEST_UNKNOWN = 0.5
"""Share of the pT whose ``kind`` or ``charge`` may be missing: a code unknown to a reader here and there is no harm."""
_LEADING = 16
"""Constituents that are looked at: they carry most of the pT, and the others would cost more than they tell."""
_BLOCK = 2048
"""Jets looked at together: files follow one another, so that one without kinds does not hide among others."""


class Needs(NamedTuple):
    """The fields that some inputs read; ``valid`` is always among them."""

    jets: tuple[str, ...]
    """fields of :data:`~edgeood.jets.layout.JET_DTYPE`"""
    constituents: tuple[str, ...]
    """fields of :data:`~edgeood.jets.layout.CONSTITUENT_DTYPE`"""

    @property
    def optional(self) -> tuple[str, ...]:
        """Those that a sound file of jets may leave unknown."""
        return (
            *(field for field in self.jets if field in MAY_BE_UNKNOWN),
            *(field for field in self.constituents if field in MAY_BE_ZERO),
        )


def check_known(jets: Jets, needs: Needs, who: str, otherwise: Callable[[], str]) -> None:
    """Raise :class:`EdgeoodError` unless ``jets`` tell every optional field that is needed.

    Substructure must be known of every jet. ``kind`` is unknown where it is 0, ``charge`` where it is 0 although
    the kind is a charged one; a block of jets of one process tells them if at least half of its leading constituents'
    pT does. ``who`` needs the field; ``otherwise`` says what else could be done, at the end of the sentence.
    """
    for field in needs.jets:
        if field in MAY_BE_UNKNOWN and (unknown := np.isnan(jets.jets[field])).any():
            raise EdgeoodError(
                f"{who} reads {field} of the jets, and jet {int(unknown.argmax())} has no {field}: fill it in when "
                f"the jets are written, as `edgeood generate` does, or {otherwise()}."
            )
    wanted = [field for field in ("kind", "charge") if field in needs.constituents]
    for start in range(0, len(jets) if wanted else 0, _BLOCK):
        block = jets[start : start + _BLOCK]
        for field in wanted:
            share = _unknown_share(block, field)
            worst = int(share.argmax())
            if share[worst] > LARGEST_UNKNOWN:
                raise EdgeoodError(
                    f"{who} reads the {field} of constituents, which jets of process '{block.processes[worst]}' do "
                    f"not tell (unknown for {100 * share[worst]:.0f} % of their pT): fill it in when the jets are "
                    "written, as `edgeood generate` and the reader 'energyflow' do, or "
                    f"{otherwise()}."
                )


def _unknown_share(jets: Jets, field: str) -> NDArray[np.float64]:
    """(processes,) share of the leading constituents' pT whose ``field`` is not known; 0 where there is none."""
    constituents = jets.constituents[:, :_LEADING]
    # Padding has no pT, or it is not valid.
    pt = np.where(constituents["valid"], constituents["pt"], 0)
    unknown = constituents[field] == 0
    if field == "charge":
        pt = np.where(np.isin(constituents["kind"], (CHARGED_HADRON, ELECTRON, MUON)), pt, 0)
    missing, total = (
        np.bincount(jets.jets["process"], of_jets.sum(1), minlength=len(jets.processes))
        for of_jets in (np.where(unknown, pt, 0), pt)
    )
    return np.divide(missing, total, out=np.zeros(len(total)), where=total > 0)
