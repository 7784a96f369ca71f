"""The difference between two versions of a quote on the wire (QUO-2)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from app.db.quotes import QuoteLineRow, VersionRow
from app.domain.languages import Language
from app.domain.quote_diff import (
    ChangedAmount,
    ChangedField,
    ChangedLine,
    QuotedLine,
    QuotedVersion,
    Value,
    VersionDifference,
)
from app.schemas.quotes import Rate, line_name, rate_out
from app.schemas.wire import Day

# What a version says of itself, beside its lines and amounts; the name on the wire.
_TERMS = (
    "start_date",
    "end_date",
    "service_level",
    "addressee_kind",
    "addressee_name",
    "contact_name",
    "contact_email",
    "conditions",
    "stated_deadline",
    "valid_until",
    "order_deadline",
    "deadline_rule",
    "effective_limit",
)


class FieldChange(TypedDict):
    """A member that has another value."""

    name: Annotated[str, Field(examples=["end_date"])]
    before: str | int | float | None
    after: str | int | float | None


class ComparedLine(TypedDict):
    """A line as it stands in one of the versions."""

    line_number: int
    kind: Annotated[str, Field(description="`service` or `fee`.")]
    product_number: str | None
    product_name: str
    serial_number: str | None
    quantity: int
    service_level: str | None
    start_date: Day | None
    end_date: Day | None
    annual_price: int | None
    unit_price: int
    amount: Annotated[int, Field(description="Yen without tax.")]
    tax_rate: Rate
    contract_number: str | None
    contract_line_number: int | None


class LineChange(TypedDict):
    """A line that both versions have: named by its later state, with what differs."""

    line_number: int
    product_number: str | None
    product_name: str
    serial_number: str | None
    contract_number: str | None
    contract_line_number: int | None
    fields: list[FieldChange]
    amount_difference: Annotated[int, Field(description="Yen without tax, after minus before.")]


class LineChanges(TypedDict):
    """Which lines came in, went, or changed."""

    added: list[ComparedLine]
    removed: list[ComparedLine]
    changed: list[LineChange]


class AmountChange(TypedDict):
    """An amount of both versions in yen."""

    before: int
    after: int
    difference: Annotated[int, Field(description="After minus before.")]


class TaxChange(AmountChange):
    """The tax of one rate; 0 where a version lacks the rate."""

    rate: Rate


class QuoteDifference(TypedDict):
    """What a version changes against another one. A line is the same in both by its machine, else
    by its contract line, else by its product; its number does not count (QUO-2).
    """

    quote_number: str
    from_version: int
    to_version: int
    same: Annotated[bool, Field(description="True where nothing differs.")]
    fields: Annotated[list[FieldChange], Field(description="Dates, level, conditions, contact.")]
    lines: LineChanges
    subtotal: AmountChange
    tax: list[TaxChange]
    total: AmountChange
    rules: list[str]


def quoted(version: VersionRow, lines: Sequence[QuoteLineRow]) -> QuotedVersion:
    """A version as the rules compare it."""
    names = QuotedLine.__dataclass_fields__
    return QuotedVersion(
        version=version.version,
        terms={name: getattr(version, name) for name in _TERMS},
        lines=[QuotedLine(**{name: getattr(line, name) for name in names}) for line in lines],
        subtotal=version.subtotal,
        tax={each["rate_bp"]: each["tax"] for each in version.tax},
        total=version.total,
    )


def difference_out(
    quote_number: str, found: VersionDifference, language: Language
) -> QuoteDifference:
    """The answer for one difference."""
    return {
        "quote_number": quote_number,
        "from_version": found.from_version,
        "to_version": found.to_version,
        "same": found.is_empty,
        "fields": [_field(change) for change in found.fields],
        "lines": {
            "added": [_line(line, language) for line in found.added],
            "removed": [_line(line, language) for line in found.removed],
            "changed": [_changed(line, language) for line in found.changed],
        },
        "subtotal": _amount(found.subtotal),
        "tax": [{"rate": rate_out(rate), **_amount(tax)} for rate, tax in found.tax.items()],
        "total": _amount(found.total),
        "rules": list(found.rules),
    }


def _amount(amount: ChangedAmount) -> AmountChange:
    return {"before": amount.before, "after": amount.after, "difference": amount.difference}


def _plain(name: str, value: Value) -> str | int | float | None:
    if name == "tax_rate_bp":
        return rate_out(int(str(value)))
    return value if isinstance(value, str | int | None) else value.isoformat()


def _field(change: ChangedField) -> FieldChange:
    return {
        "name": "tax_rate" if change.name == "tax_rate_bp" else change.name,
        "before": _plain(change.name, change.before),
        "after": _plain(change.name, change.after),
    }


def _line(line: QuotedLine, language: Language) -> ComparedLine:
    return {
        "line_number": line.line_number,
        "kind": line.kind,
        "product_number": line.product_number,
        "product_name": line_name(line.kind, line.product_name, language),
        "serial_number": line.serial_number,
        "quantity": line.quantity,
        "service_level": line.service_level,
        "start_date": line.start_date,
        "end_date": line.end_date,
        "annual_price": line.annual_price,
        "unit_price": line.unit_price,
        "amount": line.amount,
        "tax_rate": rate_out(line.tax_rate_bp),
        "contract_number": line.contract_number,
        "contract_line_number": line.contract_line_number,
    }


def _changed(line: ChangedLine, language: Language) -> LineChange:
    after = line.after
    return {
        "line_number": after.line_number,
        "product_number": after.product_number,
        "product_name": line_name(after.kind, after.product_name, language),
        "serial_number": after.serial_number,
        "contract_number": after.contract_number,
        "contract_line_number": after.contract_line_number,
        "fields": [_field(change) for change in line.fields],
        "amount_difference": line.amount_difference,
    }
