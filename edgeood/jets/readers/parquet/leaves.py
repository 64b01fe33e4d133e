"""Columns of Parquet files: numbers and texts, alone, in lists or in lists of lists, whatever structures hold them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.jets.readers.needed import needed

_BUFFER_BYTES = 2**16


@dataclass(frozen=True)
class Leaf:
    """One column of plain values, wherever it is."""

    name: str
    """of the structures that it is in and its own, joined by dots"""
    path: tuple[str, ...]
    """the column, and the fields below it"""
    depth: int
    """how many lists are around a value"""
    text: bool
    """whether values are texts, not real numbers"""


@dataclass(frozen=True)
class Nested:
    """Values of a leaf in some rows."""

    counts: tuple[NDArray[np.int64], ...]
    """of each list, the outer lists first: (rows,), (sum of those,) …"""
    values: NDArray[Any]
    """one after another"""


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """An open file, of which little is in memory at a time. Raises ``MissingPackageError`` without pyarrow."""
    needed(path, "pyarrow")
    parquet: Any = needed(path, "pyarrow.parquet")
    # Pages are read as they are needed, not whole column chunks ahead.
    with parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
        yield file


def leaves_of(path: Path, file: Any) -> dict[str, Leaf]:
    """Name → leaf of an open file; what is neither number nor text is left out."""
    types: Any = needed(path, "pyarrow.types")
    found: dict[str, Leaf] = {}

    def look(kind: Any, where: tuple[str, ...], depth: int) -> None:
        if types.is_struct(kind):
            for index in range(kind.num_fields):
                look(kind.field(index).type, (*where, kind.field(index).name), depth)
        elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            look(kind.value_type, where, depth + 1)
        else:
            plain = kind.value_type if types.is_dictionary(kind) else kind
            text = types.is_string(plain) or types.is_large_string(plain)
            number = types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind)
            if text or number:
                found[".".join(where)] = Leaf(".".join(where), where, depth, text)

    for field in file.schema_arrow:
        look(field.type, (field.name,), 0)
    return found


def batches(path: Path, file: Any, leaves: list[Leaf], rows: int) -> Iterator["Batch"]:
    """The rows of an open file, at most ``rows`` at a time, with the columns of some leaves."""
    columns = sorted({leaf.path[0] for leaf in leaves})
    first = 0
    for content in file.iter_batches(batch_size=rows, columns=columns, use_threads=False):
        if len(content):
            yield Batch(path, content, first)
            first += len(content)


class Batch:
    """Some consecutive rows of a file."""

    def __init__(self, path: Path, content: Any, first: int) -> None:
        self.first = first
        """row of the first"""
        self._path, self._content = path, content

    def __len__(self) -> int:
        return len(self._content)

    def nested(self, leaf: Leaf) -> Nested:
        """The values of a leaf; what is null is not a number, a list that is null is empty."""
        compute: Any = needed(self._path, "pyarrow.compute")
        types: Any = needed(self._path, "pyarrow.types")
        array, names = self._content.column(leaf.path[0]), list(leaf.path[1:])
        counts: list[NDArray[np.int64]] = []
        while True:
            if types.is_struct(array.type):
                array = compute.struct_field(array, names.pop(0))
            elif hasattr(array.type, "value_type") and not types.is_dictionary(array.type):
                sizes = compute.fill_null(compute.list_value_length(array), 0)
                counts.append(sizes.to_numpy(zero_copy_only=False).astype(np.int64))
                array = compute.list_flatten(array)
            else:
                break
        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        values = np.asarray(array.to_numpy(zero_copy_only=False))
        return Nested(tuple(counts), values.astype(np.int8) if values.dtype == np.bool_ else values)
