"""What a page shows, a test runs: every Python, console and YAML block, and every file that a page names."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import make_toy_jets
from page_blocks import NOT_RUN, PAGES, ROOT, SHORTER, Block, blocks_of, run_page, steps_of

from edgeood.jets.format import write_jets
from edgeood.jets.simulation.sample import load_sample
from edgeood.networks.build import build_network
from edgeood.recipe import Recipe, load_recipe, parse_recipe
from edgeood.tuning.space import read_space

README = PAGES[0]
RUN_PAGES = [page for page in PAGES if {"python", "console"} & {block.language for block in blocks_of(page)}]
ALONE = ("docs/quantization.md",)
"""Pages that begin with jets of their own; the others go on where README ends."""
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
COMMANDS = [step.command for block in BLOCKS if block.language == "console" for step in steps_of(block)]


def prepared(folder: Path) -> Path:
    """A scratch folder with what every page may use: ``mine.h5``, ``jets.h5`` and the repository's ``models/``."""
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(ROOT / "models")
    for name in ("mine.h5", "jets.h5"):
        write_jets(folder / name, make_toy_jets(4), {})
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """Where README's own commands have been run: ``jets/``, ``runs/float``, ``runs/twin`` and their exports."""
    folder = prepared(tmp_path_factory.mktemp("pages") / "world")
    run_page(README, folder)
    return folder


@pytest.mark.slow
@pytest.mark.firmware
# Toy jets of 1 TeV stand for a reader's own, whatever the detector is made for.
@pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")
@pytest.mark.parametrize("page", RUN_PAGES, ids=[str(page.relative_to(ROOT)) for page in RUN_PAGES])
def test_a_page_runs(page, tmp_path, request):
    if str(page.relative_to(ROOT)) in ALONE:
        run_page(page, prepared(tmp_path / "page"))
        return
    world = request.getfixturevalue("world")
    if page != README:
        run_page(page, shutil.copytree(world, tmp_path / "page", symlinks=True))


def test_only_what_a_test_can_run_or_read_is_fenced():
    known = {"python", "console", "yaml", "toml"}
    assert not [block.place for block in BLOCKS if block.language not in known and block.language[:1] != "{"]


def test_every_exception_is_one_that_a_page_needs():
    for table in (NOT_RUN, SHORTER):
        assert not [key for key in table if not any(command.startswith(key) for command in COMMANDS)]


def test_make_has_the_targets_that_pages_name():
    makefile = (ROOT / "Makefile").read_text()
    for target in {command.split()[1] for command in COMMANDS if command.startswith("make ")}:
        assert f"\n{target}:" in makefile


def as_recipe(content: dict) -> Recipe:
    """A recipe with sections of a page in place of its own."""
    twin = load_recipe("cnn-trigger-brevitas").model_dump(mode="json")
    return parse_recipe(twin | content, "page")


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language in ("yaml", "toml")],
    ids=lambda block: block.place,
)
def test_yaml_and_toml_are_what_they_claim_to_be(block: Block, tmp_path):
    if block.language == "toml":
        assert tomllib.loads(block.text)
        return
    content = yaml.safe_load(block.text)
    file = tmp_path / "page.yaml"
    file.write_text(block.text, encoding="utf-8")
    if all("." in key for key in content):
        assert read_space(file, load_recipe("particlenet-lite-qkeras"))
    elif "shard_jets" in content:
        assert load_sample(file)
    elif "name" in content:
        assert build_network(load_recipe(file))
    else:
        assert build_network(as_recipe(content))


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_files_that_a_page_names_are_there(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    missing = [
        link for link in links if not link.startswith("generated/") and not (page.parent / link).exists()
    ]
    named = re.findall(r"`((?:edgeood|benchmarks|tests|models|firmware|docs)/[\w./-]*)`", text)
    missing += [name for name in named if "NAME" not in name and not (ROOT / name).exists()]
    modules = re.findall(r"`(edgeood(?:\.\w+)+)", text)
    missing += [name for name in modules if not _is_there(name)]
    assert not missing


def _is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    place = ROOT / name.replace(".", "/")
    if place.is_dir() or place.with_suffix(".py").is_file():
        return True
    module, _, own = name.rpartition(".")
    folder = ROOT / module.replace(".", "/")
    files = [file for file in (folder / "__init__.py", folder.with_suffix(".py")) if file.is_file()]
    return any(own in file.read_text(encoding="utf-8") for file in files)
