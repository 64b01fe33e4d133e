"""Mutations of YAML as text: odd scalars, lines out of place, and other ways to write the same."""

import random
from typing import Any

import yaml

SCALARS = (
    *(
        "",
        " ",
        "x",
        "3",
        "-3",
        "0",
        "1.5",
        "1e400",
        "-1.0e+400",
        ".nan",
        ".inf",
        "-.inf",
        "9" * 30,
        "9" * 5000,
    ),
    *(
        "0x" + "f" * 500,
        "1:30",
        "1:" * 1000 + "1",
        "yes",
        "null",
        "~",
        "2020-01-01",
        "2020-01-01 10:00:00",
        "=",
    ),
    *(
        "<<",
        "!!int x",
        "!!float ''",
        "!!bool x",
        "!!null x",
        "!!binary aGk=",
        "!!timestamp 2020-01-01",
        "!!set {a}",
    ),
    *(
        "!!omap [a: 1]",
        "!!python/object:os.system x",
        "!!python/name:os.system",
        "!x y",
        "!",
        "!!",
        "&a",
        "*a",
    ),
    *(
        "&a x",
        "&a [*a]",
        "&a {k: *a}",
        "@x",
        "`x",
        "%x",
        "|",
        ">",
        "|\n  x\n y",
        "? x",
        "- x",
        "x: y",
        "x: y: z",
    ),
    *("[", "]", "{", "}", "[x", "{x", "[]", "{}", "[[]]", "[{}]", "{x: }", "{: x}", "{[x]: y}", "{1: x}"),
    *(
        "{x: 1, x: 2}",
        "{~: x}",
        "'",
        '"',
        "'x",
        '"x',
        '"\\x"',
        "'x' y",
        "# x",
        "x # y",
        "---",
        "...",
        "--- x\n--- y",
    ),
    *(
        "\t",
        "x:\ty",
        "\0",
        "\x1b[2J",
        "\ud800",
        "\udc80",
        "\U0001f600",
        "é" * 50,
        "x" * 5000,
        "[" * 200,
        "{" * 200,
    ),
    *(
        "- " * 200,
        "{a: " * 200,
        "[" + "x, " * 1000 + "]",
        "[" + "1, " * 1000 + "]",
        "x\ny",
        "x\r\ny",
        "\n",
        "..",
    ),
    *(
        "../..",
        "/",
        "\\",
        "${x}",
        "$(x)",
        "{bits: 8}",
        "{bits: 8, integer: 1.0e+9}",
        "{bits: 1.0e+9, integer: 0}",
    ),
    *("{kind: images}", "{kind: vae}", "{kind: [x]}", "{kind: {}}", "[[0, 1]]", "[[0, 1.0e-3], [1, 1.0e-4]]"),
    *(
        "[x, y]",
        "[[x]]",
        "{qcd: [x]}",
        "{qcd: x}",
        "{qcd: {x: y}}",
        "-0",
        "1_000",
        "+1",
        "0b101",
        "017",
        "1e3",
    ),
)
"""Values in YAML, sound ones among them."""


def line_mutated(text: bytes, rng: random.Random) -> tuple[bytes, str]:
    """The text with one line otherwise, and what was done, in words."""
    lines = text.decode("utf-8", "replace").split("\n")
    place = rng.randrange(len(lines))
    line, value = lines[place], rng.choice(SCALARS)
    changed = {
        "another value": f"{line.partition(':')[0]}: {value}",
        "a value alone": value,
        "indented": f" {line}",
        "indented less": line[1:],
        "indented by a tab": f"\t{line}",
        "twice": f"{line}\n{line}",
        "half": line[: len(line) // 2],
        "gone": "",
    }
    sort = rng.choice(tuple(changed))
    lines[place] = changed[sort]
    told = f" ({value[:30]!r})" if "value" in sort else ""
    return "\n".join(lines).encode(
        "utf-8", rng.choice(("surrogatepass", "replace"))
    ), f"line {place}: {sort}{told}"


def rewritten(content: Any, rng: random.Random) -> tuple[bytes, str]:
    """The same content in another of YAML's ways, and which, in words."""
    ways: dict[str, dict[str, Any]] = {
        "in one line": {"default_flow_style": True, "width": 10**6},
        "in blocks": {"default_flow_style": False, "indent": 7},
        "quoted": {"default_style": None, "explicit_start": True, "explicit_end": True},
        "as ASCII": {"allow_unicode": False, "width": 20},
        "with other ends of lines": {"line_break": "\r\n"},
        "keys in order": {},
    }
    way = rng.choice(tuple(ways))
    text = yaml.safe_dump(content, sort_keys=way == "keys in order" and not _ordered(content), **ways[way])
    comment = rng.choice(("", "# a comment\n", "\n\n"))
    return (comment + text).encode(), f"written {way}"


def _ordered(content: Any) -> bool:
    """Whether the order of keys says something: that of classes is that of the logits."""
    return isinstance(content, dict) and bool({"data", "jets"} & set(content))
