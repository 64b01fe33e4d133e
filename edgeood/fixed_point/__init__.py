"""The ground floor: number types, graphs of integer operations, their exact values, ranges and costs. NumPy alone.

Everything that goes to a chip, whatever toolkit it comes from, is described in these terms.
"""

from edgeood.fixed_point.types import FixedPoint

__all__ = ["FixedPoint"]
