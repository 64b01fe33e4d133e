"""Fixed-point types: the integer meaning that every engine shares."""

import numpy as np
import pytest

from edgeood.fixed_point import FixedPoint


@pytest.mark.parametrize(
    ("fixed_type", "step", "low", "high", "hls"),
    [
        (FixedPoint(8, 0), 2**-7, -1.0, 1 - 2**-7, "ap_fixed<8,1,AP_RND_CONV,AP_SAT>"),
        (FixedPoint(8, 2, signed=False), 2**-6, 0.0, 4 - 2**-6, "ap_ufixed<8,2,AP_RND_CONV,AP_SAT>"),
        (FixedPoint(4, -2, signed=False), 2**-6, 0.0, 15 / 64, "ap_ufixed<4,-2,AP_RND_CONV,AP_SAT>"),
        (FixedPoint(4, 6), 8.0, -64.0, 56.0, "ap_fixed<4,7,AP_RND_CONV,AP_SAT>"),
    ],
)
def test_steps_ranges_and_names(fixed_type, step, low, high, hls):
    assert (fixed_type.step, fixed_type.low, fixed_type.high, fixed_type.hls_type) == (step, low, high, hls)


def test_ties_go_to_the_even_neighbour_and_the_rest_saturates():
    fixed_type = FixedPoint(4, 2)  # step ½ from −4 to 3.5
    values = [0.25, 0.75, -0.25, -0.75, 3.74, 99.0, -99.0]
    assert fixed_type.quantize(values).tolist() == [0.0, 1.0, 0.0, -1.0, 3.5, 3.5, -4.0]


def test_every_representable_value_is_its_own_nearest():
    fixed_type = FixedPoint(10, 3)
    integers = np.arange(fixed_type.lowest_integer, fixed_type.highest_integer + 1)
    assert np.array_equal(fixed_type.to_integers(integers * fixed_type.step), integers)


def test_a_type_without_bits_is_refused():
    with pytest.raises(ValueError, match="1 to 64 bits"):
        FixedPoint(0, 0)
