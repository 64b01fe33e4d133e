"""Whatever is written into a recipe or behind ``--set``: a recipe, or one sentence; never anything else."""

import copy
import random
import time

import pytest
import yaml

from edgeood.errors import EdgeoodError
from edgeood.recipe import Recipe, load_recipe, override, parse_recipe
from edgeood.recipe.operation import operated
from edgeood.resources import recipes_folder
from edgeood.tuning.space import read_space

RECIPES = ("cnn-nurd-demo", "cnn-nurd-qkeras-demo", "particlenet-sngp", "particlenet-lite-brevitas", "oe-vae")
SET_CASES, FILE_CASES, SPACE_CASES = 1500, 400, 100
MOST_SECONDS = 1.0

SCALARS = (
    "", " ", "x", "3", "-3", "0", "1.5", "1e400", "-1.0e+400", ".nan", ".inf", "-.inf", "9" * 30,
    "9" * 5000, "0x" + "f" * 500, "1:30", "1:" * 1000 + "1", "yes", "null", "~", "2020-01-01",
    "2020-01-01 10:00:00", "=", "<<", "!!int x", "!!float ''", "!!bool x", "!!null x", "!!binary aGk=",
    "!!timestamp 2020-01-01", "!!set {a}", "!!omap [a: 1]", "!!python/object:os.system x",
    "!!python/name:os.system", "!x y", "!", "!!", "&a", "*a", "&a x", "&a [*a]", "&a {k: *a}", "@x", "`x",
    "%x", "|", ">", "|\n  x\n y", "? x", "- x", "x: y", "x: y: z", "[", "]", "{", "}", "[x", "{x", "[]",
    "{}", "[[]]", "[{}]", "{x: }", "{: x}", "{[x]: y}", "{1: x}", "{x: 1, x: 2}", "{~: x}", "'", '"', "'x",
    '"x', '"\\x"', "'x' y", "# x", "x # y", "---", "...", "--- x\n--- y", "\t", "x:\ty", "\0", "\x1b[2J",
    "\ud800", "\udc80", "\U0001f600", "é" * 50, "x" * 5000, "[" * 200, "{" * 200, "- " * 200,
    "{a: " * 200, "[" + "x, " * 1000 + "]", "[" + "1, " * 1000 + "]", "x\ny", "x\r\ny", "\n", "..",
    "../..", "/", "\\", "${x}", "$(x)", "{bits: 8}", "{bits: 8, integer: 1.0e+9}",
    "{bits: 1.0e+9, integer: 0}", "{kind: images}", "{kind: vae}", "{kind: [x]}", "{kind: {}}", "[[0, 1]]",
    "[[0, 1.0e-3], [1, 1.0e-4]]", "[x, y]", "[[x]]", "{qcd: [x]}", "{qcd: x}", "{qcd: {x: y}}", "-0",
    "1_000", "+1", "0b101", "017", "1e3",
)  # fmt: skip
"""Values in YAML, sound ones among them."""
ODD_PARTS = ("0", "-1", "1", "99", "9" * 400, "x", " ", "kind", "²", "٣", "\0", "[key]", "__class__")


def known_keys(content: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of plain dictionaries and lists, at any depth."""
    pairs = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    found = []
    for part, own in pairs:
        here = (*path, str(part))
        found += [here, *known_keys(own, here)]
    return found


def odd_key(rng: random.Random, keys: list[tuple[str, ...]]) -> str:
    parts = list(rng.choice(keys))
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
        place = rng.randrange(len(parts) + 1)
        parts[place : place + rng.randrange(2)] = [rng.choice(ODD_PARTS)]
    return ".".join(parts) * rng.choice((1,) * 30 + (300,))


def told_or_done(attempt, *arguments: object) -> bool:
    """Whether it ended in a result; else in one short sentence. Anything else, or a wait, fails."""
    start = time.perf_counter()
    sentence = None
    try:
        attempt(*arguments)
    except EdgeoodError as error:
        sentence = str(error)
    assert time.perf_counter() - start < MOST_SECONDS, arguments
    assert sentence is None or (sentence.isprintable() and 10 < len(sentence) < 1000), sentence
    return sentence is None


def contents() -> list[dict]:
    return [load_recipe(name).model_dump(mode="json") for name in RECIPES]


def test_every_assignment_ends_in_a_recipe_or_a_sentence():
    rng = random.Random(20)
    recipes = contents()
    keys = [known_keys(content) for content in recipes]

    def attempt(content: dict, assignments: list[str]) -> None:
        for assignment in assignments:
            override(content, assignment)
        recipe = parse_recipe(content, "r.yaml")
        # What was read can be written, and is then read as the same.
        assert isinstance(recipe, Recipe)
        assert parse_recipe(recipe.model_dump(mode="json"), "again") == recipe

    done = 0
    for _ in range(SET_CASES):
        which = rng.randrange(len(recipes))
        assignments = [
            odd_key(rng, keys[which]) + rng.choice(("=",) * 30 + ("",)) + rng.choice(SCALARS)
            for _ in range(rng.choice((1, 1, 2)))
        ]
        done += told_or_done(attempt, copy.deepcopy(recipes[which]), assignments)
    # The odd values are not all refused: some are sound where they stand.
    assert done > SET_CASES / 100


def test_every_file_ends_in_a_recipe_or_a_sentence(tmp_path):
    rng = random.Random(21)
    text = (recipes_folder() / "cnn-nurd-qkeras-demo.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    file = tmp_path / "odd.yaml"
    done = 0
    for _ in range(FILE_CASES):
        odd = list(lines)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(odd))
            line, value = odd[place], rng.choice(SCALARS)
            changed = [line.partition(":")[0] + ": " + value, value, " " + line, line[1:], "\t" + line]
            odd[place] = rng.choice([*changed, line + "\n" + line, line[: len(line) // 2]])
        content = "\n".join(odd).encode("utf-8", rng.choice(("surrogatepass", "replace")))
        file.write_bytes(content if rng.random() < 0.9 else bytes(rng.choices(content, k=len(content))))
        done += told_or_done(load_recipe, file)
    assert done > 0


def test_every_search_space_and_every_change_of_the_target_ends_so_too(tmp_path):
    rng = random.Random(22)
    recipe = load_recipe("cnn-nurd-qkeras-demo")
    keys = known_keys(recipe.model_dump(mode="json"))
    file = tmp_path / "space.yaml"
    for _ in range(SPACE_CASES):
        entries = [f"{odd_key(rng, keys)}: [3, {rng.choice(SCALARS)}]" for _ in range(2)]
        file.write_bytes("\n".join(entries).encode("utf-8", "replace"))
        told_or_done(read_space, file, recipe)
        told_or_done(
            operated,
            recipe,
            ["target." + odd_key(rng, [("part",), ("clock_ns",)]) + "=" + rng.choice(SCALARS)],
        )


@pytest.mark.parametrize(
    "name", ["x" * 5000, "\0", "", ".", "/", "~", "a\nb", "\udc80", "/dev/null", "/dev/zero"]
)
def test_every_name_of_a_recipe_ends_in_a_sentence(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert not told_or_done(load_recipe, name)


def test_a_large_file_is_not_read(tmp_path):
    file = tmp_path / "large.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(10**9)
    assert not told_or_done(load_recipe, file)
    file.write_text(yaml.safe_dump({"name": "x" * 99_000}))
    assert not told_or_done(load_recipe, file)
