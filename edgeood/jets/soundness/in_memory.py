"""Everything that jets in memory must be before they are written or handed on."""

from edgeood.errors import EdgeoodError
from edgeood.jets.hdf5.storage import MOST_CONSTITUENTS
from edgeood.jets.layout import MOST_PROCESSES, Jets, too_many_processes
from edgeood.jets.soundness.complaints import Complaints
from edgeood.jets.soundness.conventions import Conventions
from edgeood.jets.soundness.validation import check_constituents, check_jets


def check(jets: Jets, source: str) -> None:
    """Raise :class:`EdgeoodError`, naming ``source``, unless jets could be written and read again."""
    if len(jets.processes) > MOST_PROCESSES:
        raise EdgeoodError(f"{source}: there are {too_many_processes(len(jets.processes))}")
    if (width := jets.constituents.shape[1]) > MOST_CONSTITUENTS:
        raise EdgeoodError(
            f"{source}: jets have {width} entries for constituents, more than {MOST_CONSTITUENTS}; "
            "keep the leading ones."
        )
    complaints = Complaints(source, len(jets))
    # A jet made of its constituents is unsound because one of them is.
    check_constituents(jets.constituents, complaints)
    check_jets(jets.jets, jets.processes, complaints)
    Conventions(source).look(jets.jets, jets.constituents, complaints.sound)
    complaints.raise_first()
