"""Warnings meant for users, in one line each."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import typer

from edgeood.errors import OutsideDomainWarning, in_one_line


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """An :class:`OutsideDomainWarning` is told on standard error like a mistake, without the place in our code."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def tell(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, OutsideDomainWarning):
                typer.echo(f"edgeood: {in_one_line(str(message))}", err=True)
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = tell
        warnings.simplefilter("always", OutsideDomainWarning)
        yield
