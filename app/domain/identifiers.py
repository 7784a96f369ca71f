"""Identifiers of the business: how they are normalised, and which shapes are usual.

Normalising comes first and never fails; validating comes after it. The raw text is kept by the
caller. Everything here runs once per row of an import of a million rows, so text that is already
clean leaves by the first line of each function.
"""

import re
import unicodedata
from typing import Final

# Every dash that a keyboard, a mail program or a spreadsheet is known to put in the place of a
# hyphen. The wave dashes (U+301C, U+3030) and the katakana double hyphen (U+30A0) are left out on
# purpose: in Japanese they mean a range or part of a foreign name, never the hyphen of an
# identifier.
_DASHES: Final = (
    "\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212"
    "\u2500\u2501\u2796\u2e17\u2e1a\u2e3a\u2e3b\u2e40\ufe31\ufe32\ufe58\ufe63\uff0d"
)
# Characters without a shape arrive with text copied from web pages, and nobody can see or remove
# them.
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_TABLE: Final = {**dict.fromkeys(map(ord, _DASHES), "-"), **dict.fromkeys(map(ord, _INVISIBLE))}

# The long vowel mark is a hyphen only between ASCII letters or digits ("867959ーB21"). Elsewhere
# it is the long vowel of a Japanese word ("サーバー") and stays.
_LONG_VOWEL_AS_HYPHEN: Final = re.compile("(?<=[0-9A-Za-z])\u30fc(?=[0-9A-Za-z])")
_SPACES: Final = re.compile(" {2,}")
_CLEAN: Final = re.compile(r"[A-Z0-9#/._-]+")
_DIGITS: Final = re.compile(r"[0-9]+")

_SERIAL: Final = re.compile(r"[A-Z0-9]{10}|[A-Z0-9]{12}")
_PRODUCT_NUMBER: Final = re.compile(r"(?:[A-Z0-9]{5,7}|[A-Z0-9]{5,7}-[A-Z0-9]{3})(?:#[A-Z0-9]{3})?")
_SERVICE_ID: Final = re.compile(r"1[0-9]{11}")
_CONTRACT_NUMBER: Final = re.compile(r"[A-Z0-9-]{4,20}")
_CUSTOMER_CODE: Final = re.compile(r"[A-Z0-9-]{1,20}")
_CORPORATE_NUMBER: Final = re.compile(r"[1-9][0-9]{12}")
_INVOICE_NUMBER: Final = re.compile(r"T[0-9]{13}")

# Control characters (Cc), lone surrogates (Cs), and the separators that break a line (Zl, Zp).
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Embeddings and overrides of the writing direction can make a text show something that it does
# not say.
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def normalise_keeping_case(text: str) -> str:
    """Return the text in NFKC, with plain hyphens and single spaces, trimmed; letters keep their
    case.

    For a SAR. Control characters stay where they are, so that the check of printable
    text or of a shape still sees and refuses them.
    """
    if text.isascii():
        return _SPACES.sub(" ", text.strip(" "))
    folded = unicodedata.normalize("NFKC", text).translate(_TABLE)
    # Taking an invisible character away can bring two parts together that compose only now.
    folded = unicodedata.normalize("NFKC", folded)
    folded = _LONG_VOWEL_AS_HYPHEN.sub("-", folded)
    return _SPACES.sub(" ", folded.strip(" "))


def normalise(text: str) -> str:
    """Return the comparable form of an identifier: as `normalise_keeping_case`, and in upper
    case.
    """
    if _CLEAN.fullmatch(text):
        return text
    upper = normalise_keeping_case(text).upper()
    # Upper case can leave NFKC for a few Greek letters ("ΐ"); doing both again settles it.
    return upper if upper.isascii() else normalise_keeping_case(upper).upper()


def normalise_serial(text: str) -> str:
    """Return the comparable form of a machine's or package's serial number."""
    return normalise(text)


def normalise_product_number(text: str) -> str:
    """Return the comparable form of a product number; spaces around its hyphen or `#` are
    dropped.
    """
    if _CLEAN.fullmatch(text):
        return text
    plain = normalise(text)
    if " " not in plain:
        return plain
    return plain.replace(" -", "-").replace("- ", "-").replace(" #", "#").replace("# ", "#")


def normalise_contract_number(text: str) -> str:
    """Return the comparable form of a contract number (compared in upper case)."""
    return normalise(text)


def normalise_service_id(text: str) -> str:
    """Return a service id without the spaces and hyphens of its printed form 4-4-4."""
    if _DIGITS.fullmatch(text):
        return text
    return normalise(text).replace(" ", "").replace("-", "")


def format_service_id(service_id: str) -> str:
    """Return a stored service id as it is printed, `1234 5678 9012`; another shape comes back
    unchanged.
    """
    if not is_service_id(service_id):
        return service_id
    return f"{service_id[:4]} {service_id[4:8]} {service_id[8:]}"


def is_service_id(service_id: str) -> bool:
    """Tell whether a normalised text is a service id: 12 digits beginning with 1."""
    return _SERVICE_ID.fullmatch(service_id) is not None


def is_contract_number(contract_number: str) -> bool:
    """Tell whether a text is a contract number: 4 to 20 letters, digits or hyphens, in either
    case.
    """
    return (
        contract_number.isascii()
        and _CONTRACT_NUMBER.fullmatch(contract_number.upper()) is not None
    )


def is_customer_code(customer_id: str) -> bool:
    """Tell whether a text is a customer code: 1 to 20 capital letters, digits or hyphens."""
    return _CUSTOMER_CODE.fullmatch(customer_id) is not None


def serial_warnings(serial_number: str) -> tuple[str, ...]:
    """Return the warning codes for a normalised serial: usual are 10 letters or digits, 12 in old
    ones.

    An unusual shape is never a refusal, and no date is ever read out of a serial.
    """
    return () if _SERIAL.fullmatch(serial_number) else ("serial_number_shape",)


def product_number_warnings(product_number: str) -> tuple[str, ...]:
    """Return the warning codes for a normalised product number such as `867959-B21` or `S0B84A`."""
    return () if _PRODUCT_NUMBER.fullmatch(product_number) else ("product_number_shape",)


def corporate_number_warnings(corporate_number: str) -> tuple[str, ...]:
    """Return the warning codes for a Japanese corporate number (法人番号): 13 digits, the first a
    check digit.

    The check digit is 9 minus the weighted sum of the twelve others modulo 9; seen from the
    right, the weights are 1, 2, 1, 2 and so on (National Tax Agency).
    """
    if not _CORPORATE_NUMBER.fullmatch(corporate_number):
        return ("corporate_number_shape",)
    digits = [int(digit) for digit in corporate_number]
    weighted = sum(digits[12:0:-2]) + 2 * sum(digits[11:0:-2])
    return () if digits[0] == 9 - weighted % 9 else ("corporate_number_check_digit",)


def is_invoice_registration_number(text: str) -> bool:
    """Tell whether a normalised text is a qualified-invoice registration number: T and 13 digits
    (DOC-4).
    """
    return _INVOICE_NUMBER.fullmatch(text) is not None


def is_printable_text(text: str) -> bool:
    """Tell whether a text of one line is safe to store, print and mail.

    It has no NUL or other control character, no line break, no lone surrogate and no override of
    the writing direction.
    """
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(mark) in _UNPRINTABLE or mark in _BIDI for mark in text)


def is_printable_note(text: str) -> bool:
    """Tell whether a text of several lines is safe: as `is_printable_text`, with line feeds and
    tabs allowed.
    """
    return is_printable_text(text.replace("\n", "").replace("\t", ""))
