"""An error is one line that moves no cursor, whatever names and values it quotes."""

import pytest

from edgeood.errors import EdgeoodError, in_one_line


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("there is no 'jets.h5'; give one.", "there is no 'jets.h5'; give one."),
        ("η is 3 → 4; mend it.", "η is 3 → 4; mend it."),
        ("[[0.]\n [1.]] is none; mend it.", "[[0.]  [1.]] is none; mend it."),
        ("'a\x1b[2J\0\udcff' is none; mend it.", r"'a\x1b[2J\x00\udcff' is none; mend it."),
    ],
)
def test_what_cannot_be_shown_is_written_out(sentence, line):
    assert str(EdgeoodError(sentence)) == in_one_line(sentence) == line
    assert line.isprintable()


def test_a_long_one_keeps_what_is_wrong_and_the_remedy():
    told = str(EdgeoodError(f"jets.h5 has version {'x' * 10_000}; generate it again."))
    assert told.startswith("jets.h5 has version xxx")
    assert told.endswith("xxx; generate it again.")
    assert len(told) == 900
