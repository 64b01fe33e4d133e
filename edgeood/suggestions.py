"""What a user may have meant by a name that nothing has."""

import difflib
from collections.abc import Iterable

_LONGEST = 100


def suggestion(name: str, known: Iterable[str], otherwise: str) -> str:
    """The end of a sentence about an unknown ``name``: "did you mean '…'?", or ``otherwise`` if none is near."""
    # Nothing known is that long, and comparing takes the product of the lengths.
    close = [] if len(name) > _LONGEST else difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise
