"""What a released detector makes of small public samples: jets of other generators, detectors and radii."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError, OutsideDomainWarning
from edgeood.jets.readers.named import reading_as
from edgeood.released import load_released


@dataclass(frozen=True)
class PublicSample:
    """A file of public jets, and how the card calls it."""

    title: str
    file: Path
    format: str | None = None


def parsed(text: str) -> PublicSample:
    """``TITLE=FILE`` or ``TITLE=FILE@FORMAT``. Raises :class:`EdgeoodError` for anything else, or a missing file."""
    title, _, place = text.partition("=")
    path, _, format = place.partition("@")
    if not title or not path or not Path(path).exists():
        raise EdgeoodError(f"'{text}' names no public sample; write TITLE=FILE or TITLE=FILE@FORMAT.")
    return PublicSample(title, Path(path), format or None)


def measured(folder: Path, score: str, samples: Sequence[PublicSample]) -> list[dict[str, Any]]:
    """For each sample ``title``, ``jets``, ``anomalous`` (its share and error), ``outside`` of the domain or not.

    A sample that the detector cannot take, for want of a field for example, has ``refused``, the reason, instead.
    """
    detector = load_released(folder, score)
    found: list[dict[str, Any]] = []
    for sample in samples:
        with warnings.catch_warnings(record=True) as caught, reading_as(sample.format):
            warnings.simplefilter("always", OutsideDomainWarning)
            try:
                anomalous = detector.decide(sample.file).anomalous
            except EdgeoodError as error:
                found.append({"title": sample.title, "refused": " ".join(str(error).split())})
                continue
        share = float(anomalous.mean())
        outside = any(issubclass(one.category, OutsideDomainWarning) for one in caught)
        deviation = math.sqrt(share * (1 - share) / len(anomalous))
        found.append(
            {
                "title": sample.title,
                "jets": len(anomalous),
                "anomalous": [share, deviation],
                "outside": outside,
            }
        )
    return found
