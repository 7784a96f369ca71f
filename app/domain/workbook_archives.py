"""Look at an .xlsx file from outside, before anything in it is unpacked (TRUST 13).

An .xlsx is a ZIP archive. Everything here is read from the directory of the archive and from the
heads of its parts, which are bounded, so that a hostile file costs next to nothing.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Final

from app.domain.errors import WorkbookRefused

MOST_PARTS: Final = 200
MOST_UNPACKED: Final = 100 << 20
# XML of a few thousand equal rows packs a hundredfold; a bomb does a thousandfold.
MOST_RATIO: Final = 200
RATIO_FREE: Final = 1 << 20
LARGEST_PART: Final = 10 << 20
_LARGEST_DIRECTORY: Final = 64 << 10
_LONGEST_NAME: Final = 200
# Of the descriptor that a writer may put behind a part whose size it did not know before.
_DESCRIPTOR: Final = 24
_LOCAL_HEADER: Final = 30

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END: Final = struct.Struct("<4s4H2LH")
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9 ._\-\[\]()%#+]+(?:/[A-Za-z0-9 ._\-\[\]()%#+]+)*/?")
_SHEET_TYPE: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_MAGICS: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
)

# Parts that a sheet of machines has no use for, by what their names hold.
_FORBIDDEN: Final[Sequence[tuple[str, str]]] = (
    ("vbaproject", "macros_not_allowed"),
    ("vbadata", "macros_not_allowed"),
    ("macrosheets/", "macros_not_allowed"),
    ("dialogsheets/", "macros_not_allowed"),
    ("customui/", "macros_not_allowed"),
    ("externallinks/", "external_links_not_allowed"),
    ("connections.xml", "external_links_not_allowed"),
    ("querytables/", "external_links_not_allowed"),
    ("webextensions/", "external_links_not_allowed"),
    ("embeddings/", "embedded_objects_not_allowed"),
    ("activex/", "embedded_objects_not_allowed"),
    ("ctrlprops/", "embedded_objects_not_allowed"),
    ("oleobject", "embedded_objects_not_allowed"),
)
_CONTENT_TYPES: Final = "[Content_Types].xml"


def refused(code: str) -> WorkbookRefused:
    """The refusal of a whole file."""
    return WorkbookRefused(places=[("/file", code)])


def examine_archive(content: bytes) -> None:
    """Look whether a file is an Excel workbook that may be unpacked.

    Raises WorkbookRefused with the code of the first thing that is wrong.
    """
    _check_frame(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_names(parts)
            _check_sizes(parts)
            _check_places(content, parts, archive.start_dir)
            _check_contents(archive, parts)
    except WorkbookRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, KeyError):
        raise refused("damaged_archive") from None
    except (NotImplementedError, RuntimeError):
        # A way of packing that no spreadsheet program uses.
        raise refused("unreadable_workbook") from None


def _check_frame(content: bytes) -> None:
    """The archive begins with the file and ends with it, and its directory is of a sane size."""
    if not content:
        raise refused("empty_file")
    if content.startswith(_OLE):
        raise refused("encrypted_workbook")
    if not content.startswith(_ZIP):
        # A file that begins otherwise and is an archive too can be taken for two things.
        raise refused("stowaway_content" if _ZIP in content[:4096] else "not_a_workbook")
    if b"%PDF-" in content[:1024]:
        raise refused("stowaway_content")
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or len(content) - at < _END.size:
        raise refused("damaged_archive")
    if len(content) - at > _END.size:
        raise refused("stowaway_content")
    _, _, _, _, entries, directory, _, _ = _END.unpack(content[at:])
    if entries > MOST_PARTS or directory > _LARGEST_DIRECTORY:
        raise refused("too_many_parts")


def _check_names(parts: Sequence[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS:
        raise refused("too_many_parts")
    seen: set[str] = set()
    for part in parts:
        # What the archive says, before the library makes it harmless.
        name = part.orig_filename
        steps = name.split("/")
        if (
            len(name) > _LONGEST_NAME
            or _SAFE_NAME.fullmatch(name) is None
            or any(step in {".", ".."} for step in steps)
        ):
            raise refused("unsafe_part_name")
        folded = name.lower()
        if folded in seen:
            raise refused("duplicate_part")
        seen.add(folded)
        for word, code in _FORBIDDEN:
            if word in folded:
                raise refused(code)
    if _CONTENT_TYPES.lower() not in seen:
        raise refused("not_a_workbook")


def _check_sizes(parts: Sequence[zipfile.ZipInfo]) -> None:
    for part in parts:
        if part.flag_bits & 0x1:
            raise refused("encrypted_workbook")
        if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise refused("unreadable_workbook")
        if part.file_size > LARGEST_PART or (
            part.file_size > RATIO_FREE and part.file_size > MOST_RATIO * part.compress_size
        ):
            raise refused("unpacked_too_large")
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise refused("unpacked_too_large")


def _check_places(content: bytes, parts: Sequence[zipfile.ZipInfo], directory: int) -> None:
    """The parts fill the file from its beginning to its directory: none lies over another (a bomb
    of few bytes), and nothing lies between them.
    """
    expected = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        at = part.header_offset
        if at < expected:
            raise refused("overlapping_parts")
        if at - expected > _DESCRIPTOR or (expected == 0 and at > 0):
            raise refused("stowaway_content")
        if content[at : at + 4] != _ZIP:
            raise refused("damaged_archive")
        name_length, extra_length = struct.unpack("<2H", content[at + 26 : at + _LOCAL_HEADER])
        if content[at + _LOCAL_HEADER : at + _LOCAL_HEADER + name_length] != _name_bytes(part):
            raise refused("damaged_archive")
        expected = at + _LOCAL_HEADER + name_length + extra_length + part.compress_size
    if expected > directory:
        raise refused("overlapping_parts")
    if directory - expected > _DESCRIPTOR:
        raise refused("stowaway_content")


def _name_bytes(part: zipfile.ZipInfo) -> bytes:
    # Names that got here are ASCII.
    return part.orig_filename.encode("ascii")


def _check_contents(archive: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo]) -> None:
    for part in parts:
        if part.is_dir():
            continue
        with archive.open(part) as stream:
            head = stream.read(512)
        if head.startswith(_OLE):
            raise refused("embedded_objects_not_allowed")
        if head.startswith(_MAGICS):
            raise refused("nested_archive")
    with archive.open(_CONTENT_TYPES) as stream:
        types = stream.read(_LARGEST_DIRECTORY)
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise refused("macros_not_allowed")
    if _SHEET_TYPE not in types:
        raise refused("wrong_content_types")
