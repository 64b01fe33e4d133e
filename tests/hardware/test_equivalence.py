"""Pieces of the generated logic are proven to be the integers that they mean, for all inputs.

The meanings are Verilog of another kind: they divide and pick one by one, where the logic has adders and ranks.
"""

import numpy as np
import pytest

from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.graph import INPUT, KnnGather
from edgeood.scores.fused.mass_blind import MassBlindDecision

pytest.importorskip("alkaid", reason="RTL needs the extra 'rtl'")
pytest.importorskip("pyosys", reason="RTL needs the extra 'rtl'")

from edgeood.export.verilog.arithmetic import largest, rounded
from edgeood.export.verilog.constituents import gathered
from edgeood.export.verilog.scores import _above, _looked_up
from edgeood.hardware.equivalence import combinational, counterexample


def port(fixed_type: FixedPoint):
    """A number of a type that comes from outside."""
    from alkaid.trace import FVariable

    return FVariable.from_kif(fixed_type.signed, fixed_type.integer, fixed_type.fraction, hwconf=(1, 1, -1))


def rounding(taken: FixedPoint, made: FixedPoint) -> str:
    """Half to even by division with rest, then saturation; of integers of the two types."""
    shift = taken.fraction - made.fraction
    return f"""
module meaning(input [{taken.bits - 1}:0] given, output [{made.bits - 1}:0] result);
    wire signed [31:0] value = {"$signed(given)" if taken.signed else "$signed({1'b0, given})"};
    wire signed [31:0] rest = value & {2**shift - 1};
    wire signed [31:0] whole = (value - rest) / {2**shift};
    wire up = 2 * rest > {2**shift} || (2 * rest == {2**shift} && whole[0]);
    wire signed [31:0] nearest = whole + (up ? 1 : 0);
    assign result = nearest < {made.lowest_integer} ? {made.lowest_integer}
        : nearest > {made.highest_integer} ? {made.highest_integer} : nearest;
endmodule
"""


@pytest.mark.parametrize(
    ("taken", "made"),
    [
        (FixedPoint(12, 4), FixedPoint(6, 2)),
        (FixedPoint(12, 4), FixedPoint(6, 2, False)),
        (FixedPoint(10, 3, False), FixedPoint(5, 1, False)),
        (FixedPoint(16, 6), FixedPoint(8, 3)),
    ],
)
def test_rounding_is_proven(taken, made):
    given = port(taken)
    logic = combinational([given], [rounded(given, made)])
    assert logic[1:] == (taken.bits, made.bits)
    assert counterexample(logic, rounding(taken, made)) is None


def test_a_wrong_rounding_is_refuted():
    taken, made = FixedPoint(8, 3), FixedPoint(4, 2)
    given = port(taken)
    half_up = rounding(taken, made).replace("&& whole[0]", "")
    found = counterexample(combinational([given], [rounded(given, made)]), half_up)
    assert found is not None
    value = np.array([found if found < 128 else found - 256]) * taken.step
    # The solver's input is a tie with an even neighbour below.
    scaled = value / made.step
    assert scaled % 1 == 0.5
    assert made.quantize(value) != (np.floor(scaled) + 1) * made.step


def nearest(places: int, neighbours: int, bits: int) -> str:
    """a_i + max b_j, the neighbours taken one by one: always the nearest that is left, the first of equal ones.

    Where nobody is left out, coordinates are no inputs.
    """
    chooses = neighbours < places - 1
    field, a = (3 * bits, bits) if chooses else (2 * bits, 0)
    place = f"$signed(given[{places} + {field} * i +: {bits}])" if chooses else "0"
    return f"""
module meaning(input [{places * (field + 1) - 1}:0] given, output reg [{places * (bits + 1) - 1}:0] result);
    integer i, j, n, best, far;
    reg [{places - 1}:0] there, left;
    reg signed [31:0] place [0:{places - 1}];
    reg signed [31:0] own [0:{places - 1}];
    reg signed [31:0] other [0:{places - 1}];
    reg signed [31:0] most, away;
    always @* begin
        for (i = 0; i < {places}; i = i + 1) begin
            there[i] = given[i];
            place[i] = {place};
            own[i] = $signed(given[{places} + {field} * i + {a} +: {bits}]);
            other[i] = $signed(given[{places} + {field} * i + {a + bits} +: {bits}]);
        end
        for (i = 0; i < {places}; i = i + 1) begin
            left = there;
            left[i] = 0;
            most = left == 0 ? other[i] : -1000;
            for (n = 0; n < {neighbours}; n = n + 1) begin
                best = -1;
                far = 1000;
                for (j = 0; j < {places}; j = j + 1) begin
                    away = (place[i] - place[j]) * (place[i] - place[j]);
                    if (left[j] && away < far) begin
                        best = j;
                        far = away;
                    end
                end
                for (j = 0; j < {places}; j = j + 1)
                    if (best == j) begin
                        left[j] = 0;
                        if (other[j] > most) most = other[j];
                    end
            end
            result[{bits + 1} * i +: {bits + 1}] = there[i] ? own[i] + most : 0;
        end
    end
endmodule
"""


@pytest.mark.parametrize("neighbours", [1, 2, 3])
def test_neighbours_and_their_maxima_are_proven(neighbours):
    """Four places on a line, all numbers of two bits; with three neighbours nobody is left out."""
    places, one = 4, FixedPoint(2, 1)
    there = [port(FixedPoint(1, 1, False)) for _ in range(places)]
    numbers = np.array([[port(one) for _ in range(3)] for _ in range(places)], object)
    operation = KnnGather("gather", (INPUT, INPUT, "edges"), neighbours, 0, 1, one)
    found = gathered(operation, there, numbers[:, :1], numbers[:, 1:])[:, 0]
    # What padding holds does not matter: the mean leaves it out.
    kept = [bit.msb_mux(value, 0.0 * value) for bit, value in zip(there, found, strict=True)]
    # Brought to one width, so that the bits lie where the meaning has them.
    wide = [rounded(value, FixedPoint(3, 2)) for value in kept]
    inputs = numbers if neighbours < places - 1 else numbers[:, 1:]
    logic = combinational([*there, *inputs.ravel()], wide)
    assert logic[1:] == (places + 2 * inputs.size, places * 3)
    assert counterexample(logic, nearest(places, neighbours, 2)) is None
    # The meaning is looked at: with one neighbour fewer it is another.
    if 1 < neighbours < places - 1:
        assert counterexample(logic, nearest(places, neighbours - 1, 2)) is not None


def test_the_largest_logit_and_a_threshold_are_proven():
    logit, threshold = FixedPoint(6, 2), -0.5
    given = [port(logit) for _ in range(3)]
    score = -largest(given)
    logic = combinational(given, [_above(score, score * 0.0 + threshold)])
    assert logic[1:] == (18, 1)
    meaning = """
module meaning(input [17:0] given, output result);
    wire signed [31:0] a = $signed(given[5:0]), b = $signed(given[11:6]), c = $signed(given[17:12]);
    assign result = a < 4 && b < 4 && c < 4;
endmodule
"""
    assert counterexample(logic, meaning) is None
    assert counterexample(logic, meaning.replace("c < 4", "c <= 4")) is not None


def test_a_table_of_thresholds_is_proven():
    thresholds = np.random.default_rng(5).integers(-90, 90, 64)
    decision = MassBlindDecision(FixedPoint(6, 6, False), thresholds, 0.01)
    mass, score = port(FixedPoint(6, 6, False)), port(FixedPoint(8, 7))
    logic = combinational([mass, score], [_above(score, _looked_up(decision, mass, 1.0))])
    assert logic[1:] == (14, 1)
    rows = "".join(f"            {place}: above = value > {one};\n" for place, one in enumerate(thresholds))
    meaning = f"""
module meaning(input [13:0] given, output result);
    wire signed [31:0] value = $signed(given[13:6]);
    reg above;
    always @*
        case (given[5:0])
{rows}        endcase
    assign result = above;
endmodule
"""
    assert counterexample(logic, meaning) is None
