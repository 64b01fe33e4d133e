"""The table of speeds, for people."""

from collections.abc import Mapping, Sequence

from benchmarks.cpu_speed.timing import Row

HEADER = (
    "| network | score | jets | C-simulation /s | ONNX Runtime /s | integers /s | over C-simulation | mismatches |\n"
    "|---|---|---|---:|---:|---:|---:|---:|\n"
)


def as_line(row: Row) -> str:
    """One row of the table."""
    rates = [f"{rate:,.0f}" for rate in (row.csim, row.onnxruntime, row.cpu)]
    fields = [row.network, row.score, row.inputs, *rates, f"**{row.ratio:,.0f}×**", str(row.mismatches)]
    return "| " + " | ".join(fields) + " |\n"


def as_markdown(rows: Sequence[Row], on: Mapping[str, str]) -> str:
    """The whole report."""
    few = max(row.csim_jets for row in rows)
    return (
        "# Bit-exact scoring on one core: jets per second\n\n"
        f"{on['cpu']}; {on['compiler']}, ONNX Runtime {on['onnxruntime']}. One thread, processor time, the best of "
        f"{on['rounds']} rounds; inputs are ready in memory. Every jet is scored by ONNX Runtime and in integers, "
        f"the first {few:,} by C-simulation of the Vitis project too; a mismatch is a jet whose score differs in any "
        f"bit.\n\n{HEADER}" + "".join(map(as_line, rows))
    )
