"""What quotes that were split or merged from one another may offer (QUO-6): each line once."""

from collections.abc import Iterable, Sequence

from app.domain.periods import Period, overlaps
from app.domain.quotes import LineKind, QuoteLine


def quoted_elsewhere(
    lines: Sequence[QuoteLine], standing: Iterable[tuple[str, QuoteLine]]
) -> tuple[tuple[int, str], ...]:
    """Return which lines, by their numbers, another quote offers for some of the same days, and the
    number of that quote: ordered there as well, such a line would be ordered twice (QUO-6).

    `standing` are the lines of the others, each with its quote's number. A line is the same if it
    renews the same line of a contract or is for the same machine. Two licences of one product
    cannot be told from one licence twice, so they are left to the desk.
    """
    others = [(number, line) for number, line in standing if line.kind is LineKind.SERVICE]
    found = []
    for place, line in enumerate(lines, start=1):
        if line.kind is not LineKind.SERVICE:
            continue
        same = (number for number, other in others if _same(line, other))
        number = next(same, None)
        if number is not None:
            found.append((place, number))
    return tuple(found)


def _same(line: QuoteLine, other: QuoteLine) -> bool:
    place = (line.contract_number, line.contract_line_number)
    of_line = None not in place and place == (other.contract_number, other.contract_line_number)
    machine = (line.serial_number, line.product_number)
    of_machine = line.serial_number is not None and machine == (
        other.serial_number,
        other.product_number,
    )
    if not (of_line or of_machine):
        return False
    if line.start is None or line.end is None or other.start is None or other.end is None:
        return False
    return overlaps(Period(line.start, line.end), Period(other.start, other.end))
