"""The desk calendar: open days, open minutes, and Japanese calendar days (CAL-1 to CAL-6).

The calendar is built from facts that the caller loads: which days are closed and why, which days
are short, which years the desk confirmed. Instants go in and come out as aware datetimes; they are
compared as Japanese calendar days.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

# Japan has had no daylight saving time since 1951, and the desk has no older instants: a fixed
# offset says the same as the zone "Asia/Tokyo" and costs a tenth of it.
JST: Final = timezone(timedelta(hours=9), "JST")

SATURDAY: Final = "saturday"
SUNDAY: Final = "sunday"
CALENDAR_UNCONFIRMED: Final = "calendar_unconfirmed"

_ONE_DAY: Final = timedelta(days=1)
_ONE_MINUTE: Final = timedelta(minutes=1)
_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class OpenInterval:
    """A stretch of opening hours in JST: open from `opens` on, closed already at `closes`
    (CAL-1).
    """

    opens: time
    closes: time


REGULAR_HOURS: Final = (
    OpenInterval(time(9), time(12)),
    OpenInterval(time(13), time(17, 30)),
)


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """Whether the desk is open at an instant, and what comes next.

    `reason` is a code, and None while the desk is open: `before_hours`, `break`, `after_hours`,
    `saturday`, `sunday`, or the reason of a closed day. `closes_at` is None while the desk is
    closed. `next_opens_at` is the first opening later than the instant. All instants are in UTC.
    """

    open: bool
    reason: str | None
    closes_at: datetime | None
    next_opens_at: datetime
    warnings: tuple[str, ...]
    rules: tuple[str, ...] = ("CAL-1", "CAL-2")


def jst_date(instant: datetime) -> date:
    """Return the Japanese calendar day of an aware instant (CAL-6)."""
    return instant.astimezone(JST).date()


def jst_midnight(day: date) -> datetime:
    """Return the instant, in UTC, at which a Japanese calendar day begins (CAL-6)."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, JST)


def _joined(intervals: Iterable[OpenInterval]) -> tuple[OpenInterval, ...]:
    """Return the intervals in order, with those that touch or overlap made one and empty ones
    gone.
    """
    joined: list[OpenInterval] = []
    for interval in sorted(intervals, key=lambda each: each.opens):
        if interval.closes <= interval.opens:
            continue
        if joined and interval.opens <= joined[-1].closes:
            closes = max(joined[-1].closes, interval.closes)
            joined[-1] = OpenInterval(joined[-1].opens, closes)
        else:
            joined.append(interval)
    return tuple(joined)


def _length(intervals: tuple[OpenInterval, ...]) -> timedelta:
    day = date.min
    return sum((_at(day, each.closes) - _at(day, each.opens) for each in intervals), _NOTHING)


_REGULAR_LENGTH: Final = _length(REGULAR_HOURS)


def _weekdays_before(ordinal: int) -> int:
    """Return how many days from Monday to Friday lie before the day with this ordinal."""
    # The ordinal 1 is a Monday.
    weeks, rest = divmod(ordinal - 1, 7)
    return weeks * 5 + min(rest, 5)


@dataclass(frozen=True, slots=True)
class DeskCalendar:
    """The desk's days: facts loaded by the caller, questions answered from them.

    `closed` gives each closed day that is not a mere weekend with its reason code, such as
    `national_holiday`, `substitute_holiday`, `citizens_holiday` or `company_closing` (CAL-2).
    `short_days` gives the open intervals of business days that differ from the regular hours; a
    closed day stays closed. `confirmed_years` are the years that the desk confirmed (CAL-3).
    """

    closed: Mapping[date, str]
    short_days: Mapping[date, tuple[OpenInterval, ...]] = field(default_factory=dict)
    confirmed_years: frozenset[int] = frozenset()
    _shut_weekdays: tuple[date, ...] = field(init=False, repr=False, compare=False)
    _odd_days: tuple[date, ...] = field(init=False, repr=False, compare=False)
    _odd_hours: Mapping[date, tuple[OpenInterval, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # Days without any open minute and days with odd hours are sorted once, so that counting
        # over years takes two searches and not a walk.
        hours = {
            day: _joined(intervals)
            for day, intervals in self.short_days.items()
            if day.weekday() < 5 and day not in self.closed
        }
        shut = {day for day in self.closed if day.weekday() < 5}
        shut.update(day for day, intervals in hours.items() if not intervals)
        object.__setattr__(self, "_shut_weekdays", tuple(sorted(shut)))
        object.__setattr__(self, "_odd_days", tuple(sorted(hours)))
        object.__setattr__(self, "_odd_hours", hours)

    def closing_reason(self, day: date) -> str | None:
        """Return why the desk is closed all day, as a code, or None for a business day (CAL-2)."""
        reason = self.closed.get(day)
        if reason is not None:
            return reason
        weekday = day.weekday()
        if weekday >= 5:
            return SATURDAY if weekday == 5 else SUNDAY
        if day in self._odd_hours and not self._odd_hours[day]:
            return "company_closing"
        return None

    def is_business_day(self, day: date) -> bool:
        """Tell whether the desk is open at any time of the day (CAL-2)."""
        return self.closing_reason(day) is None

    def open_intervals(self, day: date) -> tuple[OpenInterval, ...]:
        """Return the opening hours of a day in order; none on a closed day (CAL-1)."""
        if not self.is_business_day(day):
            return ()
        return self._odd_hours.get(day, REGULAR_HOURS)

    def preceding(self, day: date) -> date:
        """Return the day itself if it is a business day, else the nearest earlier one (CAL-4)."""
        while not self.is_business_day(day):
            day -= _ONE_DAY
        return day

    def following(self, day: date) -> date:
        """Return the day itself if it is a business day, else the nearest later one (CAL-4)."""
        while not self.is_business_day(day):
            day += _ONE_DAY
        return day

    def business_days_between(self, first: date, end: date) -> int:
        """Return how many business days lie from `first` on and before `end`; 0 if none (CAL-2)."""
        if end <= first:
            return 0
        weekdays = _weekdays_before(end.toordinal()) - _weekdays_before(first.toordinal())
        shut = bisect_left(self._shut_weekdays, end) - bisect_left(self._shut_weekdays, first)
        return weekdays - shut

    def unconfirmed_years(self, first: date, last: date) -> tuple[int, ...]:
        """Return the years between two days whose calendar the desk never confirmed (CAL-3)."""
        years = range(first.year, last.year + 1)
        return tuple(year for year in years if year not in self.confirmed_years)

    def warnings(self, *days: date) -> tuple[str, ...]:
        """Return `calendar_unconfirmed` if a year between the days was never confirmed (CAL-3)."""
        unconfirmed = self.unconfirmed_years(min(days), max(days))
        return (CALENDAR_UNCONFIRMED,) if unconfirmed else ()

    def is_open(self, instant: datetime) -> bool:
        """Tell whether the desk is open at an instant; 12:00:00 and 17:30:00 are closed (CAL-1)."""
        local = instant.astimezone(JST)
        moment = local.time()
        return any(each.opens <= moment < each.closes for each in self.open_intervals(local.date()))

    def next_opening(self, instant: datetime) -> datetime:
        """Return the first opening later than an instant, in UTC (CAL-1, CAL-2)."""
        local = instant.astimezone(JST)
        for interval in self.open_intervals(local.date()):
            if interval.opens > local.time():
                return _at(local.date(), interval.opens).astimezone(UTC)
        day = self.following(local.date() + _ONE_DAY)
        return _at(day, self.open_intervals(day)[0].opens).astimezone(UTC)

    def status(self, instant: datetime) -> DeskStatus:
        """Return whether the desk is open at an instant, why not, and what comes next (CAL-1 to
        3).
        """
        local = instant.astimezone(JST)
        day, moment = local.date(), local.time()
        reason, closes_at = self.closing_reason(day), None
        if reason is None:
            intervals = self.open_intervals(day)
            reason = "before_hours"
            for interval in intervals:
                if moment >= interval.closes:
                    reason = "break" if interval is not intervals[-1] else "after_hours"
                elif moment >= interval.opens:
                    reason, closes_at = None, _at(day, interval.closes).astimezone(UTC)
        opens = self.next_opening(instant)
        return DeskStatus(
            open=closes_at is not None,
            reason=reason,
            closes_at=closes_at,
            next_opens_at=opens,
            warnings=self.warnings(day, jst_date(opens)),
        )

    def add_business_minutes(self, instant: datetime, minutes: int) -> datetime:
        """Return the instant, in UTC, by which so many open minutes have passed (CAL-5).

        Counting runs in open time only. Nought minutes give the instant itself in open time, else
        the next opening. Raises ValueError for negative minutes.
        """
        if minutes < 0:
            raise ValueError("business minutes run forward only")
        left = minutes * _ONE_MINUTE
        local = instant.astimezone(JST)
        day, from_time = local.date(), local.time()
        while True:
            for interval in self.open_intervals(day):
                begins = _at(day, max(interval.opens, from_time))
                room = _at(day, interval.closes) - begins
                if room > _NOTHING and left <= room:
                    return (begins + left).astimezone(UTC)
                left -= max(room, _NOTHING)
            day, from_time = day + _ONE_DAY, time()

    def _open_time_of_days(self, first: date, end: date) -> timedelta:
        """Return the open time of the whole days from `first` on and before `end`."""
        total = self.business_days_between(first, end) * _REGULAR_LENGTH
        since, until = bisect_left(self._odd_days, first), bisect_left(self._odd_days, end)
        for day in self._odd_days[since:until]:
            hours = self._odd_hours[day]
            total += _length(hours) - _REGULAR_LENGTH if hours else _NOTHING
        return total

    def _open_time_before(self, local: datetime) -> timedelta:
        """Return the open time of the local day that has passed before the local instant."""
        day, moment = local.date(), local.time()
        return sum(
            (
                _at(day, min(each.closes, moment)) - _at(day, each.opens)
                for each in self.open_intervals(day)
                if moment > each.opens
            ),
            _NOTHING,
        )

    def business_minutes_between(self, start: datetime, end: datetime) -> int:
        """Return the whole open minutes from one instant to another; 0 if the end is not later
        (CAL-5).
        """
        if end <= start:
            return 0
        first, last = start.astimezone(JST), end.astimezone(JST)
        between = self._open_time_of_days(first.date(), last.date())
        passed = between + self._open_time_before(last) - self._open_time_before(first)
        return passed // _ONE_MINUTE

    def short_days_between(self, first: date, last: date) -> tuple[date, ...]:
        """Return the business days with odd hours from `first` to `last`, both inclusive
        (CAL-2).
        """
        since, until = bisect_left(self._odd_days, first), bisect_right(self._odd_days, last)
        return tuple(day for day in self._odd_days[since:until] if self._odd_hours[day])
