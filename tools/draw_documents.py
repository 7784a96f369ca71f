"""Draws the printed documents for the README: `.venv/bin/python tools/draw_documents.py`.

Pictures of first pages, made from the same made-up quote as the tests, into docs/pictures.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.printing import DocumentKind, picture_pages  # noqa: E402
from tests.printing.made_up import FEE, machines, made_up  # noqa: E402

DRAWN: dict[str, tuple[DocumentKind, int]] = {
    "quote": ("quote", 1),
    "quote-120-lines": ("quote", 120),
    "answer-sheet": ("answer_sheet", 1),
    "answer-sheet-120-lines": ("answer_sheet", 120),
}
DOTS_PER_INCH = 72


def main() -> None:
    """Write the pictures; of a long document the first page and the last."""
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    for name, (kind, lines) in DRAWN.items():
        rows = machines(lines) if lines == 1 else [*machines(lines), FEE]
        first, *others = picture_pages(kind, made_up(rows), ppi=DOTS_PER_INCH)
        (folder / f"{name}.png").write_bytes(first)
        if others and kind == "quote":
            (folder / f"{name}-end.png").write_bytes(others[-1])


if __name__ == "__main__":
    main()
