"""What the trainer sees of the jets: tensors, in an order that is a function of seed and epoch alone."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler


class Batch(NamedTuple):
    """Jets of one optimizer step; the first axis of every tensor counts jets."""

    inputs: Tensor
    """network inputs, float32"""
    labels: Tensor
    """(B,) class indices, int64"""
    mass: Tensor
    """(B,) jet mass in units of 100 GeV"""
    weights: Tensor
    """(B,) weights with a mean of one over the data set"""
    teacher_representation: Tensor
    """(B, D), or (B, 0) without a teacher"""
    teacher_logits: Tensor
    """(B, K), or (B, 0) without a teacher"""

    def to(self, *args: object, **kwargs: object) -> "Batch":
        """The batch on another device (as Lightning asks for it)."""
        return Batch(*(tensor.to(*args, **kwargs) for tensor in self))  # type: ignore[call-overload]


class JetTensors(Dataset[Batch]):
    """All jets of a split, in memory; fetches a whole batch at once."""

    def __init__(self, tensors: Batch) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors.labels)

    def __getitem__(self, index: int) -> Batch:
        return Batch(*(tensor[index] for tensor in self.tensors))

    def __getitems__(self, indices: list[int]) -> Batch:
        chosen = torch.tensor(indices)
        return Batch(*(tensor[chosen] for tensor in self.tensors))


def _already_batched(batch: Any) -> Any:
    return batch


def loader(
    jets: JetTensors, batch_size: int, seed: int, shuffle: bool, devices: int = 1
) -> DataLoader[Batch]:
    """Batches of jets.

    With ``shuffle`` the order is drawn anew from (seed, epoch), so that a resumed training sees the very
    batches that an undisturbed one would. On several devices Lightning re-creates the sampler with each rank's share.
    """
    sampler: DistributedSampler[Batch] = DistributedSampler(
        jets, num_replicas=1, rank=0, shuffle=shuffle, seed=seed
    )
    return DataLoader(
        jets,
        batch_size,
        sampler=sampler,
        collate_fn=_already_batched,
        drop_last=shuffle and len(jets) >= batch_size,
    )
