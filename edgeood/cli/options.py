"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

from edgeood.jets.readers import FORMATS

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run directory, or the name of a released detector.")
]
CopyOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Write to a copy of RUN there, made if need be, instead of to RUN."),
]
JetsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="JETS...", help="Jet files of any known format, folders, wildcards, @lists."),
]
JetsOption = Annotated[
    list[Path] | None,
    typer.Option("--jets", help="Jet files or folders, instead of the recipe's own; repeatable."),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", help=f"Of the jet files, instead of recognising it: edgeood, {', '.join(FORMATS)}."
    ),
]
ScoreOption = Annotated[
    str | None,
    typer.Option(
        "--score", help="max_logit, mahalanobis_diagonal, of a float run also mahalanobis [the recipe's]."
    ),
]
SkipOption = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Go on past bad files and jets: score NaN, not anomalous, rows stay aligned; listed in 'skipped'.",
    ),
]
SortOption = Annotated[
    bool, typer.Option("--sort", help="Sort constituents that do not fall in pT, instead of refusing them.")
]
UnseenOption = Annotated[
    bool,
    typer.Option(
        "--unseen", help="Files that the run was not trained on hold no known jets: use all of theirs."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a key of the recipe: section.key=value; repeatable."),
]
TeacherOption = Annotated[Path | None, typer.Option("--teacher", help="Float run to distil from.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 for one per core.")]
