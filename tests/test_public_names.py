"""``import edgeood``: the nouns and verbs, and what they do not drag in."""

import subprocess
import sys

import pytest

import edgeood


@pytest.mark.parametrize("name", edgeood.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(edgeood, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scor'"):
        edgeood.scor  # noqa: B018


def test_importing_imports_nothing_else():
    code = "import sys, edgeood; print(sorted(n for n in sys.modules if n in ('numpy', 'h5py', 'pydantic', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_scoring_is_ready_with_three_packages():
    code = (
        "import sys, edgeood; edgeood.score, edgeood.Run, edgeood.read_jets\n"
        "import edgeood.runtime.onnxruntime, onnxruntime\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & "
        "{'pydantic', 'yaml', 'torch', 'typer', 'rich', 'keras', 'onnx', 'scipy', 'matplotlib', 'lightning'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
