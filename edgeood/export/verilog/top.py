"""The module around alkaid's pipeline: ports of whole words, and a valid bit that travels with every jet."""

from collections.abc import Sequence
from typing import Any

from edgeood.export.verilog.ports import Ports
from edgeood.fixed_point import FixedPoint


def top_module(
    name: str, pipeline: str, ports: Ports, latency: int, inputs: Sequence[Any], outputs: Sequence[Any]
) -> str:
    """Verilog of the top module.

    Parameters
    ----------
    pipeline : name of alkaid's module, with the ports ``clk``, ``model_inp`` and ``model_out``
    latency : registers that a jet passes
    inputs, outputs : the intervals of its numbers (``QInterval``); it leaves out the bits that never matter
    """
    mass_port = "" if ports.mass is None else f"    input wire [{ports.mass.bits - 1}:0] in_mass,\n"
    wires, connected = _inputs(ports, inputs)
    score, decision = outputs
    score_width = sum(score.kif)
    decision_bit = f"results[{score_width}]" if sum(decision.kif) else "1'b0"
    width = score_width + sum(decision.kif)
    pipe = f"{{valid[{latency - 2}:0], in_valid}}" if latency > 1 else "in_valid"
    places, features = ports.shape
    return f"""// {places} candidates of {features} numbers; a jet may enter at every clock, and leaves {latency} later.
`timescale 1 ns / 1 ps

module {name} (
    input wire clk,
    input wire rst,
    input wire in_valid,
    input wire [{ports.data_bits - 1}:0] in_data,
{mass_port}    output wire out_valid,
    output wire {"signed " if ports.score.signed else ""}[{ports.score.bits - 1}:0] out_score,
    output wire out_anomalous
);
    // Numbers need no reset: what is not valid is not looked at.
    reg [{latency - 1}:0] valid = 0;
    always @(posedge clk) valid <= rst ? {latency}'b0 : {pipe};
    assign out_valid = valid[{latency - 1}];

    wire [{max(width, 1) - 1}:0] results;
{wires}    {pipeline} pipeline (.clk(clk), .model_inp({connected}), .model_out(results));
    assign out_score = {_score(score, ports.score)};
    assign out_anomalous = {decision_bit};
endmodule
"""


def _inputs(ports: Ports, intervals: Sequence[Any]) -> tuple[str, str]:
    """The bits that the pipeline takes, the lowest first, as a wire; and the wire's name."""
    types = [
        (f"in_data[{n * ports.input.bits} +: {ports.input.bits}]", ports.input) for n in range(ports.numbers)
    ]
    places = [(n * ports.input.bits, "in_data") for n in range(ports.numbers)]
    if ports.mass is not None:
        places.append((0, "in_mass"))
        types.append(("in_mass", ports.mass))
    parts = []
    for (first, port), (_, fixed_type), interval in zip(places, types, intervals, strict=True):
        signed, integer, fraction = (int(part) for part in interval.kif)
        width = signed + integer + fraction
        if width:
            low = first + fixed_type.fraction - fraction
            parts.append(f"{port}[{low + width - 1}:{low}]")
    total = sum(sum(interval.kif) for interval in intervals)
    listed = ",\n        ".join(reversed(parts))
    return f"    wire [{total - 1}:0] taken = {{\n        {listed}\n    }};\n", "taken"


def _score(interval: Any, score_type: FixedPoint) -> str:
    """The score on the grid of its type: its own bits, the sign repeated above them and zeros below."""
    signed, integer, fraction = (int(part) for part in interval.kif)
    width = signed + integer + fraction
    if not width:
        return f"{score_type.bits}'b0"
    below = score_type.fraction - fraction
    # alkaid's interval may be looser than the proof by which the score fits its type.
    width = min(width, score_type.bits - below)
    above = score_type.bits - width - below
    sign = f"results[{width - 1}]" if signed else "1'b0"
    parts = (
        [f"{{{above}{{{sign}}}}}"] * (above > 0) + [f"results[{width - 1}:0]"] + [f"{below}'b0"] * (below > 0)
    )
    return f"{{{', '.join(parts)}}}"
