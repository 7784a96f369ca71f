"""What quotes that were split or merged from one another may offer (QUO-6): each line once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from app.domain.periods import Period, overlaps
from app.domain.quotes import LineKind, QuoteLine

# Whether it is the line of a contract or a machine, and the two numbers of that.
_Key = tuple[str, str, int | str | None]


def quoted_elsewhere(
    lines: Sequence[QuoteLine], standing: Iterable[tuple[str, QuoteLine]]
) -> tuple[tuple[int, str], ...]:
    """Return which lines, by their numbers, another quote offers for some of the same days, and the
    number of that quote: ordered there as well, such a line would be ordered twice (QUO-6).

    `standing` are the lines of the others, each with its quote's number. A line is the same if it
    renews the same line of a contract or is for the same machine. Two licences of one product
    cannot be told from one licence twice, so they are left to the desk.
    """
    known: defaultdict[_Key, list[tuple[int, str, Period]]] = defaultdict(list)
    for order, (number, other) in enumerate(standing):
        for key, period in _keys_of(other):
            known[key].append((order, number, period))
    found = []
    for place, line in enumerate(lines, start=1):
        same = [
            (order, number)
            for key, period in _keys_of(line)
            for order, number, days in known.get(key, ())
            if overlaps(period, days)
        ]
        if same:
            found.append((place, min(same)[1]))
    return tuple(found)


def _keys_of(line: QuoteLine) -> Iterator[tuple[_Key, Period]]:
    """Return what a service line is known by, each with its days; nothing for a fee."""
    if line.kind is not LineKind.SERVICE or line.start is None or line.end is None:
        return
    period = Period(line.start, line.end)
    if line.contract_number is not None and line.contract_line_number is not None:
        yield ("contract", line.contract_number, line.contract_line_number), period
    if line.serial_number is not None:
        yield ("machine", line.serial_number, line.product_number), period
