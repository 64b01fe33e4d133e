"""``python -m benchmarks.quantization.release RUN NAME``: a finished, measured run → a released detector.

A release is a run directory again, so that it can be exported and verified like any other, without what only its
training needed; the paths of the machine that trained it are left out.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.quantization.card import markdown
from benchmarks.quantization.designs import bits_of
from benchmarks.quantization.public_samples import PublicSample, parsed
from benchmarks.quantization.public_samples import measured as measured_on
from benchmarks.quantization.rows import total_ebops
from benchmarks.quantization.vectors import vectors_of, write_vectors
from edgeood.checksums import sha256_of
from edgeood.cli.options import UnseenOption
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.evaluation.held_out import held_out_jets
from edgeood.evaluation.selection import unknown_to
from edgeood.export import to
from edgeood.export.record import read_record
from edgeood.export.targets import TARGETS
from edgeood.files.atomic import atomic_path, write_text
from edgeood.files.model_card import CARD, FORMAT, FORMAT_VERSION
from edgeood.inputs import inputs_of, needs_of
from edgeood.jets.domain import domain_of, quantities_of
from edgeood.jets.format import Jets, jet_files, write_jets
from edgeood.jets.split import TEST
from edgeood.recipe import Recipe
from edgeood.released import EXAMPLE, load_released
from edgeood.resources import released_folder
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES
from edgeood.training.known_jets import split_jets
from edgeood.training.sealing import close_again

_EXAMPLES = 48
_TARGETS = ("qonnx", "onnx")

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)


def release(
    run: Run,
    name: str,
    folder: Path,
    jets: Sequence[str | Path],
    *,
    unseen: bool = False,
    limits: Sequence[str] = (),
    public: Sequence[PublicSample] = (),
) -> Path:
    """Write the released detector ``folder/name`` from a quantized run; returns that folder.

    The folder is written wholly or not at all: its test vectors, computed by the network itself, must come out of
    ONNX Runtime to the last bit first.

    Parameters
    ----------
    run : a finished run that was evaluated (``edgeood evaluate``); a record of ``edgeood verify`` is taken along
    jets : jet files, of whose held-out jets a few become the example and the test vectors
    unseen : files that the run was not trained on hold no jets that it knows, as for ``edgeood evaluate``
    limits : sentences for the model card, beside those that hold for every detector
    public : public samples of which the card says how many of their jets the decision lets pass

    Raises :class:`EdgeoodError` for a float run, one that was not evaluated, or vectors that differ.
    """
    if not run.quantized:
        raise EdgeoodError(f"{run.path} is a float run, which no firmware computes; release its twin.")
    measured = run.path / "evaluation" / "metrics.json"
    if not measured.is_file():
        raise EdgeoodError(f"{run.path} was not measured; run `edgeood evaluate {run.path}` first.")
    recipe = _portable(run.recipe)
    files = jet_files(list(jets))
    digests = {file: sha256_of(file) for file in files} if unseen else {}
    known = held_out_jets(recipe, files, unknown_to(run.manifest["data"], digests))
    # Of the split's own test jets, so that nobody takes the example for jets of a training.
    example = _spread(known[split_jets(known, recipe.data) == TEST], _EXAMPLES)
    with atomic_path(folder / name) as temporary:
        copy = _copy(run, recipe, temporary)
        write_jets(temporary / EXAMPLE, example, {"detector": name})
        for score in FUSED_SCORES:
            for target in _TARGETS:
                to(copy, target, score=score)
        vectors = vectors_of(inputs_of(example, recipe.inputs.model_dump()))
        write_vectors(copy, vectors)
        card = _card(copy, name, json.loads(measured.read_text(encoding="utf-8")), known)
        card["verified"] = _verified(run)
        card["limits"] = [*_limits(card), *limits]
        if public:
            # A detector needs a card to be loaded.
            write_text(temporary / CARD, json.dumps(_complete(card, temporary)) + "\n")
            card["public_samples"] = measured_on(temporary, card["score"], public)
        write_text(temporary / "card.md", markdown(card))
        write_text(temporary / CARD, json.dumps(_complete(card, temporary), indent=1) + "\n")
        for score in FUSED_SCORES:
            if wrong := load_released(temporary, score).check():
                raise EdgeoodError(
                    f"ONNX Runtime computes {wrong} of {len(vectors)} test vectors of '{score}' otherwise than the "
                    f"network; run `edgeood verify {run.path}`."
                )
    return folder / name


def _complete(card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The card with the checksums of all other files of the folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != CARD]
    return card | {"files": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}}


def _portable(recipe: Recipe) -> Recipe:
    """The recipe without paths, which mean nothing on another machine."""
    data = recipe.data.model_copy(update={"jets": ()})
    taught = recipe.distillation and recipe.distillation.model_copy(update={"teacher": None})
    return recipe.model_copy(update={"data": data, "distillation": taught})


def _copy(run: Run, recipe: Recipe, folder: Path) -> Run:
    """A run directory with the weights, and the parameters of the fused scores alone."""
    folder.mkdir(parents=True)
    shutil.copyfile(run.network_file, folder / run.network_file.name)
    scores = {name: own for name, own in run.load_scores().items() if name in FUSED_SCORES}
    return close_again(run, recipe, scores, folder)


def _spread(jets: Jets, count: int) -> Jets:
    """``count`` jets, of every process as many."""
    names = jets.process_names
    turns = [np.flatnonzero(names == name) for name in np.unique(names)]
    share = -(-count // len(turns))
    rows = np.sort(np.concatenate([own[:share] for own in turns]))
    return jets[rows[:count]] if len(rows) > count else jets[rows]


def _card(run: Run, name: str, metrics: Mapping[str, Any], jets: Jets) -> dict[str, Any]:
    """What ``card.json`` says, without checksums and limits."""
    recipe = run.recipe
    assert recipe.quantization is not None
    ebops = total_ebops(run, FUSED_SCORES)
    background = np.isin(jets.process_names, recipe.data.classes[recipe.data.background])
    scores = {}
    for score in FUSED_SCORES:
        about = read_record(run, score)
        scores[score] = {
            "file": f"export/{score}/{TARGETS['onnx'].artefact}",
            **{key: about[key] for key in ("step", "threshold", "threshold_integer", "types")},
            "ebops": ebops[score],
            "signals": {signal: own[score] for signal, own in metrics["signals"].items()},
            "sculpting": metrics["sculpting"][score],
            "working_point": metrics["working_point"][score],
            **({"decisions": metrics["decisions"][score]} if score in metrics.get("decisions", {}) else {}),
        }
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "name": name,
        "score": recipe.score.kind,
        "network": recipe.network.kind,
        "toolkit": recipe.quantization.toolkit,
        "bits": max(bits_of(recipe)),
        "inputs": recipe.inputs.model_dump(mode="json"),
        "needs": needs_of(recipe.inputs.model_dump())._asdict(),
        "classes": {key: list(members) for key, members in recipe.data.classes.items()},
        "background": recipe.data.background,
        "signals": {key: list(members) for key, members in recipe.data.signals.items()},
        "quantization": recipe.quantization.model_dump(mode="json"),
        "objective": recipe.objective.kind,
        "trained_jets": run.manifest.get("jets", {}),
        **({"calibration": calibration} if (calibration := run.manifest.get("calibration")) else {}),
        "tested_jets": metrics["jets"],
        "data": run.manifest["data"],
        "domain": domain_of(quantities_of(jets[background])),
        "versions": run.manifest["versions"],
        "scores": scores,
    }


def _verified(run: Run) -> dict[str, Any] | None:
    """Which engines were found equal on how many jets; None if that was not looked at."""
    file = run.path / "verify.json"
    if not file.is_file():
        return None
    report = json.loads(file.read_text(encoding="utf-8"))
    return {key: report[key] for key in ("engines", "jets", "mismatches")}


def _limits(card: Mapping[str, Any]) -> list[str]:
    """What holds for every detector that was trained on simulated jets."""
    pt, eta = card["domain"]["pt"], card["domain"]["eta"]
    return [
        "Trained and measured on simulated jets (Pythia 8, a parametrised detector, no pile-up); data will differ, "
        "and thresholds must be set on data.",
        f"Meant for jets like the background it was tested on: 99 % of it have pT of {pt[0]:.0f} to {pt[1]:.0f} GeV "
        f"and η of {eta[0]:.1f} to {eta[1]:.1f}; nothing is known of its scores elsewhere.",
        f"Sensitivity was measured for {', '.join(card['signals']) or 'no signal'} only; an anomaly of another kind "
        "may score lower than the background.",
        "Errors are of the size of the test sample alone: no systematic uncertainty is in them.",
    ]


@app.command()
def main(
    run: Annotated[Path, typer.Argument(help="Run directory of a quantized twin, evaluated.")],
    name: Annotated[str, typer.Argument(help="Name of the released detector.")],
    jets: Annotated[list[Path], typer.Option(help="Jet files or folders of them; repeatable.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the releases [models/released].")] = None,
    unseen: UnseenOption = False,
    limits: Annotated[list[str] | None, typer.Option(help="A sentence for the model card.")] = None,
    public: Annotated[
        list[str] | None,
        typer.Option(help="Public jets for the card: TITLE=FILE or TITLE=FILE@FORMAT; repeatable."),
    ] = None,
) -> None:
    """Release a detector: weights, ONNX, test vectors and model card."""
    samples = [parsed(text) for text in public or []]
    folder = release(
        Run.open(run),
        name,
        out or released_folder(),
        jets,
        unseen=unseen,
        limits=limits or [],
        public=samples,
    )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    run_command(app, "benchmarks.quantization.release", resumes=False)
