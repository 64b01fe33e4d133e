"""CONTRIBUTING says that a new reader, target, engine or score is a file and a row of a table: here are such files."""

import ast
import re
import sys

import numpy as np
import pytest
from quantized_runs import jet_file, make_run, quantized_run

import edgeood
from edgeood import scores
from edgeood.export import TARGETS, to
from edgeood.export.record import exported
from edgeood.export.targets import ExportTarget
from edgeood.jets.readers import FORMATS, read_external
from edgeood.runtime import _OPENERS, open_engine

NEW = '''
"""What somebody adds: all of it is here."""

from edgeood.jets.format import read_jets
from edgeood.runtime.network import open_network
from edgeood.scores.max_logit import MaxLogit


def read_mine(path):
    return read_jets(path)


def write_mine(order, path):
    path.write_text(f"{order.name}: {order.network.score.name}")
    return {"lines": 1}


def open_mine(run, score, *, workers=None, progress=None):
    return open_network(run, score)


class Mine(MaxLogit):
    """A score."""
'''


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "somebodys.py").write_text(NEW)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("somebodys", None)


def test_a_reader(monkeypatch):
    monkeypatch.setitem(FORMATS, "mine", "somebodys:read_mine")
    assert len(read_external(jet_file(), "mine")) == 100


def test_a_target(monkeypatch, tmp_path):
    monkeypatch.setitem(TARGETS, "mine", ExportTarget("mine.txt", "somebodys:write_mine"))
    run = make_run(tmp_path / "run")
    path = to(run, "mine", score="max_logit")
    assert path.read_text() == "tiny twin-1: max_logit"
    assert exported(run, "max_logit", "mine") == path


def test_an_engine(monkeypatch):
    monkeypatch.setitem(_OPENERS, "mine", "somebodys:open_mine")
    run = quantized_run()
    inputs = np.zeros((2, 1, 16, 16), np.float32)
    np.testing.assert_array_equal(
        open_engine(run, "mine", "max_logit")(inputs), open_engine(run, "network", "max_logit")(inputs)
    )


def test_a_score(monkeypatch):
    monkeypatch.setitem(scores._WHERE, "mine", "somebodys:Mine")
    logits = np.array([[1.0, 3.0], [2.0, 0.0]])
    fitted = scores.fit_scores(logits, logits, np.array([0, 1]), ["mine"])["mine"]
    again = scores.load_score("mine", fitted.parameters())
    np.testing.assert_array_equal(again(logits, logits), [-3, -2])


def test_the_example_of_the_package_uses_public_names():
    code = re.search(r"::\n\n((?:    .*\n|\n)+)", edgeood.__doc__)[1]
    tree = ast.parse("\n".join(line[4:] for line in code.splitlines()))
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    names = {node.attr for node in used if isinstance(node.value, ast.Name) and node.value.id == "edgeood"}
    assert len(names) > 5
    assert names <= set(edgeood.__all__)
