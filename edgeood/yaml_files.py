"""Users' YAML files, read into pydantic models; every mistake in one is told in one sentence."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from edgeood.errors import EdgeoodError
from edgeood.plain_yaml import MOST_CHARACTERS, plain_yaml, shown
from edgeood.suggestions import suggestion

Model = TypeVar("Model", bound=BaseModel)


def shipped_names(folder: Path) -> list[str]:
    """Names of the YAML files that come with the package in ``folder``."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read_yaml(name_or_path: str | Path, folder: Path, noun: str) -> Any:
    """The content of a YAML file, given by its path or by the name of a shipped one in ``folder``.

    ``noun`` says what is looked for ("recipe"). Raises :class:`EdgeoodError` when the file is missing (with
    the nearest shipped name), cannot be read or is not YAML.
    """
    name, path = shown(str(name_or_path), 300), Path(name_or_path)
    try:
        if not path.is_file() and path.suffix == "" and path.name == str(name_or_path):
            path = folder / f"{name_or_path}.yaml"
        if not path.is_file():
            known = shipped_names(folder)
            hint = suggestion(path.stem, known, f"give a YAML file or one of {', '.join(known)}.")
            raise EdgeoodError(f"there is no {noun} '{name}'; {hint}")
        # A character has at most four bytes.
        if path.stat().st_size > 4 * MOST_CHARACTERS:
            raise EdgeoodError(
                f"{name} is no {noun}: a file of {path.stat().st_size:,} bytes; choose another."
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise EdgeoodError(f"{name} cannot be read ({error.strerror}); choose another {noun}.") from error
    except UnicodeDecodeError as error:
        raise EdgeoodError(f"{name} is not readable YAML ({error}); correct it.") from error
    try:
        return plain_yaml(text)
    except EdgeoodError as error:
        raise EdgeoodError(f"{name} is not readable YAML ({error}); correct it.") from error


def validated(model: type[Model], content: Any, source: str, noun: str) -> Model:
    """``content`` as a ``model``.

    Raises :class:`EdgeoodError` naming ``source`` and the first wrong key, with the nearest known key where
    there is one.
    """
    if not isinstance(content, dict):
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        raise EdgeoodError(
            f"{shown(source, 300)} holds no {noun}; write a YAML mapping with {', '.join(required)}."
        )
    try:
        return model.model_validate(content)
    except EdgeoodError as error:
        raise EdgeoodError(f"{shown(source, 300)}: {error}") from error
    except ValidationError as error:
        # A misspelt key also shows up as a missing one: name the misspelling.
        problem = min(error.errors(), key=lambda problem: problem["type"] == "missing")
        raise EdgeoodError(f"{shown(source, 300)}: {_sentence(dict(problem), model, content)}") from error


def _place(location: Sequence[int | str], content: Any) -> str:
    """A wrong key as the user wrote it: without the ``kind`` that pydantic adds behind a section that has one."""
    parts = []
    for part in location:
        if isinstance(content, dict) and part not in content and part == content.get("kind"):
            continue
        parts.append(str(part))
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int):
            content = content[part] if part < len(content) else None
    return shown(".".join(parts))


def _sentence(problem: dict[str, Any], model: type[BaseModel], content: Any) -> str:
    where = _place(problem["loc"], content)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key '{where}'; " + suggestion(
            str(problem["loc"][-1]), sorted(_keys(model)), "remove it."
        )
    if problem["type"] == "missing":
        return f"'{where}' is missing; add it."
    message = shown(problem["msg"].removeprefix("Value error, "), 300)
    return f"'{where}' is not valid: {message}; correct it." if where else f"{message}; correct it."


def _keys(annotation: Any) -> set[str]:
    """Every key that may stand in a section of this type, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {name: field.annotation for name, field in annotation.model_fields.items()}
        return set(fields).union(*map(_keys, fields.values()))
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return {field.name for field in dataclasses.fields(annotation)}
    return set().union(*map(_keys, get_args(annotation)))
