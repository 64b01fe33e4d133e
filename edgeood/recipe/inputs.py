"""What a network sees of a jet."""

import math
from typing import Literal

from pydantic import Field, field_validator

from edgeood.recipe.section import Int, Real, Section


class Images(Section):
    """Energy images of a jet on a square (η, φ) window."""

    kind: Literal["images"] = "images"
    pixels: Int = Field(50, ge=8, le=256, description="pixels along one side")
    half_width: Real = Field(0.8, gt=0, le=10, description="half the window's side, in η and in φ (radians)")
    rotate: bool = Field(True, description="turn the principal axis of the energy upright and flip")
    intensity: Literal["linear", "sqrt"] = Field("linear", description="what a pixel holds of its share")
    scale: Real = Field(
        1.0, gt=0, le=1e6, description="every pixel is multiplied by this (power of two on chip)"
    )


class Constituents(Section):
    """The leading constituents as points in (η, φ), with momentum and energy [CC22 §3.1]."""

    kind: Literal["constituents"] = "constituents"
    constituents: Int = Field(100, ge=2, le=1024, description="leading constituents that are kept")
    rotate: bool = Field(True, description="turn the principal axis of the momenta upright and flip")
    identity: bool = Field(False, description="tell charge and kind (hadron, photon, lepton) as well")

    @property
    def features(self) -> int:
        """Features of a constituent, ``valid`` not counted."""
        return 4 + 6 * self.identity


class FourVectors(Section):
    """The four-vectors of the leading constituents in one row [CC22 App. B]."""

    kind: Literal["four_vectors"] = "four_vectors"
    constituents: Int = Field(20, ge=1, le=1024, description="leading constituents that are kept")


class Substructure(Section):
    """High-level observables that do not change with the jet's size (:mod:`edgeood.inputs.substructure`)."""

    kind: Literal["substructure"] = "substructure"
    identity: bool = Field(False, description="tell what kinds of constituents carry the momentum as well")


class TriggerCandidates(Section):
    """The leading constituents as integers on a trigger's grid (:mod:`edgeood.inputs.trigger_candidates`).

    The defaults are the steps of the particle-flow candidates of CMS's Phase-2 Level-1 trigger.
    """

    kind: Literal["trigger_candidates"] = "trigger_candidates"
    constituents: Int = Field(
        16, ge=2, le=128, description="leading constituents that are kept; a power of two"
    )
    pt_step_gev: Real = Field(0.25, ge=1e-3, le=1e3)
    pt_bits: Int = Field(14, ge=4, le=16, description="bits of pT; larger momenta saturate")
    angle_step: Real = Field(math.pi / 720, ge=1e-6, le=1, description="step of η and φ (radians)")
    angle_bits: Int = Field(
        9, ge=4, le=12, description="bits of Δη and Δφ, sign included; wider angles saturate"
    )
    identity: bool = Field(False, description="tell the kind of a candidate (hadron, photon, lepton) as well")
    leptons_first: bool = Field(
        False, description="electrons and muons stand before all other candidates, however soft"
    )

    @field_validator("constituents")
    @classmethod
    def _power_of_two(cls, constituents: int) -> int:
        if constituents & (constituents - 1):
            raise ValueError("a power of two, so that a mean over the constituents is exact")
        return constituents

    @property
    def features(self) -> int:
        """Features of a candidate."""
        return 3 + 5 * self.identity
