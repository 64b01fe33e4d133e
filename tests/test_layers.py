"""Data flows one way: no layer imports one that comes later; rooms stay small enough to be seen at once."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "edgeood"
GROUND = "fixed_point"
LAYERS = (
    *("jets", "inputs", "networks", "scores", "training", "evaluation", "export", "runtime", "hardware"),
    "commissioning",
)
TOP = {"cli", "demo", "foreign", "released", "tuning"}
MOST_MODULES, MOST_LINES = 16, 250


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
    shared += [*(PACKAGE / "recipe").glob("*.py"), *(PACKAGE / "files").glob("*.py")]
    assert len(shared) >= 12
    for file in shared:
        assert not imported(file) & set(LAYERS), file.name


def test_nobody_imports_the_facade():
    """A module that needs the version or an error takes it from where it lives."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import) and file != PACKAGE / "__init__.py":
                assert "edgeood" not in [alias.name for alias in node.names], file


def test_the_ground_floor_stands_on_errors_alone():
    for file in (PACKAGE / GROUND).rglob("*.py"):
        assert imported(file) <= {GROUND, "errors"}, file.name


def test_the_ground_floor_needs_numpy_alone():
    modules = [f"edgeood.{GROUND}.{file.stem}" for file in (PACKAGE / GROUND).glob("[a-z]*.py")]
    code = (
        f"import sys; before = set(sys.modules)\nimport {', '.join(modules)}\n"
        "from importlib.metadata import packages_distributions\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new & set(packages_distributions()) - {'edgeood'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "['numpy']\n", done.stderr


def test_no_folder_and_no_module_outgrows_a_screen_or_two():
    for folder in {file.parent for file in PACKAGE.rglob("*.py")}:
        assert len(list(folder.glob("*.py"))) <= MOST_MODULES, folder
    for file in [*PACKAGE.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, file


def test_firmware_ships_headers_only():
    assert {file.suffix for file in (ROOT / "firmware").rglob("*") if file.is_file()} == {".h"}
