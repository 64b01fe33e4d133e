"""Jets → network inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.format import Jets


def inputs_of(jets: Jets, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """(N, …) network inputs of ``jets``; ``settings`` is a recipe's section ``inputs`` as plain values.

    Images are (N, 1, P, P), constituents (N, P, 5 or 11), four-vectors (N, 4·P), substructure (N, 14 or 20),
    trigger candidates (N, P, 3 or 8): see the modules of this package.
    Raises :class:`EdgeoodError` if the jets lack what is asked for.
    """
    kind = settings["kind"]
    if kind == "constituents":
        from edgeood.inputs.constituents import constituents_of

        return constituents_of(jets, settings)
    if kind == "four_vectors":
        from edgeood.inputs.four_vectors import four_vectors_of

        return four_vectors_of(jets, settings)
    if kind == "substructure":
        from edgeood.inputs.substructure import substructure_of

        return substructure_of(jets, settings)
    if kind == "trigger_candidates":
        from edgeood.inputs.trigger_candidates import trigger_candidates_of

        return trigger_candidates_of(jets, settings)
    from edgeood.inputs.images import images_of

    return images_of(jets, settings)
