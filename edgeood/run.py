"""The run directory: what a training produced, the only thing that is passed between commands."""

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.atomic import atomic_path, write_text
from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

if TYPE_CHECKING:
    from edgeood.recipe import Recipe

FORMAT = "edgeood-run"
FORMAT_VERSION = 1
_RECORDED = (
    "edgeood",
    "torch",
    "lightning",
    "keras",
    "qkeras-v3",
    "brevitas",
    "numpy",
    "onnx",
    "qonnx",
    "hls4ml",
)


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result, as far as they are installed."""
    versions = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


class Run:
    """A run directory.

    ======================  ==========================================================================
    ``run.json``            format, recipe, versions, checksums of the jets; written when training ends
    ``recipe.yaml``         the resolved recipe, for reading
    ``network.safetensors`` the weights (quantized twins: the latent float weights)
    ``network.keras``       quantized twins: the same network for Keras users
    ``scores.npz``          the fitted anomaly scores
    ``metrics.csv``         one line an epoch
    ``checkpoints/``        what a killed training goes on from
    ``evaluation/``         metrics and figures, by ``edgeood evaluate``
    ``export/<score>/``     QONNX, ONNX and HLS of one fused score, by ``edgeood export``
    ======================  ==========================================================================
    """

    WRITTEN = ("format", "version", "recipe", "versions", "data")
    """Keys of ``run.json`` that :meth:`finish` writes itself."""

    def __init__(self, path: str | os.PathLike[str], manifest: dict[str, Any]) -> None:
        self.path = Path(path)
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Run":
        """Open a finished run.

        Raises :class:`EdgeoodError` if the folder is no run, is unfinished, or has another format version.
        """
        folder = Path(path)
        file = folder / "run.json"
        if not folder.is_dir():
            raise EdgeoodError(f"there is no run directory {folder}; make one with `edgeood train`.")
        if not file.is_file():
            unfinished = (folder / "checkpoints").is_dir()
            what = "an unfinished training" if unfinished else "no run directory (run.json is missing)"
            raise EdgeoodError(f"{folder} is {what}; run `edgeood train` to its end.")
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EdgeoodError(f"{file} is not readable JSON; train again into a new folder.") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise EdgeoodError(f"{file} does not describe a run of edgeood; train into another folder.")
        if manifest.get("version") != FORMAT_VERSION:
            raise EdgeoodError(
                f"{folder} has run format version {manifest.get('version')}, this edgeood reads version "
                f"{FORMAT_VERSION}; train again, or use the edgeood {manifest.get('versions', {}).get('edgeood')} "
                "that wrote it."
            )
        return cls(folder, manifest)

    @classmethod
    def finish(
        cls,
        path: str | os.PathLike[str],
        recipe: "Recipe",
        data: dict[str, str],
        versions: dict[str, str] | None = None,
        **extra: Any,
    ) -> "Run":
        """Seal a run directory once everything else lies in it.

        ``data`` maps each jet file's name to its SHA-256, ``versions`` are of what trained it (default: what is
        installed); ``extra`` goes into the manifest as it is.
        """
        folder = Path(path)
        manifest = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "recipe": recipe.model_dump(mode="json"),
            "versions": versions or installed_versions(),
            "data": dict(sorted(data.items())),
            **extra,
        }
        write_text(folder / "recipe.yaml", recipe.to_yaml())
        # The order of the classes is that of the logits: keys stay as they are.
        write_text(folder / "run.json", json.dumps(manifest, indent=1) + "\n")
        return cls(folder, manifest)

    @property
    def recipe(self) -> "Recipe":
        """The resolved recipe that this run was trained with."""
        from edgeood.recipe import parse_recipe

        return parse_recipe(self.manifest["recipe"], str(self.path / "run.json"))

    @property
    def quantized(self) -> bool:
        """Whether the network is a quantized twin."""
        return self.manifest["recipe"]["quantization"] is not None

    @property
    def classes(self) -> list[str]:
        """Names of the known classes, in the order of the logits."""
        return list(self.manifest["recipe"]["data"]["classes"])

    @property
    def domain(self) -> dict[str, list[float]] | None:
        """Ranges of the jets it is for (:mod:`edgeood.jets.domain`): the run's, or its card's; None if unknown."""
        card = self.path / "card.json"
        if "domain" in self.manifest or not card.is_file():
            return self.manifest.get("domain")
        return json.loads(card.read_text(encoding="utf-8")).get("domain")

    @property
    def network_file(self) -> Path:
        """The weights."""
        return self.path / "network.safetensors"

    def export_folder(self, score: str) -> Path:
        """Where the exports of one fused score lie."""
        return self.path / "export" / score

    def save_scores(self, parameters: dict[str, dict[str, NDArray[Any]]]) -> None:
        """Store the fitted parameters of every score: score name → parameter name → array."""
        flat = {f"{score}/{key}": value for score, own in parameters.items() for key, value in own.items()}
        with atomic_path(self.path / "scores.npz") as temporary:
            np.savez(temporary, allow_pickle=False, **flat)

    def load_scores(self) -> dict[str, dict[str, NDArray[Any]]]:
        """The fitted parameters of every score, as given to :meth:`save_scores`."""
        parameters: dict[str, dict[str, NDArray[Any]]] = {}
        with np.load(self.path / "scores.npz", allow_pickle=False) as file:
            for name in file.files:
                score, key = name.split("/", 1)
                parameters.setdefault(score, {})[key] = file[name]
        return parameters

    def score_parameters(self, score: str) -> dict[str, NDArray[Any]]:
        """The fitted parameters of one score. Raises :class:`EdgeoodError` if the run has no such score."""
        parameters = self.load_scores()
        if score not in parameters:
            remedy = suggestion(score, parameters, f"choose one of {', '.join(parameters)}.")
            raise EdgeoodError(f"{self.path} has no fitted score '{score}'; {remedy}")
        return parameters[score]
