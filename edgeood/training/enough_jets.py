"""Do the jets suffice for everything that follows? Asked before the first epoch, not after the last one."""

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe
from edgeood.scores.nearest_neighbours import NEIGHBOURS
from edgeood.scores.working_point import check_jets_for
from edgeood.training.known_jets import KnownJets

FEWEST_TO_TRAIN, FEWEST_TO_VALIDATE = 2, 1
"""Jets of each class; Mahalanobis distances are fitted on two or more."""


def check_enough(recipe: Recipe, train: KnownJets, validation: KnownJets) -> None:
    """Raise :class:`EdgeoodError` if jets are too few to train, to fit the scores or to set their working points."""
    classes = list(recipe.data.classes)
    if len(train) < recipe.training.batch_size or not len(validation):
        raise EdgeoodError(
            f"only {len(train)} jets to train and {len(validation)} to validate on; generate more, or lower "
            "training.batch_size."
        )
    for jets, fewest, what in (
        (train, FEWEST_TO_TRAIN, "train"),
        (validation, FEWEST_TO_VALIDATE, "validate"),
    ):
        for name, count in zip(classes, np.bincount(jets.labels, minlength=len(classes)), strict=True):
            if count < fewest:
                raise EdgeoodError(
                    f"class '{name}' has too few jets to {what} on ({count}, at least {fewest} are needed); generate "
                    "more, or change data.train and data.validation."
                )
    background = classes.index(recipe.data.background)
    # An autoencoder knows the background alone.
    fitted = int(np.sum(train.labels == background)) if recipe.network.kind == "vae" else len(train)
    if fitted < NEIGHBOURS:
        raise EdgeoodError(
            f"{fitted} jets to fit the scores on are too few for a distance to the {NEIGHBOURS}th neighbour; generate "
            "more."
        )
    check_jets_for(recipe.score.background_efficiency, int(np.sum(validation.labels == background)))
