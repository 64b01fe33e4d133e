"""Keras layers of ParticleNet-lite that QKeras does not have, for every backend of Keras.

They hold no weights and compute the same numbers on every backend, so that our ``.keras`` files open anywhere:
import this module first, or use :func:`edgeood.networks.quantized.qkeras.files.open_keras`.
"""

from typing import Any

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import PT
from edgeood.networks.quantized.qkeras.backend import import_qkeras_on_any_backend

keras, _ = import_qkeras_on_any_backend()
ops = keras.ops


@keras.saving.register_keras_serializable(package="edgeood", name="KnnGather")
class KnnGatherLayer(keras.layers.Layer):  # type: ignore[name-defined]
    """a_i + max b_j over the nearest valid others j of i, with padding and ties as in the fixed-point graph.

    See :class:`edgeood.fixed_point.graph.KnnGather`. Called with candidates (B, N, F), points
    (B, N, ≥ first + coordinates) and edges (B, N, 2C) = a, b; returns (B, N, C). Neighbours are found among the
    columns first … first + coordinates of the points, rounded to ``coordinate_type`` (bits, integer, signed).
    """

    def __init__(
        self,
        neighbours: int,
        first: int,
        coordinates: int,
        coordinate_type: FixedPoint | tuple[int, int, bool],
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.neighbours, self.first, self.coordinates = neighbours, first, coordinates
        if not isinstance(coordinate_type, FixedPoint):
            coordinate_type = FixedPoint(*coordinate_type)
        self.coordinate_type = coordinate_type

    def call(self, candidates: Any, points: Any, edges: Any) -> Any:
        """(B, N, F), (B, N, …), (B, N, 2C) → (B, N, C)."""
        fixed_type, valid = self.coordinate_type, candidates[..., PT] > 0
        places = ops.stop_gradient(points[..., self.first : self.first + self.coordinates])
        # In units of the step: a common power of two changes no order of distances.
        places = ops.clip(
            ops.round(places / fixed_type.step), fixed_type.lowest_integer, fixed_type.highest_integer
        )
        if keras.backend.backend() == "torch":
            from edgeood.networks.particlenet.edge_maximum import edge_maximum, neighbour_mask

            return edge_maximum(edges, neighbour_mask(places, valid, self.neighbours), valid)
        own, others = ops.split(edges, 2, axis=-1)
        near = _neighbour_mask(places, valid, self.neighbours)
        largest = ops.max(ops.where(near[..., None], others[:, None, :, :], -float("inf")), axis=2)
        return (own + largest) * ops.cast(valid[..., None], edges.dtype)

    def compute_output_shape(self, candidates_shape: Any, points_shape: Any, edges_shape: Any) -> Any:
        """Shape of the output, known to Keras without a call."""
        return (*edges_shape[:-1], edges_shape[-1] // 2)

    def get_config(self) -> dict[str, Any]:
        """What the ``.keras`` file keeps of the layer."""
        fixed_type = self.coordinate_type
        result: dict[str, Any] = super().get_config() | {
            "neighbours": self.neighbours,
            "first": self.first,
            "coordinates": self.coordinates,
            "coordinate_type": [fixed_type.bits, fixed_type.integer, fixed_type.signed],
        }
        return result


def _neighbour_mask(places: Any, valid: Any, k: int) -> Any:
    """Which j are among the k nearest valid others of i, itself if it has none. (B, N, N) bool.

    The rank of j is counted, not sorted: not every backend promises a stable sort.
    """
    count = places.shape[1]
    distance = ops.sum(ops.square(places[:, :, None, :] - places[:, None, :, :]), axis=-1)
    itself = ops.eye(count, dtype="bool")
    others = ops.logical_and(valid[:, None, :], ops.logical_not(itself))
    index = ops.arange(count)
    lower = index[None, :] < index[:, None]
    # (B, i, j, l): is l before j, seen from i?
    to_j, to_l = distance[:, :, :, None], distance[:, :, None, :]
    before = ops.logical_or(to_l < to_j, ops.logical_and(to_l == to_j, lower))
    before = ops.logical_and(before, others[:, :, None, :])
    rank = ops.sum(ops.cast(before, "int32"), axis=-1)
    alone = ops.logical_not(ops.any(others, axis=-1, keepdims=True))
    return ops.logical_or(ops.logical_and(others, rank < k), ops.logical_and(itself, alone))


@keras.saving.register_keras_serializable(package="edgeood", name="ConstituentMean")
class ConstituentMeanLayer(keras.layers.Layer):  # type: ignore[name-defined]
    """Σ h_i / N over the valid constituents, N counting the empty places too.

    Called with candidates (B, N, F) and features (B, N, C); returns (B, C), exactly if N is a power of two.
    """

    def call(self, candidates: Any, features: Any) -> Any:
        """(B, N, F), (B, N, C) → (B, C)."""
        valid = ops.cast(candidates[..., PT] > 0, features.dtype)
        return ops.sum(features * valid[..., None], axis=1) / features.shape[1]

    def compute_output_shape(self, candidates_shape: Any, features_shape: Any) -> Any:
        """Shape of the output, known to Keras without a call."""
        return (features_shape[0], features_shape[-1])
