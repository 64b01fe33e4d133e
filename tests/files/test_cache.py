"""What is compiled lies in a folder that nobody else can write to."""

from pathlib import Path

import pytest

from edgeood.errors import EdgeoodError
from edgeood.files.cache import cache_folder


def test_it_lies_where_the_user_says_and_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = cache_folder("cpu")
    assert folder == tmp_path / "cache" / "edgeood" / "cpu"
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    assert cache_folder("cpu") == folder


@pytest.mark.parametrize("setting", ["", "relative"])
def test_without_a_setting_it_lies_at_home(setting, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", setting)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("csim") == tmp_path / ".cache" / "edgeood" / "csim"


def test_one_that_others_can_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_folder("cpu").chmod(0o777)
    with pytest.raises(EdgeoodError, match=r"is not yours alone; .*set XDG_CACHE_HOME"):
        cache_folder("cpu")


def test_where_none_can_be_made_is_one_sentence(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(__file__)))
    with pytest.raises(EdgeoodError, match=r"cannot be made .*; set XDG_CACHE_HOME"):
        cache_folder("cpu")
