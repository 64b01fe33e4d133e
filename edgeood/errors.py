"""The exception and the warning a user is meant to read: what was wrong, where, and what to do about it."""

_LONGEST = 900


class EdgeoodError(Exception):
    """Bad input or a missing tool, told in one sentence that ends with the remedy.

    The command line prints the sentence and exits with code 2, as it does for what the system refuses (a full disk,
    a missing right); everything else that reaches it is a defect of ours and keeps its traceback
    (:mod:`edgeood.entry_point`). Names and values that it quotes may hold anything: see :func:`in_one_line`.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(in_one_line(sentence))


class OutsideDomainWarning(UserWarning):
    """Jets are scored by a network that was made for others; the command line tells it in one line."""


def in_one_line(sentence: str) -> str:
    """A sentence that quotes names and values of others, in one line that moves no cursor.

    Of one that is too long the middle goes: it begins with what is wrong and ends with the remedy.
    """
    line = "".join(mark if mark.isprintable() else _shown(mark) for mark in sentence)
    if len(line) <= _LONGEST:
        return line
    half = _LONGEST // 2
    return f"{line[:half]} … {line[-half + 3 :]}"


def _shown(mark: str) -> str:
    return " " if mark.isspace() else mark.encode("unicode_escape").decode("ascii")
