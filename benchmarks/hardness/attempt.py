"""One case: mutate, attempt, and look at everything that must hold whatever the outcome.

An error is one sentence; inputs keep their bytes; nothing is left behind but what was asked for; memory stays within
twice the input and 300 MB.
"""

import os
import traceback
import warnings
from pathlib import Path
from typing import Any

from benchmarks.hardness.family import Family, Outcome, Verdict
from benchmarks.hardness.listing import Listing, changed, listing
from edgeood.errors import EdgeoodError, OutsideDomainWarning

MOST_MEMORY = 300 * 2**20
"""Bytes beyond twice the input."""
LONGEST_SENTENCE = 1500


def run_case(family: Family[Any], seed: int, number: int, steps: tuple[int, ...], folder: Path) -> Verdict:
    """The verdict of one case, in an empty folder."""
    try:
        subject, story = family.made(seed, number, steps, folder)
    except Exception as error:
        return Verdict(Outcome.UNMADE, _line(f"{type(error).__name__}: {error}"))
    before = listing(folder)
    allowance = 2 * sum(size for size, _ in before.values()) + MOST_MEMORY
    sentence: str | None = None
    answer: Any = None
    resident = _start_of_memory()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", OutsideDomainWarning)
        # What Keras says of NumPy.
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy keyword")
        try:
            answer = family.attempt(subject)
        except EdgeoodError as error:
            sentence = str(error)
        except Exception as error:
            return Verdict(Outcome.FINDING, _told(error), story)
    beyond = _status("VmHWM") - resident - allowance
    try:
        wrong = _wrong(family, subject, sentence, beyond, before, listing(folder))
        if wrong is not None:
            return Verdict(Outcome.FINDING, wrong, story)
        if sentence is not None:
            return Verdict(Outcome.TOLD, sentence, story)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Verdict(*family.judge(subject, answer), story)
    except Exception:
        return Verdict(Outcome.FINDING, f"the judge failed: {_line(traceback.format_exc()[-300:])}", story)


def _told(error: Exception) -> str:
    """An error that is no sentence, and the line of ours that it comes from."""
    place = traceback.extract_tb(error.__traceback__)
    own = ([one for one in place if "/edgeood/" in one.filename] or list(place))[-1]
    return (
        f"{type(error).__name__}: {_line(str(error))} ({Path(own.filename).name}:{own.lineno} in {own.name})"
    )


def _wrong(
    family: Family[Any], subject: Any, sentence: str | None, beyond: int, before: Listing, after: Listing
) -> str | None:
    """What must hold for every case and does not."""
    if sentence is not None:
        if not sentence.isprintable() or not 10 < len(sentence) < LONGEST_SENTENCE:
            return f"no sentence: {_line(sentence)!r}"
        if family.must_answer(subject):
            return f"refused without a reason: {_line(sentence)}"
    if beyond > 0:
        return f"took {beyond / 2**20:.0f} MB more memory than it may"
    return changed(before, after, () if sentence is not None else family.may_write(subject))


def _line(text: str) -> str:
    return " ".join(text.split())[:400]


def _start_of_memory() -> int:
    """Bytes of this process now, from which its peak counts."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        # The peak so far counts then: less is noticed, nothing wrongly.
        return _status("VmHWM")
    return _status("VmRSS")


def _status(key: str) -> int:
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0
