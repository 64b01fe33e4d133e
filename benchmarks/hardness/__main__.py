"""``python -m benchmarks.hardness``: thousands of damaged, edited and odd inputs, each with one of two ends."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.hardness.families import FAMILIES, made
from benchmarks.hardness.family import Outcome, steps_of
from benchmarks.hardness.report import write_report
from benchmarks.hardness.running import Tally, run_cases
from benchmarks.hardness.workers import Worker
from edgeood.entry_point import run_command
from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
_ALL = ",".join(FAMILIES)


@app.command()
def hardness(
    cases: Annotated[int, typer.Option(help="Of all chosen families together.", min=1)] = 50_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same cases.")] = 1,
    only: Annotated[str, typer.Option(help=f"Comma-separated, of {', '.join(FAMILIES)}.")] = _ALL,
    first: Annotated[int, typer.Option(help="Number of the first case of each family.", min=0)] = 0,
    replay: Annotated[str, typer.Option(help="One case alone: family:number.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder whose hardness.{json,md} to add to.")] = None,
) -> None:
    """Run cases, and tell each that ends otherwise than in a right answer or a sentence."""
    names = only.split(",")
    for name in names:
        _check(name)
    with tempfile.TemporaryDirectory(prefix="hardness-") as scratch:
        if replay:
            _replay(replay, seed, Path(scratch))
            return
        whole = sum(FAMILIES[name].share for name in names)
        tallies: list[Tally] = []
        for name in names:
            family = made(name, Path(scratch))
            numbers = range(first, first + max(1, round(cases * family.share / whole)))
            tally = run_cases(family, seed, numbers, Path(scratch) / name, typer.echo)
            tallies.append(tally)
            told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.counts.items()))
            typer.echo(f"{name}: {told}; {tally.seconds:.0f} s")
    if out:
        write_report(out, tallies)
    if found := sum(len(tally.findings) for tally in tallies):
        raise EdgeoodError(f"{found} cases ended otherwise than in an answer or a sentence; see above.")


def _check(name: str) -> None:
    if name not in FAMILIES:
        raise EdgeoodError(f"there is no family '{name}'; {suggestion(name, FAMILIES, f'choose of {_ALL}.')}")


def _replay(which: str, seed: int, scratch: Path) -> None:
    """One case again, with what it does and how it ends."""
    name, _, number = which.partition(":")
    _check(name)
    if not number.isdecimal():
        raise EdgeoodError(f"'{which}' is no case; write family:number.")
    family = made(name, scratch)
    worker = Worker(family, seed, scratch / name)
    verdict = worker.run(int(number), steps_of(family, seed, int(number)), command=True)
    worker.stop()
    typer.echo(f"{'; '.join(verdict.story)} → {verdict.outcome}: {verdict.detail}")
    if verdict.outcome is Outcome.FINDING:
        raise EdgeoodError(f"case {which} ended otherwise than in an answer or a sentence.")


if __name__ == "__main__":
    run_command(app, "benchmarks.hardness", resumes=False)
