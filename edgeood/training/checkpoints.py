"""What a killed training goes on from: written wholly or not at all, and told apart from a damaged one."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path

CHECKPOINTS = "checkpoints"


class AtomicCheckpoints(TorchCheckpointIO):
    """Write checkpoints beside their place first, so that a full disk or a kill leaves the one before.

    (Lightning itself writes to another folder and moves, which copies if that is on another file system.)
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint to ``path``."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content.getbuffer())


def check_checkpoint(path: Path) -> None:
    """Raise :class:`EdgeoodError` if a checkpoint is there and damaged."""
    if not path.is_file():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        damaged = str(error)
    if damaged is not None:
        raise EdgeoodError(
            f"{path} is damaged ({damaged}); remove the folder {path.parent} to train from the beginning."
        )
