"""The run directory: what a training produced, the only thing that is passed between commands."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.files.fitted import check_fitted
from edgeood.files.reading import read_arrays, read_json
from edgeood.files.recovery import recover
from edgeood.files.seal import check_file, check_seal, sealed
from edgeood.files.together import replace_together
from edgeood.resources import is_released, released_folder, run_folder
from edgeood.suggestions import suggestion
from edgeood.version import installed_versions

if TYPE_CHECKING:
    from edgeood.recipe import Recipe

FORMAT = "edgeood-run"
FORMAT_VERSION = 1
SEALED = ("network.safetensors", "network.keras", "scores.npz", "recipe.yaml")
"""Files that ``run.json`` knows by their SHA-256, as far as they are there."""
Parameters = dict[str, dict[str, NDArray[Any]]]
"""Score → its fitted parameters by name."""
_RESTORE = "copy the run again, or train again into a new folder."


def run_files(folder: Path) -> list[Path]:
    """Files of a run that nothing else may be written to: its own, its exports, those of a released detector."""
    own = [
        folder / name for name in ("run.json", "card.json", "card.md", "vectors.npz", "metrics.csv", *SEALED)
    ]
    exports = [file for file in (folder / "export").rglob("*") if file.is_file()]
    return [file for file in own if file.is_file()] + exports


class Run:
    """A run directory.

    =======================  ============================================================================
    ``run.json``             format, recipe, versions, checksums of the jets and the files below; the last
    ``recipe.yaml``          the resolved recipe, for reading
    ``network.safetensors``  the weights (quantized twins: the latent float weights)
    ``network.keras``        quantized twins: the same network for Keras users
    ``scores.npz``           the fitted anomaly scores
    ``metrics.csv``          one line an epoch
    ``checkpoints/``         what a killed training goes on from
    ``evaluation/``          metrics and figures, by ``edgeood evaluate``
    ``export/<score>/``      QONNX, ONNX and HLS of one fused score, by ``edgeood export``
    =======================  ============================================================================
    """

    WRITTEN = ("format", "version", "recipe", "versions", "data", "files", "digest")
    """Keys of ``run.json`` that :meth:`finish` writes itself."""

    def __init__(self, path: str | os.PathLike[str], manifest: dict[str, Any]) -> None:
        self.path = Path(path)
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Run":
        """Open a finished run, by its folder, or a released detector by its name (:func:`run_folder`).

        Raises :class:`EdgeoodError` if the folder is no run, is unfinished, was changed by another hand, or has
        another format version.
        """
        folder = run_folder(path)
        if not folder.is_dir():
            released = [card.parent.name for card in released_folder().glob("*/card.json")]
            hint = suggestion(os.fspath(path), released, "make one with `edgeood train`.")
            raise EdgeoodError(f"there is no run directory {folder}; {hint}")
        if not is_released(folder):
            recover(folder)
        file = folder / "run.json"
        if not file.is_file():
            unfinished = (folder / "checkpoints").is_dir()
            what = "an unfinished training" if unfinished else "no run directory (run.json is missing)"
            raise EdgeoodError(f"{folder} is {what}; run `edgeood train` to its end.")
        manifest = read_json(file, _RESTORE)
        if manifest.get("format") != FORMAT:
            raise EdgeoodError(f"{file} does not describe a run of edgeood; train into another folder.")
        if manifest.get("version") != FORMAT_VERSION:
            raise EdgeoodError(
                f"{folder} has run format version {manifest.get('version')}, this edgeood reads version "
                f"{FORMAT_VERSION}; train again, or use the edgeood that wrote it."
            )
        run = cls(folder, manifest)
        run._check_manifest(file)
        return run

    def _check_manifest(self, file: Path) -> None:
        """Raise :class:`EdgeoodError` unless ``run.json`` is what was written, with all that is read of it."""
        if "digest" in self.manifest:
            check_seal(self.manifest, file, _RESTORE)
        else:
            check_file(file, self._recorded.get(file.name), _RESTORE)
        recipe: Any = self.manifest.get("recipe")
        sections = {"data": dict, "inputs": dict, "network": dict, "score": dict, "quantization": dict | None}
        for name, sort in sections.items():
            if not isinstance(recipe, dict) or not isinstance(recipe.get(name, 0), sort):
                raise EdgeoodError(f"{file} has no proper section '{name}' in its recipe; {_RESTORE}")
        for name, key, kind in (("data", "classes", dict), ("score", "kind", str)):
            if not isinstance(recipe[name].get(key), kind):
                raise EdgeoodError(f"{file} has no proper '{name}.{key}' in its recipe; {_RESTORE}")

    @classmethod
    def finish(
        cls,
        path: str | os.PathLike[str],
        recipe: "Recipe",
        data: dict[str, str],
        versions: dict[str, str] | None = None,
        *,
        scores: "Parameters | None" = None,
        **extra: Any,
    ) -> "Run":
        """Seal a run directory once everything else lies in it.

        ``data`` maps each jet file's name to its SHA-256, ``versions`` are of what trained it (default: what is
        installed), ``scores`` are parameters to write as :meth:`save_scores` does; ``extra`` goes into the manifest
        as it is. All files change together or, after an error, none.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        with replace_together(folder, last="run.json") as new:
            (new / "recipe.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
            if scores is not None:
                cls(new, {}).save_scores(scores)
            places = {name: new / name if (new / name).is_file() else folder / name for name in SEALED}
            manifest = sealed(
                {
                    "format": FORMAT,
                    "version": FORMAT_VERSION,
                    "recipe": recipe.model_dump(mode="json"),
                    "versions": versions or installed_versions(),
                    "data": dict(sorted(data.items())),
                    "files": {name: sha256_of(place) for name, place in places.items() if place.is_file()},
                    **extra,
                }
            )
            # The order of the classes is that of the logits: keys stay as they are.
            (new / "run.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
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
        told = self.manifest
        if "domain" not in told and card.is_file():
            told = read_json(card, "install edgeood again.", ())
        domain: dict[str, list[float]] | None = told.get("domain")
        return domain

    @property
    def network_file(self) -> Path:
        """The weights."""
        return self.path / "network.safetensors"

    def export_folder(self, score: str) -> Path:
        """Where the exports of one fused score lie."""
        return self.path / "export" / score

    @property
    def _recorded(self) -> dict[str, str]:
        """File → SHA-256, by ``run.json``; of a released detector that has none there, by its card."""
        recorded = self.manifest.get("files")
        card = self.path / "card.json"
        if recorded is None and card.is_file():
            recorded = read_json(card, _RESTORE).get("files")
        return dict(recorded) if isinstance(recorded, dict) else {}

    def recorded_sha256(self, name: str) -> str | None:
        """What a file of the run must have as its SHA-256; None if that was not recorded, as before version 0.2."""
        return self._recorded.get(name)

    def checked(self, name: str) -> Path:
        """A file of the run. Raises :class:`EdgeoodError` if it is not the one that was recorded."""
        check_file(self.path / name, self.recorded_sha256(name), _RESTORE)
        return self.path / name

    def check_files(self) -> None:
        """Compare all files that are there with what was recorded. Raises :class:`EdgeoodError` for another one."""
        for name in SEALED:
            if (self.path / name).is_file():
                self.checked(name)

    def save_scores(self, parameters: Parameters) -> None:
        """Store the fitted parameters of every score: score name → parameter name → array; ``run.json`` notes it."""
        flat = {f"{score}/{key}": value for score, own in parameters.items() for key, value in own.items()}
        with replace_together(self.path, last="run.json") as new:
            np.savez(new / "scores.npz", allow_pickle=False, **flat)
            if "files" in self.manifest:
                files = {**self.manifest["files"], "scores.npz": sha256_of(new / "scores.npz")}
                manifest = sealed({**self.manifest, "files": files})
                (new / "run.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        if "files" in self.manifest:
            self.manifest = manifest

    def load_scores(self) -> "Parameters":
        """The fitted parameters of every score, as given to :meth:`save_scores`.

        Raises :class:`EdgeoodError` if the file is missing, damaged, another than the one recorded, or not of this
        network.
        """
        parameters: Parameters = {}
        for name, value in read_arrays(self.checked("scores.npz"), _RESTORE).items():
            score, _, key = name.partition("/")
            parameters.setdefault(score, {})[key] = value
        width = self.manifest["recipe"]["network"].get("representation")
        for score, own in parameters.items():
            check_fitted(score, own, width, str(self.path / "scores.npz"), _RESTORE)
        return parameters

    def score_parameters(self, score: str) -> dict[str, NDArray[Any]]:
        """The fitted parameters of one score. Raises :class:`EdgeoodError` if the run has no such score."""
        parameters = self.load_scores()
        if score not in parameters:
            remedy = suggestion(score, parameters, f"choose one of {', '.join(parameters)}.")
            raise EdgeoodError(f"{self.path} has no fitted score '{score}'; {remedy}")
        return parameters[score]
