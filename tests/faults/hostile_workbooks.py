"""Hostile workbooks, each made here from a good sheet, with the code that refuses it."""

import io
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping

from app.domain.sheet_layout import MOST_MACHINES
from tests.api.sheets import edited, field_at, machine, sheet

Maker = Callable[[], bytes]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2048)
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"
TYPES = "[Content_Types].xml"
BOOK, STRINGS, MACHINES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet2.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
GOOD = sheet([machine()])


def parts_of(content: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes], *more: tuple[str, bytes], **options: int) -> bytes:
    """An archive of parts, and of more that may have the same names."""
    stream = io.BytesIO()
    how = options.get("compression", zipfile.ZIP_DEFLATED)
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", how) as archive:
        # The library warns of doubled names.
        warnings.simplefilter("ignore")
        for name, part in (*parts.items(), *more):
            archive.writestr(zipfile.ZipInfo(name), part, compress_type=how)
    return stream.getvalue()


def adding(name: str, part: bytes = b"<x/>") -> Maker:
    """A good sheet with one part more."""
    return lambda: packed(parts_of(GOOD), (name, part))


def changing(name: str, old: str, new: str) -> Maker:
    """A good sheet with one part changed."""

    def make() -> bytes:
        parts = parts_of(GOOD)
        before = parts[name].decode()
        assert old in before, name
        return packed({**parts, name: before.replace(old, new, 1).encode()})

    return make


def replacing(name: str, part: Callable[[bytes], bytes]) -> Maker:
    """A good sheet with one part replaced."""

    def make() -> bytes:
        parts = parts_of(GOOD)
        return packed({**parts, name: part(parts[name])})

    return make


def without(name: str) -> Maker:
    """A good sheet that lacks a part."""
    return lambda: packed({key: part for key, part in parts_of(GOOD).items() if key != name})


def patched(old: bytes, new: bytes, content: bytes | None = None) -> Maker:
    """An archive with bytes changed wherever they stand."""
    return lambda: (content or GOOD).replace(old, new)


def flagged_as_encrypted() -> bytes:
    """An archive that says of each part that it is encrypted."""
    content = bytearray(GOOD)
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = content.find(sign)
        while found >= 0:
            content[found + at] |= 1
            found = content.find(sign, found + 1)
    return bytes(content)


def stowing() -> bytes:
    """An archive with a document between its parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts_of(GOOD).items():
            archive.writestr(zipfile.ZipInfo(name), part)
            assert archive.fp is not None
            archive.fp.write(PDF)
            archive.start_dir = archive.fp.tell()
    return stream.getvalue()


def overlapping() -> bytes:
    """An archive in whose directory many parts share the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts_of(GOOD).items():
            archive.writestr(zipfile.ZipInfo(name), part)
        first = archive.infolist()[0]
        for number in range(50):
            again = zipfile.ZipInfo(f"xl/again{number}.xml")
            again.header_offset, again.CRC = first.header_offset, first.CRC
            again.compress_size, again.file_size = first.compress_size, first.file_size
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    return stream.getvalue()


def claiming(size: int, count: int) -> bytes:
    """An archive whose parts claim to unpack to `size` each, by a ratio that is still possible."""
    noise = random.Random(1).randbytes(size // 150)
    more = [(f"xl/theme/theme{number + 2}.xml", noise) for number in range(count)]
    content = packed(parts_of(GOOD), *more, compression=zipfile.ZIP_STORED)
    real = struct.pack("<2L", len(noise), len(noise))
    return content.replace(real, struct.pack("<2L", len(noise), size))


def of_many_strings() -> bytes:
    """A workbook with 400,000 texts that no cell uses."""
    texts = "".join(f"<si><t>{number:x}</t></si>" for number in range(400_000))
    return replacing(STRINGS, lambda _: f'<sst xmlns="{MAIN}">{texts}</sst>'.encode())()


def of_long_rows() -> bytes:
    """A sheet whose cells hold more text than is read, from one text that all of them share."""
    name = "名" * 1999
    rows = [machine(product_number=name, product_name=name) for _ in range(MOST_MACHINES)]
    return sheet(rows)


def of_many_rows() -> bytes:
    """A machine sheet with as many rows as a spreadsheet has."""
    rows = "".join(f'<row r="{number}"/>' for number in range(10, 1_048_577, 20))
    return changing(MACHINES, "</sheetData>", f"{rows}</sheetData>")()


def declaring(declared: str) -> Callable[[bytes], bytes]:
    """XML with a document type."""

    def change(part: bytes) -> bytes:
        head, _, rest = part.partition(b"?>")
        return head + b"?>" + f"<!DOCTYPE x [{declared}]>".encode() + rest

    return change


def _end_of(content: bytes) -> int:
    return content.rindex(b"PK\x05\x06")


HOSTILE: Mapping[str, tuple[Maker, str]] = {
    # From outside: what the service itself sees.
    "nothing": (lambda: b"", "empty_file"),
    "a text": (lambda: b"product_number,serial_number\r\n", "not_a_workbook"),
    "a PDF": (lambda: PDF, "not_a_workbook"),
    "another archive": (lambda: packed({"a.txt": b"a"}), "not_a_workbook"),
    "no content types": (without(TYPES), "not_a_workbook"),
    "a PDF that is a workbook too": (lambda: PDF + GOOD, "stowaway_content"),
    "a workbook that is a PDF too": (lambda: GOOD + PDF, "stowaway_content"),
    "a document between the parts": (stowing, "stowaway_content"),
    "a comment of the archive": (
        lambda: GOOD[:-2] + struct.pack("<H", len(PDF)) + PDF,
        "stowaway_content",
    ),
    "encrypted with a password": (lambda: OLE, "encrypted_workbook"),
    "encrypted parts": (flagged_as_encrypted, "encrypted_workbook"),
    "cut off": (lambda: GOOD[: len(GOOD) // 2], "damaged_archive"),
    "cut in the directory": (lambda: GOOD[: _end_of(GOOD) + 10], "damaged_archive"),
    "blank in the middle": (lambda: GOOD[:3000] + bytes(2000) + GOOD[5000:], "damaged_archive"),
    "another name at the part": (
        lambda: GOOD.replace(b"xl/styles.xml", b"xl/stylez.xml", 1),
        "damaged_archive",
    ),
    "a part of 50 MB": (adding("xl/a.xml", bytes(50 << 20)), "unpacked_too_large"),
    "a part that packs a thousandfold": (adding("xl/a.xml", bytes(2 << 20)), "unpacked_too_large"),
    "parts of 114 MB together": (lambda: claiming(19 << 19, 12), "unpacked_too_large"),
    "overlapping parts": (overlapping, "overlapping_parts"),
    "an archive in the archive": (
        adding("xl/media/a.zip", packed({"b.zip": packed({"c": b"c"})})),
        "nested_archive",
    ),
    "300 parts": (
        lambda: packed(parts_of(GOOD), *((f"xl/a{n}.xml", b"<a/>") for n in range(300))),
        "too_many_parts",
    ),
    "60,000 parts claimed": (
        lambda: GOOD[:-12] + struct.pack("<H", 60_000) + GOOD[-10:],
        "too_many_parts",
    ),
    "a directory of 1 GB claimed": (
        lambda: GOOD[:-10] + struct.pack("<L", 1 << 30) + GOOD[-6:],
        "too_many_parts",
    ),
    "../ in a name": (adding("../../etc/cron.d/x"), "unsafe_part_name"),
    "an absolute name": (adding("/etc/passwd"), "unsafe_part_name"),
    "CR LF in a name": (adding("xl/a\r\nSet-Cookie: a=b.xml"), "unsafe_part_name"),
    "a backslash in a name": (adding("xl\\..\\a.xml"), "unsafe_part_name"),
    "NUL in a name": (patched(b"xl/styles.xml", b"xl/sty\0es.xml"), "unsafe_part_name"),
    "a long name": (adding(f"xl/{'a' * 300}.xml"), "unsafe_part_name"),
    "a part twice": (adding(BOOK), "duplicate_part"),
    "a part twice but for its letters": (adding("XL/Workbook.xml"), "duplicate_part"),
    "macros": (adding("xl/vbaProject.bin", b"x"), "macros_not_allowed"),
    "a macro sheet": (adding("xl/macrosheets/sheet1.xml"), "macros_not_allowed"),
    "a workbook with macros by its type": (
        changing(
            TYPES,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        ),
        "macros_not_allowed",
    ),
    "a link to another workbook": (
        adding("xl/externalLinks/externalLink1.xml"),
        "external_links_not_allowed",
    ),
    "a connection": (adding("xl/connections.xml"), "external_links_not_allowed"),
    "an embedded object": (adding("xl/embeddings/a.docx"), "embedded_objects_not_allowed"),
    "an ActiveX control": (adding("xl/activeX/activeX1.xml"), "embedded_objects_not_allowed"),
    "an OLE object by another name": (adding("xl/a.bin", OLE), "embedded_objects_not_allowed"),
    "a text document by its type": (
        changing(TYPES, "spreadsheetml.sheet.main", "wordprocessingml.document.main"),
        "wrong_content_types",
    ),
    "packed with bzip2": (
        lambda: packed(parts_of(GOOD), compression=zipfile.ZIP_BZIP2),
        "unreadable_workbook",
    ),
    # From inside: what the child process finds.
    "a link in the relations": (
        changing(
            "xl/_rels/workbook.xml.rels",
            "</Relationships>",
            '<Relationship Id="rId99" Type="x" Target="http://127.0.0.1/" TargetMode="External"/>'
            "</Relationships>",
        ),
        "external_links_not_allowed",
    ),
    "a cell that leads to a file": (
        adding(
            "xl/worksheets/_rels/sheet1.xml.rels",
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            b'relationships/hyperlink" Target="file://server/share" TargetMode="External"/>'
            b"</Relationships>",
        ),
        "external_links_not_allowed",
    ),
    "a picture from elsewhere": (
        adding(
            "xl/drawings/_rels/drawing1.xml.rels",
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            b'relationships/image" Target="http://127.0.0.1/" TargetMode="&#69;xternal"/>'
            b"</Relationships>",
        ),
        "external_links_not_allowed",
    ),
    "an outer entity": (
        replacing(BOOK, declaring('<!ENTITY a SYSTEM "file:///etc/passwd">')),
        "dtd_not_allowed",
    ),
    "a million laughs": (replacing(STRINGS, declaring(LAUGHS)), "dtd_not_allowed"),
    "a document type alone": (replacing(MACHINES, declaring("")), "dtd_not_allowed"),
    "UTF-16": (
        replacing(BOOK, lambda part: part.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
        "not_utf8",
    ),
    "UTF-7": (changing(BOOK, "UTF-8", "utf-7"), "not_utf8"),
    "all rows of a spreadsheet": (of_many_rows, "too_many_rows"),
    "400,000 texts": (of_many_strings, "too_costly"),
    "more text than is read": (of_long_rows, "too_much_text"),
    "broken XML": (changing(BOOK, "</workbook>", "<"), "unreadable_workbook"),
    "a sheet that is not there": (without(MACHINES), "sheet_of_another_version"),
    "a sum that is wrong": (
        lambda: packed(parts_of(GOOD), compression=zipfile.ZIP_STORED).replace(b"<row ", b"<rwo "),
        "damaged_archive",
    ),
    "a formula": (lambda: edited(GOOD, {field_at("note"): "=1+1"}), "formula_not_allowed"),
}
