"""Mutations of ``.npz`` archives: other numbers, other types, archives that promise too much."""

import contextlib
import io
import random
import zipfile

import numpy as np

_LARGE = 10**7


def archive_mutated(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """An archive of arrays, changed once, and what was done, in words; damaged ones become something else whole."""
    arrays = _arrays(content)
    sort = rng.choice(tuple(_SORTS))
    name = rng.choice(list(arrays) or ["x"])
    if sort == "bomb":
        return _bomb(rng.choice((10**8, 10**9))), "an archive of zeros that unpack to more than they are"
    if sort == "header":
        return _promising(rng), "an array whose header is not true"
    if sort == "names":
        odd = rng.choice(("../x.npy", "/x.npy", "x", "", "é.npy", "a/b/c.npy", f"{name}.npy"))
        return _zipped(
            {**{f"{key}.npy": _npy(one) for key, one in arrays.items()}, odd: b"no array"}
        ), f"entry {odd!r}"
    if sort == "gone":
        arrays.pop(name, None)
    elif sort == "exchanged":
        other = rng.choice(list(arrays))
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif sort == "scores exchanged":
        arrays = {_other_score(key): one for key, one in arrays.items()}
    elif name in arrays:
        with np.errstate(all="ignore"):
            arrays[name] = _array_mutated(arrays[name], sort, rng)
    made = io.BytesIO()
    np.savez(made, **arrays)  # type: ignore[arg-type]
    return made.getvalue(), f"array {name}: {sort}"


_SORTS = (
    *("bomb", "header", "names", "gone", "exchanged", "scores exchanged"),
    *(
        "text",
        "objects",
        "complex",
        "integers",
        "truth",
        "empty",
        "longer",
        "shorter",
        "an axis more",
        "transposed",
    ),
    *("NaN", "infinite", "negated", "near", "zeros"),
)


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an archive; of one that is damaged, or unpacks to far more than ours do, another one."""
    # Whatever zipfile and NumPy make of damage that was done before.
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) < _LARGE:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            # Elements of no bytes take no memory, however many there are.
            if all(one.size < _LARGE for one in arrays.values()):
                return arrays
    return {"x": np.zeros(3)}


def _array_mutated(array: np.ndarray, sort: str, rng: random.Random) -> np.ndarray:
    changed = np.array(array)
    flat = changed.reshape(-1)
    if sort == "objects":
        return np.array([{"x": 1}], object)
    if sort in ("text", "complex", "integers", "truth"):
        return changed.astype({"text": "U8", "complex": "c16", "integers": "i8", "truth": "?"}[sort])
    if sort in ("empty", "shorter", "longer"):
        return {"empty": flat[:0], "shorter": flat[:-1], "longer": np.concatenate([flat, flat])}[sort]
    if sort in ("an axis more", "transposed"):
        return changed[None] if sort == "an axis more" else changed.T
    if flat.size and changed.dtype.kind in "iuf":
        place = rng.randrange(flat.size)
        if sort in ("NaN", "infinite") and changed.dtype.kind == "f":
            flat[place] = np.nan if sort == "NaN" else np.inf
        elif sort == "near":
            flat[place] = flat[place] + 1
        elif sort == "zeros":
            flat[:] = 0
        else:
            flat[:] = -flat
    return changed


def _other_score(key: str) -> str:
    score, _, rest = key.partition("/")
    other = {"max_logit": "mahalanobis_diagonal", "mahalanobis_diagonal": "max_logit"}.get(score, score)
    return f"{other}/{rest}" if rest else other


def _npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array, allow_pickle=False)
    return made.getvalue()


def _zipped(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def _header(shape: str, kind: str) -> bytes:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def _bomb(size: int) -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("max_logit/threshold.npy", "w", force_zip64=True) as entry,
    ):
        entry.write(_header(f"({size // 8},)", "'<f8'"))
        block = bytes(10**6)
        # The last bytes are missing: what is noticed before they are read costs nothing.
        for _ in range(min(size, 10**8) // 10**6):
            entry.write(block)
    return made.getvalue()


def _promising(rng: random.Random) -> bytes:
    shape = rng.choice(
        ("(1000000000000,)", "(-1,)", "(3,", "3", "(0, 10**9)", "(2.0,)", "()", "(1,)*64", "(True,)")
    )
    kind = rng.choice(
        ("'<f8'", "'|O'", "'<M8[s]'", "[('a', '<f8')]", "'x'", "None", "'<U1000000000'", "'|V0'")
    )
    return _zipped({"max_logit/threshold.npy": _header(shape, kind) + bytes(rng.choice((0, 8, 100)))})
