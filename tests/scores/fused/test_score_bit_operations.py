"""What a fused score costs, in closed form."""

import numpy as np

from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused.bit_operations import score_bit_operations
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit


def test_the_largest_logit_is_found_without_multiplying():
    assert score_bit_operations(FixedPointMaxLogit(FixedPoint(20, 8), 1.0)) == 0


def test_the_mahalanobis_distance_squares_and_multiplies_in_every_dimension_of_every_class():
    fixed_type = FixedPoint(10, 3)
    score = FixedPointMahalanobis(
        mean=np.zeros((2, 3), np.int64),
        inverse_variance=np.array([[1, 3, 0], [4, 5, 6]]),  # 1 + 2 + 0 + 1 + 3 + 2 effective bits
        representation_type=fixed_type,
        mean_type=fixed_type,
        inverse_variance_type=FixedPoint(4, 4, signed=False),
        difference_type=FixedPoint(11, 4),
        square_type=FixedPoint(17, 8, signed=False),
        product_type=FixedPoint(20, 12, signed=False),
        score_type=FixedPoint(22, 14, signed=False),
        threshold=1.0,
    )
    assert score_bit_operations(score) == 6 * 11**2 + 9 * 17
