"""The everyday mass of machines and contracts: groups of machines that share one history."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from app.demo.catalogue import LEVELS
from app.demo.fleet import Fleet, Item, items
from app.demo.parties import customer_id
from app.demo.rows import Machine
from app.demo.spans import Span, ending, fiscal_year_end, month_end, pick

GROUPS = 520
CUSTOMERS = 40


class Cover(NamedTuple):
    """One contract or package of a history, and the days without cover after it."""

    kind: str
    years: int
    gap_days: int = 0


class Story(NamedTuple):
    """How a group of machines came to be covered, or not.

    The newest cover comes last and ends between `ends_in` days from today; `warranty` says how
    the warranty lies to the first cover (without one: to the end day).
    """

    share: int
    ends_in: tuple[int, int]
    warranty: str  # before | along | unknown
    covers: tuple[Cover, ...] = ()


YEAR = Cover("contract", 1)
PACKAGE = Cover("package", 3)
POST_WARRANTY = Cover("post_warranty", 1)

STORIES = (
    Story(4, (92, 363), "before", (YEAR,)),
    Story(5, (92, 363), "before", (YEAR, YEAR)),
    Story(2, (92, 363), "before", (YEAR, YEAR, YEAR)),
    Story(3, (2, 90), "before", (YEAR,)),
    Story(3, (2, 90), "before", (YEAR, YEAR)),
    Story(2, (-120, -1), "before", (YEAR,)),
    Story(1, (-900, -121), "unknown", (YEAR, YEAR)),
    Story(1, (372, 480), "before", (YEAR,)),  # starts in the future
    Story(3, (370, 430), "before", (YEAR, YEAR)),  # the next year is concluded already
    Story(1, (100, 300), "before", (Cover("contract", 1, 120), YEAR)),  # came back after a gap
    Story(2, (100, 900), "along", (PACKAGE,)),
    Story(1, (-200, 80), "along", (PACKAGE,)),
    Story(2, (20, 360), "along", (PACKAGE, POST_WARRANTY)),
    Story(1, (5, 360), "before", (POST_WARRANTY,)),
    Story(1, (100, 360), "along", (PACKAGE, YEAR)),
    Story(2, (30, 900), "along"),  # warranty only
    Story(1, (-900, -30), "along"),  # warranty over, never anything else
    Story(1, (0, 1), "unknown"),  # nothing known
)
SHARES = tuple(story for story in STORIES for _ in range(story.share))


def add_bulk(fleet: Fleet) -> None:
    """Add the groups one after another; everything but the dates depends on the number alone."""
    for group in range(GROUPS):
        story = SHARES[pick(f"story {group}", len(SHARES))]
        spans = list(_history(story, _end_day(fleet.today, group, story.ends_in)))
        # Without a cover the only span is the warranty's.
        machines = _machines(fleet, group, story, _warranty(story, spans))
        for cover, span in zip(story.covers, spans, strict=False):
            _conclude(fleet, group, cover, span, machines)


def _end_day(today: date, group: int, ends_in: tuple[int, int]) -> date:
    """Choose the last day: a fiscal year's or a month's end where the story leaves room."""
    first, last = ends_in
    day = today + timedelta(days=first + pick(f"end {group}", last - first + 1))
    for wished in (fiscal_year_end(day), month_end(day)):
        if wished <= today + timedelta(days=last) and pick(f"round {group}", 5):
            return wished
    return day


def _history(story: Story, end: date) -> Iterator[Span]:
    """Yield the spans of the covers, oldest first."""
    if not story.covers:
        yield ending(end, 3)
        return
    spans = [ending(end, story.covers[-1].years)]
    for cover in reversed(story.covers[:-1]):
        spans.append(spans[-1].preceded_by(cover.years, cover.gap_days))
    yield from reversed(spans)


def _warranty(story: Story, spans: list[Span]) -> Span | None:
    if story.warranty == "unknown":
        return None
    return spans[0] if story.warranty == "along" else spans[0].preceded_by(3)


def _machines(fleet: Fleet, group: int, story: Story, warranty: Span | None) -> list[Machine]:
    """Add the group's machines: one, or a system of up to nine of two products."""
    # Squared, so that few customers have much and many have little.
    place = pick(f"customer {group}", 1000)
    customer = customer_id(1 + place * place * CUSTOMERS // 1_000_000)
    # What runs is still supported when it ends; what is over may be of any age.
    days = story.ends_in[1]
    products = fleet.catalogue.supported_for(days if days >= 0 else -100_000)
    main = products[pick(f"product {group}", len(products))]
    beside = products[pick(f"beside {group}", len(products))]
    size = 1 + pick(f"size {group}", 7)
    if size == 1:
        return [fleet.add_machine(customer, main, warranty)]
    return fleet.add_system(customer, [main] * (size - 1) + [beside], warranty)


def _conclude(fleet: Fleet, group: int, cover: Cover, span: Span, machines: list[Machine]) -> None:
    levels = tuple(LEVELS)
    # Of two choices the smaller: the plain levels are the common ones.
    choice = min(pick(f"level {group}", 6), pick(f"other level {group}", 6))
    lines = items(machines)
    if group % 17 == 0 and len(lines) > 1:
        lines[-1] = lines[-1]._replace(level=levels[(choice + 1) % len(levels)])
    if group % 19 == 0 and len(lines) > 1:
        lines[-1] = _shortened(lines[-1], span, group)
    fleet.add_contract(machines[0].customer_id, cover.kind, levels[choice], span, lines)


def _shortened(item: Item, span: Span, group: int) -> Item:
    days = timedelta(days=20 + pick(f"shortened {group}", 60))
    if group % 2:
        return item._replace(span=Span(span.start + days, span.end))
    return item._replace(span=Span(span.start, span.end - days))
