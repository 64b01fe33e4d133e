"""Damage to bytes, whatever they mean: flipped bits, missing ends, exchanged blocks, numbers that promise too much."""

import random
from collections.abc import Callable

_NUMBERS = (0, 1, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)


def damaged(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """The content with one sort of damage, and what it is, in words."""
    if not content:
        return b"\0", "one byte instead of none"
    sort = rng.choice(_SORTS)
    changed = bytearray(content)
    return sort(changed, rng), f"{sort.__name__.strip('_').replace('_', ' ')}"


def _place(content: bytearray, rng: random.Random) -> int:
    """Often near the beginning, where files tell their structure."""
    return rng.randrange(min(len(content), rng.choice((64, 1024, 8192, len(content)))))


def _bits_flipped(content: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64))):
        content[_place(content, rng)] ^= 1 << rng.randrange(8)
    return bytes(content)


def _end_missing(content: bytearray, rng: random.Random) -> bytes:
    return bytes(
        content[: rng.choice((0, 1, 8, len(content) // 2, max(0, len(content) - 1), _place(content, rng)))]
    )


def _stretch_overwritten(content: bytearray, rng: random.Random) -> bytes:
    start, length = _place(content, rng), rng.choice((1, 4, 8, 64, 512, 4096))
    filler = rng.choice((b"\0", b"\xff", b"A", bytes([rng.randrange(256)])))
    content[start : start + length] = filler * len(content[start : start + length])
    return bytes(content)


def _blocks_exchanged(content: bytearray, rng: random.Random) -> bytes:
    length = rng.choice((8, 64, 512, 2048))
    first, second = _place(content, rng), _place(content, rng)
    one, other = content[first : first + length], content[second : second + length]
    if first + length <= second and len(one) == len(other):
        content[first : first + length], content[second : second + length] = other, one
    else:
        content[first : first + len(other)] = other
    return bytes(content)


def _stretch_cut_out(content: bytearray, rng: random.Random) -> bytes:
    start = _place(content, rng)
    del content[start : start + rng.choice((1, 8, 100, 4096))]
    return bytes(content)


def _stretch_repeated(content: bytearray, rng: random.Random) -> bytes:
    start, length = _place(content, rng), rng.choice((1, 8, 100, 4096))
    content[start:start] = content[start : start + length]
    return bytes(content)


def _end_added(content: bytearray, rng: random.Random) -> bytes:
    return bytes(content) + rng.randbytes(rng.choice((1, 100, 10_000)))


def _number_replaced(content: bytearray, rng: random.Random) -> bytes:
    size = rng.choice((1, 2, 4, 8))
    start = _place(content, rng) // size * size
    number = rng.choice(_NUMBERS) % 2 ** (8 * size)
    content[start : start + size] = number.to_bytes(size, rng.choice(("little", "little", "big")))
    return bytes(content)


def _text_replaced(content: bytearray, rng: random.Random) -> bytes:
    start = _place(content, rng)
    content[start : start + 1] = rng.choice((b"\n", b'"', b"\0", b"\xff\xfe", b"{", b"9" * 50, "é".encode()))
    return bytes(content)


_SORTS: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    _bits_flipped,
    _bits_flipped,
    _end_missing,
    _stretch_overwritten,
    _blocks_exchanged,
    _stretch_cut_out,
    _stretch_repeated,
    _end_added,
    _number_replaced,
    _number_replaced,
    _text_replaced,
)
