"""The families of cases by name, made when they are used."""

import warnings
from pathlib import Path
from typing import Any

from benchmarks.hardness.families.cards import Cards
from benchmarks.hardness.families.jets import JetFiles
from benchmarks.hardness.families.models import Models
from benchmarks.hardness.families.recipes import Recipes
from benchmarks.hardness.families.runs import Runs
from benchmarks.hardness.family import Family
from edgeood.errors import OutsideDomainWarning

FAMILIES: dict[str, type[Family[Any]]] = {one.name: one for one in (JetFiles, Recipes, Runs, Cards, Models)}
"""A new one is a module and a name here."""


def made(name: str, scratch: Path) -> Family[Any]:
    """A family with what its cases start from."""
    material = scratch / f"{name}-material"
    material.mkdir()
    with warnings.catch_warnings():
        # Toy runs score jets of others.
        warnings.simplefilter("ignore", OutsideDomainWarning)
        return FAMILIES[name](material)
