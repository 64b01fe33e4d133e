"""What a network sees of a jet."""

from typing import Literal

from pydantic import Field

from edgeood.recipe.section import Section


class Images(Section):
    """Energy images of a jet on a square (η, φ) window."""

    kind: Literal["images"] = "images"
    pixels: int = Field(50, ge=8, le=256, description="pixels along one side")
    half_width: float = Field(0.8, gt=0, description="half the window's side, in η and in φ (radians)")
    rotate: bool = Field(True, description="turn the principal axis of the energy upright and flip")
    intensity: Literal["linear", "sqrt"] = Field("linear", description="what a pixel holds of its share")
    scale: float = Field(1.0, gt=0, description="every pixel is multiplied by this (power of two on chip)")


class Constituents(Section):
    """The leading constituents as points in (η, φ), with momentum and energy [CC22 §3.1]."""

    kind: Literal["constituents"] = "constituents"
    constituents: int = Field(100, ge=2, description="leading constituents that are kept")
    rotate: bool = Field(True, description="turn the principal axis of the momenta upright and flip")
    identity: bool = Field(False, description="tell charge and kind (hadron, photon, lepton) as well")

    @property
    def features(self) -> int:
        """Features of a constituent, ``valid`` not counted."""
        return 4 + 6 * self.identity


class FourVectors(Section):
    """The four-vectors of the leading constituents in one row [CC22 App. B]."""

    kind: Literal["four_vectors"] = "four_vectors"
    constituents: int = Field(20, ge=1, description="leading constituents that are kept")


class Substructure(Section):
    """High-level observables that do not change with the jet's size (:mod:`edgeood.inputs.substructure`)."""

    kind: Literal["substructure"] = "substructure"
    identity: bool = Field(False, description="tell what kinds of constituents carry the momentum as well")
