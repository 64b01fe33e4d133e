"""The real constituents of many jets, without the padding between them."""

import torch
from torch import Tensor


class Packing:
    """The M real constituents of B jets of a padded (B, P) table, small jets first.

    Jets of one size stand together, so that tables over pairs of constituents hold little padding.
    """

    def __init__(self, valid: Tensor) -> None:
        """``valid``: (B, P) boolean whose real entries lead each row."""
        counts = valid.sum(1)
        self.order = counts.argsort(stable=True)
        """(B,) row of the padded table that holds each packed jet"""
        self.counts = counts[self.order]
        """(B,) constituents of each packed jet"""
        self.sizes: list[int] = self.counts.tolist()
        self.first = self.counts.cumsum(0) - self.counts
        """(B,) packed index of the first constituent of each packed jet"""
        self.jet = torch.repeat_interleave(self.counts, output_size=sum(self.sizes))
        """(M,) packed jet of each constituent"""
        self.place = torch.arange(len(self.jet), device=valid.device) - self.first[self.jet]
        """(M,) column of each constituent in the padded table"""

    def pack(self, table: Tensor) -> Tensor:
        """(B, P, C) → (M, C), real constituents only."""
        rows = self.order[self.jet] * table.shape[1] + self.place
        return table.reshape(-1, table.shape[2]).index_select(0, rows)

    def average(self, packed: Tensor) -> Tensor:
        """(M, C) → (B, C) mean over the constituents of each jet; zero for a jet without any."""
        packed = packed.to(torch.promote_types(packed.dtype, torch.float32))
        total = packed.new_zeros(len(self.order), packed.shape[1]).index_add(0, self.jet, packed)
        mean = total / self.counts.clamp_min(1)[:, None]
        return mean.index_select(0, self.order.argsort())
