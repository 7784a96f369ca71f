"""One end date for chosen lines of a quote, tried line by line (QUO-5)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.identifiers import normalise
from app.domain.languages import Language
from app.domain.pricing import LinePreview
from app.domain.quotes import QuoteLine
from app.domain.texts import text
from app.schemas.fields import Number
from app.schemas.quote_drafts import MOST_LINES, LineNumber
from app.schemas.wire import CodedText, Day, Strict


class PreviewQuestion(Strict):
    """Which lines of a quote are to end on one day: all of them, or those that are named."""

    quote_number: Number
    co_term_to: Annotated[Day, Field(description="The common last day.")]
    line_numbers: Annotated[list[LineNumber], Field(min_length=1, max_length=MOST_LINES)] | None = (
        None
    )

    def number(self) -> str:
        """The quote's number as it is stored."""
        return normalise(self.quote_number)


class LinePreviewOut(TypedDict):
    """What the common end means for one line; without amounts where there is a problem."""

    line_number: int
    product_number: str | None
    product_name: str
    serial_number: str | None
    quantity: int
    start_date: Day
    old_end_date: Day
    new_end_date: Day
    months: Annotated[int | None, Field(description="Whole months of the new period (TERM-2).")]
    days: Annotated[int | None, Field(description="Days over the whole months, act/365.")]
    old_amount: Annotated[int, Field(description="Yen without tax.")]
    amount: Annotated[int | None, Field(description="Yen without tax.")]
    difference: Annotated[int | None, Field(description="Yen without tax.")]
    problem: CodedText | None


class Preview(TypedDict):
    """A common end date, tried; nothing is stored."""

    quote_number: str
    version: int
    co_term_to: Day
    items: list[LinePreviewOut]
    difference: Annotated[int, Field(description="Of the lines without a problem; yen, no tax.")]
    rules: list[str]


def preview_out(
    quote_number: str,
    version: int,
    lines: Sequence[QuoteLine],
    previews: Sequence[LinePreview],
    question: PreviewQuestion,
    language: Language,
) -> Preview:
    """The answer for a common end date."""
    return {
        "quote_number": quote_number,
        "version": version,
        "co_term_to": question.co_term_to,
        "items": [
            _line_out(preview, lines[int(preview.line_id) - 1], language) for preview in previews
        ],
        "difference": sum(preview.difference or 0 for preview in previews),
        "rules": ["QUO-5", "TERM-2", "EOS-2"],
    }


def _line_out(preview: LinePreview, line: QuoteLine, language: Language) -> LinePreviewOut:
    new = preview.price
    return {
        "line_number": int(preview.line_id),
        "product_number": line.product_number,
        "product_name": line.product_name,
        "serial_number": line.serial_number,
        "quantity": line.quantity,
        "start_date": preview.start,
        "old_end_date": preview.old_end,
        "new_end_date": preview.new_end,
        "months": None if new is None else new.months,
        "days": None if new is None else new.days,
        "old_amount": preview.old_price.amount,
        "amount": None if new is None else new.amount,
        "difference": preview.difference,
        "problem": None if preview.problem is None else _problem(preview.problem, language),
    }


def _problem(code: str, language: Language) -> CodedText:
    named = f"quote.{code}" if code in {"price_missing", "price_set"} else code
    return {"code": code, "text": text(named, language)}
