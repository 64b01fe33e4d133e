"""The wheel, installed where no repository is near: it must help, export and C-simulate."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from quantized_runs import make_run

from edgeood.jets.format import write_jets

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("edgeood-*.whl"))


def test_the_wheel_carries_firmware_recipes_and_detectors(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (
        ("firmware", "firmware"),
        ("models/recipes", "recipes"),
        ("models/released", "released"),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"edgeood/_resources/{inside}/{path.relative_to(ROOT / folder)}" in names
    beside_code = [
        path
        for path in (ROOT / "edgeood").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    assert {"py.typed", "interface.h"} <= {path.name for path in beside_code}
    assert {str(path.relative_to(ROOT)) for path in beside_code} <= names
    assert not [name for name in names if name.startswith(("tests/", "firmware/", "models/"))]


@pytest.mark.slow
@pytest.mark.firmware
def test_an_installed_wheel_exports_and_simulates_outside_the_repository(wheel, tmp_path, toy_jets):
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True)
    # The frameworks are those of this environment; edgeood itself is the wheel's, which comes first.
    site = next((environment / "lib").glob("python*")) / "site-packages"
    (site / "frameworks.pth").write_text(sysconfig.get_path("purelib") + "\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def edgeood(*arguments: object) -> str:
        command = [environment / "bin" / "edgeood", *map(str, arguments)]
        result = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    where = [python, "-c", "import edgeood.resources as r; print(r.firmware_folder(), r.recipes_folder())"]
    found = subprocess.run(where, cwd=elsewhere, capture_output=True, text=True, check=True).stdout
    assert found.count(str(environment)) == 2
    assert "generate" in edgeood("--help")
    two_lines = (
        "from edgeood import load_released; "
        "detector = load_released('particlenet-lite'); print(len(detector(detector.example())), detector.check())"
    )
    scored = subprocess.run(
        [python, "-c", two_lines], cwd=elsewhere, capture_output=True, text=True, check=True
    )
    assert scored.stdout.split()[1] == "0"
    run = make_run(elsewhere / "run").path
    jets = toy_jets(20)
    write_jets(elsewhere / "jets.h5", jets, {})
    edgeood("export", run, "--target", "vitis")
    assert f"{len(jets)} jets" in edgeood("csim", run, "jets.h5", "-o", "scores.h5")
    assert (elsewhere / "scores.h5").is_file()
