"""What streams takes no more memory for more jets."""

import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from quantized_runs import make_run, random_jets

from edgeood.export import to
from edgeood.jets.format import write_jets

JETS, FEW, MANY = 4000, 3, 18
"""Of a file, and how often it is read: 60,000 jets more are 170 MB of jets and network inputs, 2 MB of scores"""
ROOM_KB = 40_000
PEAK = """
import resource, sys
from edgeood.cli import main
sys.argv = ["edgeood", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    run = make_run(folder / "run", pixels=24)
    for score in ("max_logit", "mahalanobis_diagonal"):
        to(run, "onnx", score=score)
    write_jets(folder / "jets.h5", random_jets(JETS), {})
    for times in (FEW, MANY):
        (folder / f"{times}.txt").write_text(f"{folder / 'jets.h5'}\n" * times)
    return folder


def peak_kb(*words: str) -> int:
    """The largest resident memory of a process that runs a verb."""
    done = subprocess.run([sys.executable, "-c", PEAK, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        "score RUN JETS -o OUT --quiet",
        "score RUN JETS -o OUT --quiet --engine cpu",
        "convert JETS -o OUT",
        "verify RUN JETS --engines onnxruntime,cpu --quiet",
    ],
    ids=lambda verb: verb.split()[0] + "-cpu" * ("--engine cpu" in verb),
)
def test_more_jets_take_no_more_memory(verb: str, folder: Path):
    out = folder / "out.h5"

    def peak(times: int) -> int:
        out.unlink(missing_ok=True)
        names = {"RUN": str(folder / "run"), "JETS": f"@{folder / f'{times}.txt'}", "OUT": str(out)}
        return peak_kb(*(names.get(word, word) for word in verb.split()))

    few, many = peak(FEW), peak(MANY)
    assert many - few < ROOM_KB
    if "OUT" in verb:
        with h5py.File(out) as file:
            assert len(file["score" if verb.startswith("score") else "jets"]) == MANY * JETS
