"""Read an upload of import files: multipart/form-data, as a stream, and only as far as it is right.

The body is read before the transaction of the request begins, so that a slow sender holds no
connection to the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.db.imports import NewFile
from app.deps import CurrentCaller, CurrentSettings
from app.domain.errors import BodyTooLarge, DuplicateParameter, ImportRefused, UnsupportedMedia
from app.domain.import_files import ENCODINGS, FILES, FORMATS, find_file, position_of

# The service's limit of an upload; the settings may name a lower one.
UPLOAD_LIMIT = 15 << 20
MOST_FILES = len(FILES) * len(FORMATS)
MOST_FIELDS = 10
FIELD_LIMIT = 100

UPLOAD_BODY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_FILES,
                            "items": {"type": "string", "format": "binary"},
                            "description": "Import files by their known names, as `.csv` (header "
                            "row, RFC 4180) or `.jsonl` (one object a line): "
                            + ", ".join(FILES)
                            + ". They are loaded in this order.",
                        },
                        "encoding": {
                            "type": "string",
                            "enum": list(ENCODINGS),
                            "default": ENCODINGS[0],
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of an upload, in order of dependency, and what makes two uploads the same."""

    files: tuple[NewFile, ...]

    @property
    def parts(self) -> list[bytes]:
        """Every byte that counts."""
        parts: list[bytes] = []
        for file in self.files:
            parts += [file.name.encode(), file.encoding.encode(), file.content or b""]
        return parts


class WholeParser(MultiPartParser):
    """Knows whether the closing boundary came: without it a last file would be lost in silence."""

    whole = False

    def on_end(self) -> None:
        """Note that the closing boundary came."""
        self.whole = True

    def close(self) -> None:
        """Close all files, those too that never came to their end."""
        for file in self._files_to_close_on_error:
            file.close()


async def read_upload(request: Request, caller: CurrentCaller, settings: CurrentSettings) -> Upload:
    """Read the files of an upload. `caller` is asked for so that nobody else's body is read.

    Raises UnsupportedMedia, DuplicateParameter, BodyTooLarge, and ImportRefused with a place for
    each part that is wrong.
    """
    check_multipart(request)
    parser = WholeParser(
        request.headers,
        request.stream(),
        max_files=MOST_FILES,
        max_fields=MOST_FIELDS,
        max_part_size=FIELD_LIMIT,
    )
    try:
        form = await parser.parse()
        if not parser.whole:
            raise ImportRefused(places=[("", "malformed_multipart")])
        upload = await _read_form(form)
    except (MultiPartException, ClientDisconnect, UnicodeError):
        raise ImportRefused(places=[("", "malformed_multipart")]) from None
    finally:
        parser.close()
    if sum(file.bytes_total for file in upload.files) > settings.http.upload_limit:
        raise BodyTooLarge
    return upload


SentFiles = Annotated[Upload, Depends(read_upload)]


def check_multipart(request: Request) -> None:
    """Refuse what says that it is no form. Raises UnsupportedMedia and DuplicateParameter."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia(pointer="content-encoding")
    declared = request.headers.getlist("content-type")
    if len(declared) > 1:
        raise DuplicateParameter(pointer="content-type")
    if not declared or declared[0].partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMedia(pointer="content-type")


async def _read_form(form: FormData) -> Upload:
    encoding = form.get("encoding", ENCODINGS[0])
    places: list[tuple[str, str]] = []
    if encoding not in ENCODINGS:
        places.append(("/encoding", "unknown_encoding"))
    files: list[NewFile] = []
    names: set[str] = set()
    for name, part in form.multi_items():
        if name == "files":
            pointer = f"/files/{len(files)}"
            file = await _read_file(part, str(encoding))
            files.append(file)
            if not isinstance(part, UploadFile):
                places.append((pointer, "not_a_file"))
            elif find_file(file.name) is None:
                places.append((pointer, "unknown_file"))
            elif file.name in names:
                places.append((pointer, "duplicate_file"))
            names.add(file.name)
        elif name != "encoding":
            places.append(("", "unknown_field"))
    if not files:
        places.append(("/files", "required"))
    if places:
        raise ImportRefused(places=places)
    return Upload(tuple(sorted(files, key=lambda file: position_of(file.name))))


async def _read_file(part: UploadFile | str, encoding: str) -> NewFile:
    if not isinstance(part, UploadFile):
        return NewFile("", encoding, 0, b"")
    content = await part.read()
    return NewFile(part.filename or "", encoding, len(content), content)
