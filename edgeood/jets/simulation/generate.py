"""Generate a sample: shards made in parallel, resumable, the same bytes for any number of workers."""

import json
import os
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgeood.checksums import sha256_of
from edgeood.cores import usable_cores
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.locks import locked
from edgeood.files.output import output_folder
from edgeood.files.recovery import recover
from edgeood.jets.files import candidates
from edgeood.jets.format import read_attributes, read_jets
from edgeood.jets.simulation.sample import Sample, load_sample
from edgeood.jets.simulation.shard import Effort, Shard, generator_versions
from edgeood.jets.simulation.worker import Workers
from edgeood.progress import progress_bar

MANIFEST = "manifest.json"
TIMINGS = "timings.json"
FORMAT = "edgeood-sample"
FORMAT_VERSION = 1


def generate(
    sample: str | Path | Sample,
    out: str | os.PathLike[str],
    *,
    jets: int | None = None,
    workers: int | None = None,
    seed: int = 1,
    fast: bool = False,
    progress: bool = True,
) -> Path:
    """Simulate a sample into the folder ``out`` and return it.

    ``sample`` is a shipped name, a YAML file or a :class:`Sample`; ``jets`` scales it to that total.
    ``workers`` defaults to the number of usable cores; ``fast`` leaves out multiparton interactions (for
    tests). The folder gets one file per shard, ``manifest.json`` (settings, versions, SHA-256 of each file)
    and ``timings.json`` (CPU time, the only thing that differs between two runs).

    Started again after an interruption, it keeps finished shards and ends in the same bytes. Raises
    :class:`EdgeoodError` if the sample is unknown, the generator is not installed, the folder holds jets
    made otherwise, or a worker fails.
    """
    versions = generator_versions()
    wanted = sample if isinstance(sample, Sample) else load_sample(sample)
    if jets is not None:
        wanted = wanted.scaled(jets)
    if not 0 <= seed < 2**31:
        raise EdgeoodError(f"seed {seed} is out of range; choose one from 0 to {2**31 - 1}.")
    shards = wanted.shards(seed, fast)
    folder = output_folder(out)
    with locked(folder, "generation"):
        checksums = _finished(folder, shards)
        missing = [shard for shard in shards if shard.file_name not in checksums]
        if missing:
            _make(missing, shards, folder, workers or usable_cores(), checksums, progress)
        manifest = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "sample": wanted.model_dump(),
            "seed": seed,
            "fast": fast,
            "versions": versions,
            "shards": [
                {
                    "file": shard.file_name,
                    "process": shard.process,
                    "shard": shard.number,
                    "jets": shard.jets,
                    "sha256": checksums[shard.file_name],
                }
                for shard in shards
            ],
        }
        write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return folder


def _finished(folder: Path, shards: list[Shard]) -> dict[str, str]:
    """File name → SHA-256 of the shards that are there already.

    A shard that is damaged, or of another size, will be made again; one made with other settings is
    an error, as are jet files that do not belong to the sample.
    """
    expected = {shard.file_name: shard for shard in shards}
    checksums: dict[str, str] = {}
    # Hidden files are what other processes have half written.
    for path in candidates(folder):
        shard = expected.get(path.name)
        if shard is None:
            raise EdgeoodError(
                f"{path} does not belong to this sample with seed {shards[0].seed} and its number of jets; "
                "remove it or choose another folder."
            )
        try:
            read_jets(path)
            attributes = read_attributes(path)
        except EdgeoodError:
            continue
        wanted = json.loads(json.dumps(shard.attributes()))
        different = [key for key, value in wanted.items() if attributes.get(key) != value]
        if not different:
            checksums[path.name] = sha256_of(path)
        elif different != ["jets"]:
            raise EdgeoodError(
                f"{path} was made with another {different[0]}; remove the folder or choose another one."
            )
    return checksums


def _make(
    missing: list[Shard],
    shards: list[Shard],
    folder: Path,
    count: int,
    checksums: dict[str, str],
    progress: bool,
) -> None:
    """Make the missing shards, adding their checksums as they finish."""
    efforts: dict[str, Effort] = {}
    kept = sum(shard.jets for shard in shards) - sum(shard.jets for shard in missing)
    workers = Workers(min(count, len(missing)), folder)
    at_once = True
    try:
        futures = workers.submit(missing)
        wanted = sum(shard.jets for shard in shards)
        with progress_bar("generating jets", wanted, progress, done=kept) as advance:
            shown = 0
            pending: set[Future[Any]] = set(futures)
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    name = futures[future].file_name
                    checksums[name], efforts[name] = _result(future, futures[future], folder)
                accepted = min(workers.accepted, wanted - kept)
                advance(accepted - shown)
                shown = accepted
        at_once = False
    except BrokenProcessPool as error:
        raise EdgeoodError(
            f"a worker was killed while making jets in {folder} (out of memory?); start it again, perhaps with "
            f"fewer workers: the {len(checksums)} finished of {len(shards)} shards are kept."
        ) from error
    except EdgeoodError:
        at_once = False
        raise
    finally:
        workers.close(at_once)
        # Also of a generation that was killed: its workers may have lived a moment longer than it did.
        recover(folder)
        _note_timings(folder, efforts)


def _result(future: Future[Any], shard: Shard, folder: Path) -> tuple[str, Effort]:
    try:
        checksum, effort = future.result()
    except (BrokenProcessPool, KeyboardInterrupt):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise EdgeoodError(
            f"making {folder / shard.file_name} failed ({reason}); start it again once that is solved: "
            "finished shards are kept."
        ) from error
    return checksum, effort


def _note_timings(folder: Path, efforts: dict[str, Effort]) -> None:
    path = folder / TIMINGS
    try:
        timings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        timings = {}
    timings |= {name: asdict(effort) for name, effort in efforts.items()}
    if efforts:
        write_text(path, json.dumps(timings, indent=1, sort_keys=True) + "\n")
