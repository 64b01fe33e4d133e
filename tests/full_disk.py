"""Run by ``test_failed_writes.py`` in a mount namespace of its own: verbs on a full disk and in a read-only folder.

Prints one JSON line for each verb: its name, how it ended, and what changed in the folder it worked in.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import edgeood
from edgeood.export import to
from edgeood.recipe import Recipe
from edgeood.run import Run

FREE = (0, 8192, 24_576, 65_536, 196_608, 800_000, 4_000_000)
"""Bytes left on the disk; each verb is tried with more until it succeeds."""


def snapshot(folder: Path) -> dict[str, str]:
    """Path → digest of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[path.relative_to(folder).as_posix()] = content
    return found


def fill(folder: Path, free: int) -> Path:
    """Leave ``free`` bytes on a disk."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            size = file.tell()
    with open(filler, "r+b") as file:
        file.truncate(max(size - free, 0))
    return filler


def main() -> None:
    disk, source, jets, mode = (Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    runs = disk / "runs"
    shutil.copytree(source, runs)
    trained = Recipe.model_validate_json((runs / "recipe.json").read_text())
    run = Run.open(runs / "run")
    verbs = {
        "score": lambda: edgeood.score(run, jets, runs / "scores.h5", score="max_logit"),
        "csim": lambda: edgeood.score(run, jets, runs / "scores.h5", engine="csim", score="max_logit"),
        "verify": lambda: edgeood.verify(run, jets, ["network", "onnxruntime"], ["max_logit"]),
        "export onnx": lambda: to(run, "onnx", score="max_logit"),
        "export qonnx": lambda: to(run, "qonnx", score="max_logit"),
        "export vitis": lambda: to(run, "vitis", score="max_logit"),
        "write_jets": lambda: edgeood.write_jets(runs / "jets.h5", edgeood.read_jets(jets), {}),
        "calibrate": lambda: edgeood.calibrate(runs / "trained", [jets], (0.2,)),
        "evaluate": lambda: edgeood.evaluate(runs / "trained", [jets], plots=False),
        "train": lambda: edgeood.train(trained, runs / "new", jets=[jets], progress=False),
        "tune": lambda: edgeood.tune(trained, runs / "study", jets=[jets], trials=1, epochs=1),
    }
    # Once on a free disk, so that the project is compiled.
    edgeood.score(run, jets, engine="csim", score="max_logit")
    if mode == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    before = snapshot(runs)
    for name, verb in verbs.items():
        for free in FREE if mode == "full" else (None,):
            filler = fill(disk, free) if free is not None else None
            try:
                verb()
                ended = "done"
            except Exception as error:
                ended = f"{type(error).__name__}: {error}"
            after = snapshot(runs)
            changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
            told = {"verb": name, "free": free, "ended": ended, "changed": changed}
            print(json.dumps(told), flush=True)
            if filler:
                filler.unlink()
                shutil.rmtree(runs)
                shutil.copytree(source, runs)
            if ended == "done":
                break


if __name__ == "__main__":
    main()
