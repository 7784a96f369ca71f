"""The company's closing days and one short day."""

from datetime import date, timedelta

from app.demo.rows import ClosingDay

YEAR_END = ((1, 1), (1, 2), (1, 3), (12, 29), (12, 30), (12, 31))


def closing_days(today: date) -> list[ClosingDay]:
    """Return the closing days of four calendar years, from last year on."""
    days = [_short_day(today.year + 1)]
    for year in range(today.year - 1, today.year + 3):
        days += [
            ClosingDay(date(year, month, day), "closed", None, None, "年末年始休業")
            for month, day in YEAR_END
        ]
        days.append(ClosingDay(date(year, 5, 1), "closed", None, None, "会社休業日"))
    return sorted(days)


def _short_day(year: int) -> ClosingDay:
    """Return the second Wednesday of June, a month without national holidays."""
    first = date(year, 6, 1)
    second_wednesday = first + timedelta(days=(2 - first.weekday()) % 7 + 7)
    return ClosingDay(second_wednesday, "short", "09:00", "12:00", "社内研修のため午後休業")
