"""The text of a PDF that typst made, page by page: enough of the format for that and no more."""

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.S)
_FONT = re.compile(rb"/(f\d+) [\d.]+ Tf")
_SHOWN = re.compile(rb"<([0-9A-Fa-f]+)>|\(")
_ABOUT = re.compile(rb"/Lang ?\([\w-]*\)|/ActualText ?(?:<[0-9A-Fa-f]*>|\([^)]*\))")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """The texts of the pages, in the order in which they are painted."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    (root,) = (body for body in objects.values() if b"/Type/Pages" in body)
    texts = []
    for number in re.findall(rb"(\d+) 0 R", root.split(b"/Kids[")[1].split(b"]")[0]):
        page = objects[int(number)]
        resources = objects[_reference(page, b"Resources")]
        fonts = {
            name: _characters(_content(objects[_reference(objects[int(at)], b"ToUnicode")]))
            for name, at in re.findall(rb"/(f\d+) (\d+) 0 R", resources)
        }
        texts.append(_text(_content(objects[_reference(page, b"Contents")]), fonts))
    return texts


def _reference(body: bytes, name: bytes) -> int:
    match = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    assert match is not None, (name, body[:200])
    return int(match[1])


def _content(body: bytes) -> bytes:
    match = _STREAM.search(body)
    assert match is not None
    return zlib.decompress(match[1])


def _characters(table: bytes) -> dict[int, str]:
    """What each glyph stands for, from a ToUnicode table."""
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.S):
        for glyph, text in re.findall(rb"<([0-9A-Fa-f]+)> ?<([0-9A-Fa-f]+)>", block):
            found[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    assert b"beginbfrange" not in table
    return found


def _text(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    # Of strings there are none but those that are shown, except what is said about a passage: its
    # language, and that a place to break stands for nothing.
    rest = _ABOUT.sub(b"", content)
    shown: list[str] = []
    # What stands before the first font shows nothing.
    _, *passages = _FONT.split(rest)
    for name, passage in zip(passages[::2], passages[1::2], strict=True):
        for raw in _strings(passage):
            glyphs = (int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2))
            shown.extend(fonts[name].get(glyph, "") for glyph in glyphs)
    return "".join(shown)


def _strings(passage: bytes) -> Iterator[bytes]:
    """The strings of a passage: hexadecimal, or in brackets, which may stand inside in pairs."""
    at = 0
    while (match := _SHOWN.search(passage, at)) is not None:
        at = match.end()
        if match[1]:
            yield bytes.fromhex(match[1].decode())
            continue
        start, depth = at, 1
        while depth:
            byte = passage[at : at + 1]
            depth += (byte == b"(") - (byte == b")")
            at += 2 if byte == b"\\" else 1
        yield _unescaped(passage[start : at - 1])


def _unescaped(literal: bytes) -> bytes:
    def meant(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 255]) if code[:1] in b"01234567" else _LETTERS.get(code, code)

    return _ESCAPE.sub(meant, literal)
