"""What all sections of a recipe share, and how large what they name may be.

The bounds are far above anything that was ever trained. They are there for a slip of the keyboard, which else shows as
a machine without memory, hours later.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"a number is expected, not {str(value).lower()}")
    return value


class Section(BaseModel):
    """Keys that are not known are refused, and so are infinite numbers; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Int = Annotated[int, BeforeValidator(_no_truth_value)]
"""A whole number; ``yes`` is none."""
Real = Annotated[float, BeforeValidator(_no_truth_value)]
"""A number; ``yes`` is none."""
Width = Annotated[Int, Field(ge=1, le=16384)]
"""Neurons or channels of a layer."""
Widths = Annotated[tuple[Width, ...], Field(max_length=64)]
"""Of the layers of a network, one after the other."""
Rate = Annotated[Real, Field(gt=0, le=10)]
"""A learning rate."""
Weight = Annotated[Real, Field(ge=0, le=1e6)]
"""Of one term of a loss beside others."""
Text = Annotated[str, Field(min_length=1, max_length=200)]
"""A name that other things are found by."""
