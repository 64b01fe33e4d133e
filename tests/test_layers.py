"""Data flows one way: no layer imports one that comes later."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "edgeood"
LAYERS = ("jets", "inputs", "networks", "scores", "training", "evaluation", "export", "runtime")
TOP = {"cli", "demo", "released", "tuning"}


def imported(file: Path) -> set[str]:
    """First names below ``edgeood`` that a file imports anywhere, types included."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        names |= {module.split(".")[1] for module in modules if module.startswith("edgeood.")}
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_nothing_that_comes_later(layer):
    later = set(LAYERS[LAYERS.index(layer) + 1 :]) | TOP
    for file in (PACKAGE / layer).rglob("*.py"):
        wrong = imported(file) & later
        assert not wrong, f"{file.relative_to(PACKAGE)} imports {sorted(wrong)}"


def test_what_all_layers_share_imports_none_of_them():
    shared = [file for file in PACKAGE.glob("*.py") if file.stem not in TOP | {"__init__"}]
    shared += (PACKAGE / "recipe").glob("*.py")
    assert len(shared) >= 8
    for file in shared:
        assert not imported(file) & set(LAYERS), file.name
