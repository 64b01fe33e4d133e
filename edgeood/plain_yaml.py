"""YAML without its surprises: mappings, lists, text, numbers, true, false and null, of bounded size.

A user's file or the value of a ``--set`` may be anything. What YAML can express beyond plain values (tags of other
languages, dates, binary data, aliases that multiply) has no meaning in a recipe, and is refused before it costs time.
"""

from collections.abc import Callable
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

from edgeood.errors import EdgeoodError

MOST_CHARACTERS = 100_000
"""Of a document; a recipe has some thousand. Reading this many takes a second."""
MOST_VALUES = 10_000
"""Of a document, aliases written out."""
MOST_LEVELS = 32
_LONGEST_NUMBER = 40
_SHOWN = 80


def plain_yaml(text: str) -> Any:
    """The plain values of a YAML document.

    Keys are text, and stand once in a mapping. Dates stay text. Raises :class:`EdgeoodError` with the reason alone, in
    one line: callers say where ``text`` is from and what to do.
    """
    if len(text) > MOST_CHARACTERS:
        raise EdgeoodError(f"{len(text):,} characters, more than {MOST_CHARACTERS:,}")
    try:
        return yaml.load(text, _PlainLoader)
    except yaml.YAMLError as error:
        raise EdgeoodError(shown(str(error).replace('in "<unicode string>", ', "at "), 300)) from error


def shown(text: str, most: int = _SHOWN) -> str:
    """A user's text as an error may quote it: in one line, no longer than ``most``, nothing that moves a cursor."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


class _PlainLoader(yaml.SafeLoader):
    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._level = self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Composes a node and counts it; one that an alias stands for counts again with all that is in it."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        alias = isinstance(event, yaml.AliasEvent)
        before = self._values
        self._level += 1
        if self._level > MOST_LEVELS:
            raise _refused(f"more than {MOST_LEVELS} levels", event)
        node = super().compose_node(parent, index)
        self._level -= 1
        if alias and id(node) not in self._sizes:
            raise _refused("an alias within what it stands for", event)
        self._values += self._sizes[id(node)] if alias else 1
        self._sizes.setdefault(id(node), self._values - before)
        if self._values > MOST_VALUES:
            raise _refused(f"more than {MOST_VALUES:,} values", event)
        return node

    def construct_mapping(self, node: Node, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are text and stand there once."""
        if not isinstance(node, MappingNode):
            raise _refused("a mapping is expected", node)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and key.value in seen:
                raise _refused(f"the key '{shown(key.value)}' stands there twice", key)
            seen.add(key.value if isinstance(key, ScalarNode) else None)
            if key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
                raise _refused("a key is no text; quote it", key)
        return super().construct_mapping(node, deep)


def _refused(reason: str, where: Any) -> ConstructorError:
    return ConstructorError(None, None, reason, where.start_mark)


def _number(construct: Callable[[Any, Node], Any]) -> Callable[[Any, Node], Any]:
    """A number or truth value that is written as one, and no longer than any needs to be."""

    def construct_number(loader: _PlainLoader, node: Node) -> Any:
        try:
            if len(node.value) > _LONGEST_NUMBER:
                raise ValueError
            return construct(loader, node)
        except (ValueError, KeyError, IndexError, OverflowError) as error:
            raise _refused(f"'{shown(str(node.value))}' is no number or truth value", node) from error

    return construct_number


def _no_tag(loader: _PlainLoader, node: Node) -> Any:
    raise _refused(f"the tag '{shown(node.tag.removeprefix(_TAG))}' has no meaning here; remove it", node)


_TAG = "tag:yaml.org,2002:"
_PLAIN = yaml.SafeLoader.yaml_constructors
_PlainLoader.yaml_constructors = {
    **{f"{_TAG}{name}": _PLAIN[f"{_TAG}{name}"] for name in ("str", "null", "seq", "map")},
    **{f"{_TAG}{name}": _number(_PLAIN[f"{_TAG}{name}"]) for name in ("int", "float", "bool")},
    None: _no_tag,
}
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag not in (f"{_TAG}timestamp", f"{_TAG}value")]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
