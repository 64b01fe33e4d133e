"""Formats whose packages are not installed say which extra brings them."""

import sys
from pathlib import Path

import pytest

from edgeood.errors import EdgeoodError
from edgeood.jets.format import read_jets
from edgeood.jets.readers import read_external


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.root").write_bytes(b"root" + bytes(100))
    monkeypatch.setitem(sys.modules, "uproot", None)
    message = r"a\.root needs the package 'uproot'; `pip install 'edgeood\[formats\]'`"
    with pytest.raises(EdgeoodError, match=message):
        read_jets(tmp_path / "a.root")
    with pytest.raises(EdgeoodError, match=message):
        read_external(tmp_path / "a.root", "jetclass")
