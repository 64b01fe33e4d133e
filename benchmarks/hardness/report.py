"""What came of the cases, for programs (``hardness.json``) and for people (``hardness.md``).

A report grows: every call adds what it ran, so that many thousands of cases can be run in parts.
"""

import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.hardness.family import Outcome
from benchmarks.hardness.running import Tally
from edgeood.files.atomic import write_text
from edgeood.version import __version__

NOTES = Path(__file__).with_name("notes.yaml")
_PACKAGES = ("numpy", "h5py", "onnxruntime", "onnx", "safetensors", "torch", "pyyaml", "pydantic")
_HEAD = """\
# Hardness

Sound jet files, run folders, released detectors, recipes and ONNX models, each changed at random: in structure, values
or bytes. Whatever was changed, a call ends in the right answer or in one sentence: never in a traceback, in more than
10 s, in more memory than twice the input and 300 MB, in a changed input or in a file that it leaves. One case in 200
is tried by the command line as well.
"""


def write_report(folder: Path, tallies: Iterable[Tally]) -> None:
    """Add parts to ``hardness.json`` in a folder, and write ``hardness.md`` anew; the same cases replace those."""
    file = folder / "hardness.json"
    parts = json.loads(file.read_text(encoding="utf-8"))["parts"] if file.is_file() else []
    for tally in tallies:
        new = as_part(tally)
        parts = [part for part in parts if _name(part) != _name(new)] + [new]
    record = {"parts": sorted(parts, key=_name)}
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(record, indent=1) + "\n")
    write_text(folder / "hardness.md", as_markdown(record, yaml.safe_load(NOTES.read_text(encoding="utf-8"))))


def as_part(tally: Tally) -> dict[str, Any]:
    """The cases of one family, of one call."""
    return {
        "family": tally.family,
        "seed": tally.seed,
        "first": tally.first,
        "cases": tally.counts.total(),
        "seconds": round(tally.seconds, 1),
        "outcomes": {outcome.value: tally.counts[outcome.value] for outcome in Outcome},
        "findings": [found.line() for found in tally.findings],
        "libraries": [found.line() for found in tally.libraries],
        "versions": versions_here(),
    }


def versions_here() -> dict[str, str]:
    """Versions of what the cases try: of the package, of Python and of the libraries that read files."""
    ours = {"edgeood": __version__, "python": platform.python_version()}
    return ours | {name: importlib.metadata.version(name) for name in _PACKAGES}


def as_markdown(record: Mapping[str, Any], notes: Mapping[str, Any]) -> str:
    """The report; ``notes`` tell what was found before, the commit that mended it, and known limits."""
    parts = record["parts"]
    families = list(dict.fromkeys(part["family"] for part in parts))
    outcomes = [outcome.value for outcome in Outcome]
    lines = [
        _HEAD,
        f"| family | cases | cases/s | {' | '.join(outcomes)} |",
        f"|---|{'---:|' * (2 + len(outcomes))}",
    ]
    for family in families:
        lines.append(_row(family, [part for part in parts if part["family"] == family]))
    lines += [_row("**all**", parts), ""]
    seeds = sorted({part["seed"] for part in parts})
    lines += [f"Seed {', '.join(map(str, seeds))}; versions: {_versions(parts)}.", ""]
    crashes = [line for part in parts for line in part["libraries"]]
    if crashes:
        lines += ["## Crashes of a library, contained", ""]
        lines += ["A function that is called ends with it; the command line ends in one sentence.", ""]
        lines += [*(f"- {line}" for line in crashes), ""]
    lines += ["## Found and mended", ""]
    lines += [f"- {one['found']} — “{one['commit']}”" for one in notes["fixed"]] + [""]
    lines += ["## Known limits", "", *(f"- {one}" for one in notes["limits"]), ""]
    findings = [line for part in parts for line in part["findings"]]
    lines += ["## Open", "", *([f"- {line}" for line in findings] or ["None."]), ""]
    return "\n".join(lines)


def _row(name: str, parts: list[Mapping[str, Any]]) -> str:
    cases, seconds = (sum(part[key] for part in parts) for key in ("cases", "seconds"))
    counts = [sum(part["outcomes"][outcome.value] for part in parts) for outcome in Outcome]
    return f"| {name} | {cases:,} | {cases / max(seconds, 0.1):.0f} | {' | '.join(f'{one:,}' for one in counts)} |"


def _versions(parts: Iterable[Mapping[str, Any]]) -> str:
    told: dict[str, list[str]] = {}
    for part in parts:
        for name, version in part["versions"].items():
            if version not in told.setdefault(name, []):
                told[name].append(version)
    return ", ".join(f"{name} {' and '.join(versions)}" for name, versions in told.items())


def _name(part: Mapping[str, Any]) -> tuple[str, int, int]:
    return part["family"], part["seed"], part["first"]
