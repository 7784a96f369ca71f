"""Lines of a quote whose term is consumed by the days without cover (FEE-2)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.domain.periods import Period
from app.domain.quotes import ConsumedTerm, QuoteLine


def with_consumed_terms(
    lines: Iterable[QuoteLine], terms: Sequence[ConsumedTerm]
) -> tuple[QuoteLine, ...]:
    """Return drafted lines with the terms that an eligibility check found consumed.

    The new term is counted from the end of the cover before: the service begins when it was asked
    for and ends earlier, and the price stays that of the whole term, which is how the days without
    cover are paid for (FEE-2). A line for another period than the check decided on, or one that end
    of support has shortened, stays as it is: what it consumes, a person or a new check has to say.
    """
    return tuple(_consumed(line, terms) for line in lines)


def _consumed(line: QuoteLine, terms: Sequence[ConsumedTerm]) -> QuoteLine:
    if line.start is None or line.end is None:
        return line
    period = Period(line.start, line.end)
    for term in terms:
        if term.asked == period and term.is_of(line) and term.new_end >= period.start:
            days = (period.end - term.new_end).days
            return replace(
                line,
                end=term.new_end,
                flags=(*line.flags, "term_consumed"),
                decisions={**line.decisions, "term": {"consumed_days": days}},
            )
    return line
