"""The generated part of the site: pages of the code and of the recipe's keys, and the measured results as they are."""

import builtins
import importlib.util
import pkgutil
import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from docutils import nodes
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sphinx.util import logging

import edgeood
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Recipe

logger = logging.getLogger(__name__)
FOLDER = Path(__file__).parent / "generated"
RESULTS = FOLDER.parents[1] / "benchmarks" / "results"
ORDER = ("", "recipe", "fixed_point", "jets", "inputs", "networks", "scores", "training", "evaluation")
ORDER += ("export", "runtime", "hardware")
"""Of the packages: what all share, the layers as data flows through them; behind these, what stands on top."""


def setup(app: Any) -> None:
    """Hang everything here into Sphinx's events."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", link_results)
    app.connect("autodoc-skip-member", skip_foreign_class)
    app.connect("autodoc-process-docstring", read_docstring)
    app.connect("missing-reference", resolve_short_name)


def write_pages(app: Any) -> None:
    """Write every generated page; one that did not change keeps its time, so that Sphinx need not read it again."""
    pages = {f"{package}.rst": package_page(package) for package in packages()}
    pages |= {"api.rst": api_page(), "recipe.md": recipe_page()}
    pages |= {f"results-{file.name}": file.read_text(encoding="utf-8") for file in RESULTS.glob("*.md")}
    FOLDER.mkdir(exist_ok=True)
    for old in set(FOLDER.iterdir()) - {FOLDER / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        file = FOLDER / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def link_results(app: Any, page: str, source: list[str]) -> None:
    """Results lie outside ``docs/``, where links of the repository's pages lead; here, their copies are meant."""
    source[0] = source[0].replace("(../benchmarks/results/", "(generated/results-")


def public_modules() -> list[str]:
    """Dotted names of all modules."""
    found = [module.name for module in pkgutil.walk_packages(edgeood.__path__, "edgeood.")]
    return ["edgeood", *(name for name in found if not name.rpartition(".")[2].startswith("_"))]


def packages() -> list[str]:
    """Dotted names of all packages, in their order."""
    found = [name for name in public_modules() if hasattr(importlib.import_module(name), "__path__")]

    def place(name: str) -> tuple[int, str]:
        layer = name.split(".")[1] if "." in name else ""
        return (ORDER.index(layer) if layer in ORDER else len(ORDER), name)

    return sorted(found, key=place)


def api_page() -> str:
    """reStructuredText: what ``import edgeood`` offers, and all packages."""
    rows = []
    for name in edgeood.__all__:
        one = getattr(edgeood, name)
        module = isinstance(one, types.ModuleType)
        target = one.__name__ if module else f"{one.__module__}.{one.__qualname__}"
        first = (one.__doc__ or "").strip().partition("\n")[0]
        rows.append(f"   * - :py:{'mod' if module else 'obj'}:`edgeood.{name} <{target}>`\n     - {first}")
    head = ["The code", "========", "", "What ``import edgeood`` offers:", "", ".. list-table::", ""]
    tail = [
        "",
        "All packages, in the order in which data flows through them:",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
    ]
    return "\n".join([*head, *rows, *tail, *(f"   {package}" for package in packages())]) + "\n"


def package_page(package: str) -> str:
    """reStructuredText: the package and the modules directly in it."""
    own = [name for name in public_modules() if name.rpartition(".")[0] == package]
    parts = []
    for name in [package, *(name for name in own if name not in packages())]:
        parts.append(f"{name}\n{('=' if name == package else '-') * len(name)}\n")
        parts.append(
            f".. automodule:: {name}\n   :members:\n   :special-members: __call__\n   :ignore-module-all:\n"
        )
    return "\n".join(parts)


def recipe_page() -> str:
    """MyST: every key of a recipe, with its default and its meaning."""
    parts = [
        "# Keys of a recipe",
        "A recipe is a YAML file of these sections; `edgeood train --set section.key=value` changes a key on the "
        "way. Keys that are not known are refused, missing ones get their defaults. Where a section has several "
        "kinds, its key `kind` chooses one.",
        *_section("", Recipe),
    ]
    return "\n\n".join(parts) + "\n"


def _section(path: str, model: type[BaseModel], owner: str = "") -> list[str]:
    """Table of one section, then those of the sections in it; ``owner`` is the kind of section that it belongs to."""
    own_kind = model.model_fields["kind"].default if path in _WITH_KINDS else ""
    title = (
        (f"`{path}`" + f", kind `{own_kind}`" * bool(own_kind) + f" of kind `{owner}`" * bool(owner))
        if path
        else "At the top"
    )
    rows, below = ["| key | value | default | meaning |", "|---|---|---|---|"], []
    for name, field in model.model_fields.items():
        inner = f"{path}.{name}".lstrip(".")
        sections = [one for one in _types(field.annotation) if _is_section(one)]
        below += [(inner, one) for one in sections]
        if name == "kind" and own_kind:
            continue
        cells = (f"`{name}`", _value(field, sections), _default(field), _meaning(field, sections))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    about = "\n".join(line.strip() for line in (model.__doc__ or "").splitlines()).strip().replace("``", "`")
    found = [f"## {title}", re.sub(r":\w+:`([^`]*)`", r"`\1`", about)]
    if len(rows) > 2:
        found.append("\n".join(rows))
    for inner, one in below:
        found += _section(inner, one, own_kind)
    return found


_WITH_KINDS = ("inputs", "network", "objective")
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_NAMES = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}


def _value(field: Any, sections: list[type[BaseModel]]) -> str:
    """What may stand there, in words."""
    inner = [one for one in get_args(field.annotation) if one is not type(None)] or [field.annotation]
    optional = type(None) in get_args(field.annotation)
    words = "section" if sections else _words(inner[0] if optional else field.annotation)
    if sections and get_origin(inner[0]) is tuple:
        words = "list of sections"
    bounds = [
        f"{sign}\u00a0{getattr(one, key)}"
        for one in field.metadata
        for key, sign in _SIGNS.items()
        if hasattr(one, key)
    ]
    return " ".join([words, ", ".join(bounds)]).strip() + ", or null" * optional


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, BaseModel):
        several = len(get_args(field.annotation)) > 1
        return f"kind `{field.default.kind}`" if several else "that of its keys"
    return f"`{_plain(field.default)}`"


def _meaning(field: Any, sections: list[type[BaseModel]]) -> str:
    """Its description, or what the section itself says."""
    if field.description or not sections:
        return field.description or ""
    if len(sections) > 1:
        return "kinds: " + ", ".join(f"`{one.model_fields['kind'].default}`" for one in sections)
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", (sections[0].__doc__ or "").strip().partition("\n")[0])


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _types(annotation: Any) -> list[Any]:
    """The types that an annotation is made of."""
    inner = [one for one in get_args(annotation) if not isinstance(one, str)]
    if get_origin(annotation) is Annotated:
        inner = inner[:1]
    return [one for part in inner for one in _types(part)] if inner else [annotation]


def _words(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _words(inner[0])
    if annotation is FixedPoint:
        return "`{bits, integer, signed}`"
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in inner)
    if origin is tuple:
        return "list of " + (_words(inner[0]) if inner[-1] is ... else f"{len(inner)} numbers")
    if origin is dict:
        return f"mapping of {_words(inner[0])} to {_words(inner[1])}"
    return _NAMES.get(annotation, str(annotation))


def _plain(value: Any) -> str:
    """A default as YAML has it."""
    if isinstance(value, FixedPoint):
        value = {"bits": value.bits, "integer": value.integer, "signed": value.signed}
    if isinstance(value, BaseModel | dict):
        return "{" + ", ".join(f"{key}: {_plain(one)}" for key, one in dict(value).items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def skip_foreign_class(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Other packages' classes are theirs to document; Brevitas's cannot even be asked for their signature."""
    foreign = isinstance(obj, type) and not str(getattr(obj, "__module__", "")).startswith("edgeood")
    return True if what == "module" and foreign else None


def read_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """House style → reStructuredText, in place: ``name : meaning`` under "Parameters" is a list of definitions (types
    are in the signature), and bars are absolute values."""
    inside, read = "", []
    for number, line in enumerate(lines):
        line = re.sub(r"(``.*?``)|\|", lambda found: found[1] or r"\|", line)
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if line in ("Parameters", "Returns") and set(after) == {"-"}:
            inside = line
            read.append(f":{line}:")
        elif not inside:
            read.append(line)
        elif not line:
            inside = ""
            read.append("")
        elif set(line) == {"-"}:
            continue
        elif inside == "Parameters" and (entry := re.fullmatch(r"(\w+(?:, \w+)*) : (.+)", line)):
            read += ["   " + ", ".join(f"``{one}``" for one in entry[1].split(", ")), "      " + entry[2]]
        else:
            read.append(("      " if inside == "Parameters" else "   ") + line.strip())
    lines[:] = [*read, ""]


def _exists(module: str | None, name: str) -> bool:
    """Whether a module knows a name, though no page describes it."""
    package = name.partition(".")[0]
    foreign = "." in name and package != "edgeood" and importlib.util.find_spec(package) is not None
    known = module is not None and hasattr(importlib.import_module(module), name)
    return hasattr(builtins, name) or foreign or known


def resolve_short_name(app: Any, env: Any, node: Any, content: Any) -> nodes.reference | None:
    """A name that was imported into the module which mentions it: the only object of ours that is called so."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].lstrip(".~")
    domain = env.get_domain("py")
    found = [name for name in domain.objects if name.endswith(f".{target}")]
    if len(found) != 1:
        if "refexplicit" in node and node.source and not _exists(node.get("py:module"), target):
            logger.warning("docstring names %s, which is nothing", target, location=node)
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)
