"""One line of ``metrics.csv`` an epoch, kept across interruptions."""

import csv
from pathlib import Path
from typing import Any

import lightning

from edgeood.files.atomic import atomic_path


class History(lightning.Callback):
    """Write every epoch's logged metrics to a CSV file.

    The lines so far travel in the checkpoint, so that a resumed training leaves the file of an undisturbed
    one. (Lightning's own CSV logger begins anew when it is resumed.)
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Collect the metrics of this epoch (validation is done by now) and rewrite the file."""
        metrics = {key: float(value) for key, value in sorted(trainer.callback_metrics.items())}
        self.rows.append({"epoch": trainer.current_epoch} | metrics)
        if trainer.is_global_zero:
            with atomic_path(self.file) as temporary, temporary.open("w", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(self.rows[-1]), restval="")
                writer.writeheader()
                writer.writerows(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """The lines so far, for the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the lines of the checkpoint."""
        self.rows = list(state["rows"])
