"""The two languages of every text that a user sees."""

from typing import Literal

Language = Literal["ja", "en"]
"""Japanese is the language of the desk and the default; English is the other one."""


def choose_language(accept_language: str | None) -> Language:
    """The language of an answer by RFC 9110 `Accept-Language`: Japanese unless English weighs more.

    A malformed part of the header counts as absent; a language that is not spoken here as well.
    """
    if not accept_language:
        return "ja"
    weight = {"ja": 0.0, "en": 0.0, "*": 0.0}
    for part in accept_language[:200].split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary not in weight:
            continue
        weight[primary] = max(weight[primary], _quality(parameters))
    japanese = max(weight["ja"], weight["*"])
    return "en" if weight["en"] > japanese else "ja"


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    digits = value.strip()
    if name.strip().lower() != "q" or not digits.replace(".", "", 1).isdecimal():
        return 0.0
    return min(float(digits), 1.0)
