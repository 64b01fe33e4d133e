"""Plain YAML: values as they are meant, everything else refused in one line and no time."""

import time
from itertools import pairwise

import pytest

from edgeood.errors import EdgeoodError
from edgeood.plain_yaml import MOST_CHARACTERS, plain_yaml, shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-2.5e+1", -25.0),
        ("{a: [1, yes, null], b: 'x: y'}", {"a": [1, True, None], "b": "x: y"}),
        ("[&a {k: 1, m: 2}, *a, {<<: *a, k: 3}]", [{"k": 1, "m": 2}, {"k": 1, "m": 2}, {"k": 3, "m": 2}]),
        ("2020-01-01", "2020-01-01"),
        ("=", "="),
        ("!!str 5", "5"),
        ("", None),
    ],
)
def test_plain_values_are_read(text, value):
    assert plain_yaml(text) == value


def _laughs(entry: str) -> str:
    lines = ["a: &a {k: 1}"]
    for before, after in pairwise("abcdefghij"):
        lines.append(f"{after}: &{after} {entry.format(', '.join(['*' + before] * 9))}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x: [", "expected"),
        ("a:\n\tb: 1", "cannot start any token"),
        ("a: 1\na: 2", "the key 'a' stands there twice"),
        ("{a: 1, 'a': 2}", "the key 'a' stands there twice"),
        ("{1: 2}", "a key is no text; quote it"),
        ("{[1]: 2}", "a key is no text"),
        ("~: 2", "a key is no text"),
        ("!!python/object:os.system x", "the tag 'python/object:os.system' has no meaning here"),
        ("!!binary aGVsbG8=", "the tag 'binary'"),
        ("!!set {a}", "the tag 'set'"),
        ("!!timestamp 2020-01-01", "the tag 'timestamp'"),
        ("!!int ''", "'' is no number or truth value"),
        ("!!bool maybe", "'maybe' is no number or truth value"),
        ("9" * 5000, "is no number or truth value"),
        ("1:" * 2000 + "1", "is no number or truth value"),
        ("&a [*a]", "an alias within what it stands for"),
        ("*a", "undefined alias"),
        ("a: 1\n---\nb: 2", "a single document"),
        ("\0", "special characters are not allowed"),
        ("[" * 40_000, "more than 32 levels"),
        ("- " * 40_000, "more than 32 levels"),
        ("{" * 40_000, "more than 32 levels"),
        (_laughs("[{}]"), "more than 10,000 values"),
        (_laughs("{{<<: [{}]}}"), "more than 10,000 values"),
        ("[" + "a, " * 20_000 + "]", "more than 10,000 values"),
        ("x" * (MOST_CHARACTERS + 1), "100,001 characters, more than 100,000"),
    ],
    ids=range(26),
)
def test_everything_else_is_refused_in_one_line_and_no_time(text, reason):
    start = time.process_time()
    with pytest.raises(EdgeoodError) as caught:
        plain_yaml(text)
    assert time.process_time() - start < 1
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 300


def test_what_an_error_quotes_moves_no_cursor_and_fills_no_screen():
    assert shown("a\n\tb\x1b[2Jc") == "a b [2Jc"
    assert shown("x" * 100) == "x" * 79 + "…"
