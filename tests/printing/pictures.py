"""Reads the pictures of pages: PNG with eight bits for each of red, green, blue and opacity."""

import struct
import zlib

_PIXEL = 4
_MM_PER_INCH = 25.4


def margin_is_white(picture: bytes, ppi: int, millimetres: float = 10) -> bool:
    """Whether nothing stands in the outer millimetres at the left and right of a page."""
    edge = round(millimetres / _MM_PER_INCH * ppi) * _PIXEL
    return all(set(row[:edge] + row[-edge:]) == {255} for row in rows_of(picture))


def rows_of(picture: bytes) -> list[bytes]:
    """The rows of a picture."""
    width, height, *kind = struct.unpack(">IIBBBBB", picture[16:29])
    assert kind == [8, 6, 0, 0, 0], kind
    packed, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        if picture[at + 4 : at + 8] == b"IDAT":
            packed += picture[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(packed)
    stride = width * _PIXEL
    rows: list[bytes] = []
    above = bytearray(stride)
    for row in range(height):
        start = row * (stride + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + stride], above)
        rows.append(bytes(above))
    return rows


def _unfiltered(kind: int, row: bytes, above: bytearray) -> bytearray:
    """A row as it was before its filter (PNG, chapter 9)."""
    done = bytearray(row)
    for at in range(len(row)):
        left = done[at - _PIXEL] if at >= _PIXEL else 0
        corner = above[at - _PIXEL] if at >= _PIXEL else 0
        guess = (0, left, above[at], (left + above[at]) // 2, _paeth(left, above[at], corner))
        done[at] = (row[at] + guess[kind]) & 255
    return done


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda near: abs(guess - near))
