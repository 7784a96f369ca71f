"""Workbooks from outside, at every limit that is looked at before anything is unpacked (TRUST 13).

The archives are written here byte by byte, because no library writes what is refused. Each limit
was seen to fail one step to either side, each check when it was left out. That the whole
service refuses real workbooks of these kinds is shown by tests/faults/test_hostile_workbooks.py.
"""

import struct
import zlib
from dataclasses import dataclass, field

import pytest

from app.domain.errors import WorkbookRefused
from app.domain.workbook_archives import examine_archive

SHEET = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MIB = 1 << 20
STORED, DEFLATED, BZIP2 = 0, 8, 12
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass
class Part:
    """A part as the directory tells it. `claimed` is the size that it says it unpacks to, `gap`
    what lies before it, `local_name` and `sign` what stands at its own place.
    """

    name: str
    packed: bytes = b"<x/>"
    claimed: int | None = None
    method: int = STORED
    flags: int = 0
    gap: bytes = b""
    local_name: str | None = None
    sign: bytes = b"PK\x03\x04"
    extra: bytes = b""
    comment: bytes = b""
    version: int = 20
    crc: int | None = None
    place: int | None = None
    said_packed: int | None = None


TYPES = Part("[Content_Types].xml", SHEET)
BOOK = Part("xl/workbook.xml")
GOOD = (TYPES, BOOK)


@dataclass
class Written:
    """An archive while it is written."""

    body: bytes = b""
    directory: bytes = b""
    places: list[int] = field(default_factory=list)


def archive(
    *parts: Part, before_directory: bytes = b"", after: bytes = b"", entries: int | None = None
) -> bytes:
    """The bytes of an archive of these parts."""
    out = Written()
    for part in parts:
        out.body += part.gap
        place = len(out.body) if part.place is None else out.places[part.place]
        out.places.append(place)
        unpacked = part.packed
        if part.method == DEFLATED:
            unpacked = zlib.decompress(part.packed, -15)
        crc = zlib.crc32(unpacked) if part.crc is None else part.crc
        size = len(unpacked) if part.claimed is None else part.claimed
        packed_size = len(part.packed) if part.said_packed is None else part.said_packed
        common = struct.pack(
            "<5H3L", part.version, part.flags, part.method, 0, 0, crc, packed_size, size
        )
        local = (part.name if part.local_name is None else part.local_name).encode()
        if part.place is None:
            head = part.sign + common + struct.pack("<2H", len(local), len(part.extra))
            out.body += head + local + part.extra + part.packed
        name = part.name.encode()
        lengths = struct.pack("<5H2L", len(name), 0, len(part.comment), 0, 0, 0, place)
        out.directory += b"PK\x01\x02" + struct.pack("<H", 20) + common + lengths + name
        out.directory += part.comment
    body = out.body + before_directory
    count = len(parts) if entries is None else entries
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(out.directory), len(body), 0
    )
    return body + out.directory + end + after


def code_of(content: bytes) -> str | None:
    """The code that refuses a file; None where it may be unpacked."""
    try:
        examine_archive(content)
    except WorkbookRefused as refusal:
        ((place, code),) = refusal.places
        assert place == "/file"
        return code
    return None


def with_part(name: str, packed: bytes = b"<x/>", **told: object) -> str | None:
    """The code that refuses a good archive with one part more."""
    return code_of(archive(*GOOD, Part(name, packed, **told)))  # type: ignore[arg-type]


def test_a_plain_workbook_may_be_unpacked() -> None:
    assert code_of(archive(*GOOD)) is None
    assert code_of(archive(BOOK, TYPES)) is None
    squeezed = zlib.compress(SHEET * 50)[2:-4]
    assert code_of(archive(Part(TYPES.name, squeezed, method=DEFLATED), BOOK)) is None
    assert with_part("xl/worksheets/") is None
    assert with_part("xl/a b.c_d-[e](f)%#+.xml", extra=bytes(40_000)) is None
    # What ends an archive may stand within a part.
    assert with_part("xl/a.xml", b"<x>PK\x05\x06" + bytes(40)) is None
    # A writer that did not know the size before, and one that packs harder.
    assert with_part("xl/a.xml", flags=0x8) is None
    assert with_part("xl/a.xml", flags=0x2) is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (OLE + bytes(99), "encrypted_workbook"),
        (b"product,serial\n", "not_a_workbook"),
        (b"x" + archive(*GOOD), "stowaway_content"),
        (b"x" * 4092 + archive(*GOOD), "stowaway_content"),
        (b"x" * 4093 + archive(*GOOD), "not_a_workbook"),
        (archive(*GOOD, after=b"x"), "stowaway_content"),
        (archive(*GOOD)[:-1], "damaged_archive"),
        (archive(*GOOD)[:-22], "damaged_archive"),
        (archive(TYPES, Part("a", b"%PDF-1.7")), "stowaway_content"),
        (archive(*GOOD, entries=201), "too_many_parts"),
    ],
)
def test_the_frame_of_a_file(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_another_document_is_looked_for_in_the_first_kilobyte() -> None:
    head = len(archive(TYPES, Part("a", b"%PDF-")).partition(b"%PDF-")[0])
    for before, code in [(1024 - head - 5, "stowaway_content"), (1024 - head - 4, None)]:
        part = Part("a", b" " * before + b"%PDF-")
        assert code_of(archive(TYPES, part)) == code


@pytest.mark.parametrize(("count", "code"), [(200, None), (201, "too_many_parts")])
def test_an_archive_has_at_most_200_parts(count: int, code: str | None) -> None:
    parts = [Part(f"xl/{number}.xml") for number in range(count - len(GOOD))]
    assert code_of(archive(*GOOD, *parts)) == code
    # However few it says that it has.
    if code is not None:
        assert code_of(archive(*GOOD, *parts, entries=9)) == code


@pytest.mark.parametrize(("more", "code"), [(0, None), (1, "too_many_parts")])
def test_a_directory_takes_at_most_64_kilobytes(more: int, code: str | None) -> None:
    length = 46 + len(TYPES.name) + 46 + len("a")
    parts = [TYPES, Part("a", comment=b" " * ((64 << 10) - length + more))]
    assert code_of(archive(*parts)) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a" * 200, None),
        ("a" * 201, "unsafe_part_name"),
        ("../a.xml", "unsafe_part_name"),
        ("xl/../../a.xml", "unsafe_part_name"),
        ("xl/./a.xml", "unsafe_part_name"),
        ("xl/...", None),
        ("/a.xml", "unsafe_part_name"),
        ("xl//a.xml", "unsafe_part_name"),
        ("C:\\a.xml", "unsafe_part_name"),
        ("xl/a.xml\n", "unsafe_part_name"),
        ("xl/\u9ad9.xml", "unsafe_part_name"),
        ("xl/workbook.xml", "duplicate_part"),
        ("XL/Workbook.XML", "duplicate_part"),
        ("xl/vbaProject.bin", "macros_not_allowed"),
        ("xl/vbaData.xml", "macros_not_allowed"),
        ("xl/macrosheets/sheet1.xml", "macros_not_allowed"),
        ("xl/dialogsheets/sheet1.xml", "macros_not_allowed"),
        ("customUI/customUI.xml", "macros_not_allowed"),
        ("xl/externalLinks/externalLink1.xml", "external_links_not_allowed"),
        ("xl/connections.xml", "external_links_not_allowed"),
        ("xl/queryTables/queryTable1.xml", "external_links_not_allowed"),
        ("xl/webextensions/webextension1.xml", "external_links_not_allowed"),
        ("xl/embeddings/a.bin", "embedded_objects_not_allowed"),
        ("xl/activeX/activeX1.xml", "embedded_objects_not_allowed"),
        ("xl/ctrlProps/ctrlProp1.xml", "embedded_objects_not_allowed"),
        ("xl/oleObject1.bin", "embedded_objects_not_allowed"),
    ],
)
def test_the_names_of_parts(name: str, code: str | None) -> None:
    flags = 0 if name.isascii() else 0x800
    assert with_part(name, flags=flags) == code


def test_a_workbook_says_what_its_parts_are() -> None:
    assert code_of(archive(BOOK)) == "not_a_workbook"
    assert code_of(archive(Part("[content_types].xml", SHEET), BOOK)) == "damaged_archive"
    assert code_of(archive(Part(TYPES.name, b"<Types/>"), BOOK)) == "wrong_content_types"
    for word in (b"macroEnabled", b"vbaProject"):
        assert code_of(archive(Part(TYPES.name, SHEET + word), BOOK)) == "macros_not_allowed"
    # What stands behind the first 64 kilobytes is not read.
    for before, code in [((64 << 10) - len(SHEET), None), (64 << 10, "wrong_content_types")]:
        assert code_of(archive(Part(TYPES.name, b" " * before + SHEET), BOOK)) == code


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"flags": 0x1}, "encrypted_workbook"),
        ({"flags": 0x40}, "unreadable_workbook"),
        ({"method": BZIP2}, "unreadable_workbook"),
        ({"version": 99}, "unreadable_workbook"),
        ({"crc": 1}, "damaged_archive"),
        # Up to a mebibyte may be packed as tightly as can be, above it two hundredfold.
        ({"packed": b" " * 600, "claimed": MIB}, None),
        ({"packed": b" " * 600, "claimed": MIB + 1}, "unpacked_too_large"),
        ({"packed": b" " * 6_000, "claimed": 1_200_000}, None),
        ({"packed": b" " * 6_000, "claimed": 1_200_001}, "unpacked_too_large"),
        ({"packed": b"", "claimed": MIB + 1}, "unpacked_too_large"),
        ({"packed": b" " * 60_000, "claimed": 10 * MIB}, None),
        ({"packed": b" " * 60_000, "claimed": 10 * MIB + 1}, "unpacked_too_large"),
    ],
)
def test_how_a_part_is_packed_and_how_large_it_says_it_is(
    told: dict[str, object], code: str | None
) -> None:
    assert with_part("xl/a.xml", **told) == code  # type: ignore[arg-type]


def test_all_parts_together_unpack_to_at_most_100_mebibytes() -> None:
    packed = b" " * 60_000
    small = len(TYPES.packed) + len(BOOK.packed)
    tens = [Part(f"xl/{number}.xml", packed, claimed=10 * MIB) for number in range(9)]
    for more, code in [(0, None), (1, "unpacked_too_large")]:
        last = Part("xl/9.xml", packed, claimed=10 * MIB - small + more)
        assert code_of(archive(*GOOD, *tens, last)) == code


@pytest.mark.parametrize(
    ("parts", "before_directory", "code"),
    [
        # A descriptor of 24 bytes may lie behind a part, and nothing longer.
        ((TYPES, Part("a", gap=bytes(24))), b"", None),
        ((TYPES, Part("a", gap=bytes(25))), b"", "stowaway_content"),
        (GOOD, bytes(24), None),
        (GOOD, bytes(25), "stowaway_content"),
        # The file begins with a part that the directory names.
        ((Part("a", gap=b"PK\x03\x04"), TYPES), b"", "stowaway_content"),
        # Two entries of the directory for one place, or a part that reaches into what follows.
        ((TYPES, Part("a", SHEET, place=0, local_name="a")), b"", "overlapping_parts"),
        ((TYPES, Part("a", said_packed=5, claimed=5), Part("b")), b"", "overlapping_parts"),
        ((TYPES, Part("a", said_packed=5, claimed=5)), b"", "overlapping_parts"),
        ((TYPES, Part("a", sign=b"PK\x03\x05")), b"", "damaged_archive"),
        ((TYPES, Part("a", local_name="b")), b"", "damaged_archive"),
        ((TYPES, Part("ab", local_name="a")), b"", "damaged_archive"),
    ],
)
def test_parts_fill_the_file_and_none_lies_over_another(
    parts: tuple[Part, ...], before_directory: bytes, code: str | None
) -> None:
    assert code_of(archive(*parts, before_directory=before_directory)) == code


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (OLE, "embedded_objects_not_allowed"),
        (b"PK\x05\x06", "nested_archive"),
        (b"Rar!", "nested_archive"),
        (b"7z\xbc\xaf", "nested_archive"),
        (b"\x1f\x8b", "nested_archive"),
        (b"BZh", "nested_archive"),
        (b"\xfd7zXZ", "nested_archive"),
        (b" PK\x03\x04", None),
        (b"", None),
    ],
)
def test_what_a_part_begins_with(head: bytes, code: str | None) -> None:
    packed = zlib.compress(head + b" " * 600)[2:-4]
    assert with_part("xl/a.xml", packed, method=DEFLATED) == code


def test_an_archive_in_an_archive_is_refused_and_so_are_broken_parts() -> None:
    packed = zlib.compress(archive(*GOOD))[2:-4]
    assert with_part("xl/a.xml", packed, method=DEFLATED) == "nested_archive"
    # The look at contents goes on behind a folder.
    folder = Part("xl/media/")
    assert code_of(archive(*GOOD, folder, Part("a", b"BZh" + bytes(9)))) == "nested_archive"
    broken = archive(*GOOD, Part("xl/a.xml", packed, method=DEFLATED)).replace(
        packed, b"\xff" * len(packed)
    )
    assert code_of(broken) == "damaged_archive"
