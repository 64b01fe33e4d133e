"""Does a run mean what its model computes, and do its logits mean the recipe's classes?"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.fixed_point.ranges import FLOAT32_BITS, accumulator_bits
from edgeood.foreign.network import ForeignNetwork
from edgeood.training.known_jets import KnownJets

COMPARED = 1000
"""Jets that the model itself computes; one of a QONNX file takes milliseconds."""


def check_logits(
    foreign: ForeignNetwork, graph: FixedGraph, inputs: NDArray[np.float32], source: Path
) -> int:
    """How many jets the model and its integers agree on: all of the first :data:`COMPARED` of ``inputs``.

    Raises :class:`EdgeoodError` if they differ for one; where sums may be wider than float32 holds, by more than its
    rounding.
    """
    some = graph.input_type.quantize(inputs[:COMPARED]).astype(np.float32)
    theirs, ours = foreign.logits(some), exact_outputs(graph, some).logits
    if theirs.shape != ours.shape:
        raise EdgeoodError(
            f"{source} computes {theirs.shape[1]} logits of {theirs.shape[0]} jets where its layers say "
            f"{ours.shape[1]} of {ours.shape[0]}; its last output must be the logits of one jet a row."
        )
    if max(accumulator_bits(graph).values()) > FLOAT32_BITS:
        # The model's own float32 sums are not exact then; the run's engines' are.
        step = np.abs(ours).max() * 2.0**-12
        other = np.abs(theirs - ours).max(axis=1) > step
    else:
        other = (theirs != ours).any(axis=1)
    if other.any():
        first = int(np.flatnonzero(other)[0])
        raise EdgeoodError(
            f"{source} computes other logits than its integers for {int(other.sum())} of {len(some)} jets (the first: "
            f"{theirs[first].tolist()}, not {ours[first].tolist()}); round half to even, and saturate, everywhere."
        )
    return len(some)


def check_classes(graph: FixedGraph, jets: KnownJets, classes: list[str], source: Path) -> float:
    """The balanced accuracy on these jets: the mean over classes of the share whose own logit is the largest.

    Raises :class:`EdgeoodError` if there are more or fewer logits than classes, or another order of the classes would
    have a higher one, by three times what chance gives.
    """
    from scipy.optimize import linear_sum_assignment

    logits = exact_outputs(graph, jets.inputs).logits
    if logits.shape[1] != len(classes):
        raise EdgeoodError(
            f"{source} has {logits.shape[1]} logits and the recipe {len(classes)} classes ({', '.join(classes)}); name "
            "in data.classes what each logit stands for, in their order."
        )
    chosen = logits.argmax(axis=1)
    shares = np.array(
        [np.bincount(chosen[jets.labels == k], minlength=len(classes)) / np.sum(jets.labels == k)
         for k in range(len(classes))]
    )  # fmt: skip
    accuracy = float(np.trace(shares)) / len(classes)
    _, best = linear_sum_assignment(-shares)
    gain = float(shares[np.arange(len(classes)), best].sum()) / len(classes) - accuracy
    noise = 3 / np.sqrt(4 * np.bincount(jets.labels).min())
    if gain > noise:
        order = [classes[int(np.flatnonzero(best == k)[0])] for k in range(len(classes))]
        raise EdgeoodError(
            f"{source} has its logits in the order {', '.join(order)}, by the validation jets, and the recipe "
            f"{', '.join(classes)}; write data.classes in the order of the logits."
        )
    return accuracy
