"""The exception and the warning a user is meant to read: what was wrong, where, and what to do about it."""


class EdgeoodError(Exception):
    """Bad input or a missing tool, told in one sentence that ends with the remedy.

    The command line prints the sentence and exits with code 2, as it does for what the system refuses (a full disk,
    a missing right); everything else that reaches it is a defect of ours and keeps its traceback
    (:mod:`edgeood.entry_point`).
    """


class OutsideDomainWarning(UserWarning):
    """Jets are scored by a network that was made for others; the command line tells it in one line."""
