"""The jets: which classes are known, what is never shown, how masses are matched, how events are split."""

from typing import Annotated

from pydantic import Field, model_validator

from edgeood.recipe.section import Int, Real, Section, Text

Processes = Annotated[tuple[Text, ...], Field(min_length=1, max_length=1000)]


class MassMatching(Section):
    """Thin every class out to the background's mass spectrum, so that mass says nothing of the class [CC22 §4.2]."""

    bin_gev: Real = Field(10.0, ge=0.01, le=1e5, description="bin width of the mass spectra")
    largest_weight: Real = Field(
        20.0,
        gt=1,
        le=1e6,
        description="a jet stands for at most this many, where a class is rarer than the background",
    )


class Overlaid(Section):
    """Pairs of known jets laid on top of each other, which the network learns to tell from single jets."""

    per_jet: Real = Field(0.5, gt=0, le=100, description="overlaid jets for each known one")
    radius: Real = Field(0.4, gt=0, le=10, description="radians; that of the jets")
    least_share: Real = Field(0.1, gt=0, le=0.5, description="of the momentum, of the softer jet")
    largest_distance: Real = Field(0.5, gt=0, le=20, description="radians between the axes of the two")

    @model_validator(mode="after")
    def _check(self) -> "Overlaid":
        if self.largest_distance > 2 * self.radius:
            raise ValueError(
                "largest_distance: at more than twice the radius both jets may lie outside; lower it"
            )
        return self


class Data(Section):
    """Which jets are known, which are never shown, and how events are split."""

    jets: tuple[str, ...] = Field((), description="jet files or folders of them; `--jets` overrides")
    classes: dict[Text, Processes] = Field(
        max_length=100, description="known class → processes it is made of"
    )
    background: str = Field("qcd", description="the class that signals are told from")
    signals: dict[Text, Processes] = Field({}, max_length=100, description="never trained on; only evaluated")
    mass_matching: MassMatching | None = Field(None, description="match all classes to the background's mass")
    overlaid: Overlaid | None = Field(
        None, description="train on pairs of known jets as well, as a further class"
    )
    jets_per_process: Int | None = Field(
        None, ge=1, le=10**9, description="train and validate on at most this many jets of a process"
    )
    train: Real = Field(0.7, gt=0, lt=1, description="fraction of events to train on")
    validation: Real = Field(0.1, gt=0, lt=1, description="fraction of events to select on")

    @model_validator(mode="after")
    def _check(self) -> "Data":
        if not self.classes:
            raise ValueError("there must be at least one known class")
        if self.background not in self.classes:
            raise ValueError(f"background '{self.background}' is not one of the classes {list(self.classes)}")
        class_of: dict[str, str] = {}
        for name, members in self.classes.items():
            for process in members:
                if class_of.setdefault(process, name) != name:
                    raise ValueError(
                        f"process '{process}' is of two classes, '{class_of[process]}' and '{name}'"
                    )
        if self.train + self.validation >= 1:
            raise ValueError("train + validation must leave a fraction of events to test on")
        return self
