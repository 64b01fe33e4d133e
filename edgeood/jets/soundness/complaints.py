"""What is wrong with single jets, so that it can be told, or the others go on without them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError


class Complaints:
    """Defects of ``jets`` jets of ``source`` whose first is row ``first``.

    Of ``every`` defective jet, or only of the first for each check. A jet keeps the first complaint about it.
    """

    def __init__(self, source: str, jets: int, first: int = 0, *, every: bool = False) -> None:
        self.source, self.jets, self.first, self.every = source, jets, first, every
        self.sound = np.ones(jets, np.bool_)
        """(jets,) there is no complaint about them"""
        self.reasons: dict[int, str] = {}
        """position of a defective jet → what is wrong with it"""

    def about(self, bad: NDArray[np.bool_], tell: Callable[[int], str], start: int = 0) -> None:
        """Complain of the jets where ``bad`` (n,) or (n, P) holds; ``tell`` ends the sentence "… jet 3".

        ``start`` is the position of the first of the n jets.
        """
        if not bad.any():
            return
        rows = np.flatnonzero(bad if bad.ndim == 1 else bad.any(axis=1))
        self.sound[rows + start] = False
        for row in map(int, rows if self.every else rows[:1]):
            if row + start not in self.reasons:
                self.reasons[row + start] = tell(row)

    def sentence(self, position: int) -> str:
        """The complaint about the jet at that position, with its file and row."""
        return f"{self.source}: jet {position + self.first} {self.reasons[position]}"

    def raise_first(self) -> None:
        """Raise :class:`EdgeoodError` about the first of the jets that there are complaints about, if any."""
        if self.reasons:
            raise EdgeoodError(self.sentence(min(self.reasons)))
