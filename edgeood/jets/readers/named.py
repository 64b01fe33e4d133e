"""The format that a user names for the jet files of one call, in place of what they are recognised as."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from edgeood.errors import EdgeoodError
from edgeood.jets.readers import FORMATS
from edgeood.suggestions import suggestion

OWN = "edgeood"
"""The format of ``docs/jets.md``."""
_named: ContextVar[str | None] = ContextVar("format", default=None)


@contextmanager
def reading_as(format: str | None) -> Iterator[None]:
    """Inside, every jet file is read as ``format``: a key of :data:`FORMATS` or :data:`OWN`; None recognises each.

    Raises :class:`EdgeoodError` for an unknown one.
    """
    if format not in (None, OWN):
        known_format(str(format))
    before = _named.set(format)
    try:
        yield
    finally:
        _named.reset(before)


def named_format() -> str | None:
    """What :func:`reading_as` says."""
    return _named.get()


def known_format(format: str) -> None:
    """Raise :class:`EdgeoodError` unless there is a reader of that name."""
    if format not in FORMATS:
        hint = suggestion(format, [*FORMATS, OWN], f"choose from {', '.join(FORMATS)}.")
        raise EdgeoodError(f"there is no jet format '{format}'; {hint}")
