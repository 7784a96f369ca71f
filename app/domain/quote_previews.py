"""What it means for the lines of a quote to end on one day (QUO-5, EOS-2)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.domain.end_of_support import RequestKind, decide_end_of_support
from app.domain.findings import Outcome
from app.domain.pricing import LinePreview, PricedLine, co_term
from app.domain.quote_drafting import Catalogue
from app.domain.quotes import LineKind, QuoteLine


def preview_co_term(
    lines: Sequence[QuoteLine], end: date, kind: RequestKind, catalogue: Catalogue
) -> tuple[LinePreview, ...]:
    """Return what it means for each service line to end on one day, problems with end of support
    included (QUO-5, EOS-2). Lines are named by their place, counted from 1. What a line at a price
    of the desk costs for another period, only a person can say.
    """
    named = [
        (str(number), line)
        for number, line in enumerate(lines, start=1)
        if line.kind is LineKind.SERVICE and line.start is not None and line.end is not None
    ]
    previews = co_term(
        (
            PricedLine(
                name,
                line.start,
                line.end,
                line.annual_price or 0,
                line.quantity,
                line.consumed_days,
            )
            for name, line in named
            if line.start is not None and line.end is not None
        ),
        end,
    )
    return tuple(
        _at_price_of_desk(_with_problem(preview, line, kind, catalogue), line)
        for preview, (_, line) in zip(previews, named, strict=True)
    )


def _with_problem(
    preview: LinePreview, line: QuoteLine, kind: RequestKind, catalogue: Catalogue
) -> LinePreview:
    problem = preview.problem
    if problem is None:
        decision = decide_end_of_support(
            kind,
            preview.start,
            preview.new_end,
            catalogue.lifecycle(line.product_number),
            covers_last_day=catalogue.covers_last_day,
        )
        refused = [each for each in decision.findings if each.outcome is Outcome.NOT_ELIGIBLE]
        problem = refused[0].code if refused else None
    if problem is None and "price_missing" in line.flags:
        problem = "price_missing"
    if problem is None:
        return preview
    return replace(preview, price=None, difference=None, problem=problem)


def _at_price_of_desk(preview: LinePreview, line: QuoteLine) -> LinePreview:
    if "price" not in line.decisions:
        return preview
    old = replace(preview.old_price, unit_price=line.unit_price, amount=line.amount)
    if preview.problem is not None:
        return replace(preview, old_price=old)
    if preview.new_end == preview.old_end:
        return replace(preview, old_price=old, price=old)
    return replace(preview, old_price=old, price=None, difference=None, problem="price_set")
