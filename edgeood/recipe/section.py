"""What all sections of a recipe share."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Keys that are not known are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
