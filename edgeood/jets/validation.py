"""Check that arrays hold jets: every complaint names the file, the jet's row and the remedy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError

KINEMATICS = ("pt", "eta", "phi", "mass", "energy")
_BLOCK = 2048
"""Jets checked at once: columns of that many jets stay in the processor's cache."""


def _first(bad: NDArray[np.bool_]) -> int | None:
    """Row of the first True (along the first axis), or None."""
    rows = bad if bad.ndim == 1 else bad.any(axis=1)
    return int(rows.argmax()) if rows.any() else None


def check_jets(jets: NDArray[Any], processes: tuple[str, ...], source: str, offset: int = 0) -> None:
    """Raise :class:`EdgeoodError` unless the jets of a structured array (N,) are sound.

    Kinematics must be finite, pT positive, mass and energy not negative, and ``process`` an index into
    ``processes``. Truth and substructure may be NaN: not known. ``offset`` is the row of the first jet.
    """
    finite = {field: np.isfinite(jets[field]) for field in KINEMATICS}
    for field, good in finite.items():
        if (row := _first(~good)) is not None:
            raise EdgeoodError(
                f"{source}: jet {row + offset} has {field} = {jets[field][row]}; remove or repair it."
            )
    if (row := _first(~(jets["pt"] > 0))) is not None:
        raise EdgeoodError(
            f"{source}: jet {row + offset} has pt = {jets['pt'][row]:g} GeV; remove jets without positive pT."
        )
    for field in ("mass", "energy"):
        if (row := _first(jets[field] < 0)) is not None:
            raise EdgeoodError(
                f"{source}: jet {row + offset} has {field} = {jets[field][row]:g} GeV; clip it at 0."
            )
    if (row := _first((jets["process"] < 0) | (jets["process"] >= len(processes)))) is not None:
        raise EdgeoodError(
            f"{source}: jet {row + offset} has process {jets['process'][row]}, but the attribute 'processes' "
            f"names {len(processes)}; list the name of every process there."
        )


def check_constituents(constituents: NDArray[Any], source: str, offset: int = 0) -> None:
    """Raise :class:`EdgeoodError` unless padded constituents (N, P) are sound.

    Every jet needs at least one valid constituent; the valid ones come first, are finite, have positive
    energy and pT, and fall in pT. What stands in padded entries is not looked at.
    """
    for start in range(0, len(constituents), _BLOCK):
        _check_block(constituents[start : start + _BLOCK], source, offset + start)


def _check_block(block: NDArray[Any], source: str, offset: int) -> None:
    valid = np.ascontiguousarray(block["valid"])
    pt = np.where(valid, block["pt"], 0)

    def complain(bad: NDArray[np.bool_], tell: Callable[[int], str]) -> None:
        if (row := _first(bad)) is not None:
            raise EdgeoodError(f"{source}: jet {row + offset} {tell(row)}")

    complain(
        ~valid[:, 0],
        lambda _: "has no valid constituent in front; pack the valid ones first, drop empty jets.",
    )
    complain(
        valid[:, 1:] & ~valid[:, :-1],
        lambda row: (
            f"has a valid constituent behind padding (entry {int(valid[row].argmin())}); "
            "pack the valid ones at the front."
        ),
    )
    for field in ("pt", "eta", "phi", "energy"):
        column = np.where(valid, block[field], 0)
        complain(
            ~np.isfinite(column),
            lambda row, name=field, values=column: (
                f"has a constituent with {name} = "  # type: ignore[misc]
                f"{values[row][~np.isfinite(values[row])][0]}; remove the jet or repair the file."
            ),
        )
    complain(
        valid & ~(pt > 0),
        lambda row: (
            f"has a valid constituent with pt = {pt[row][valid[row]].min():g} GeV; "
            "mark entries without positive pT as not valid."
        ),
    )
    complain(
        valid & ~(block["energy"] > 0),
        lambda _: "has a valid constituent without positive energy; mark it as not valid.",
    )
    complain(
        pt[:, 1:] > pt[:, :-1],
        lambda row: (
            "has constituents that are not sorted by falling pT "
            f"(entry {int((np.diff(pt[row]) > 0).argmax()) + 1}); sort them."
        ),
    )
