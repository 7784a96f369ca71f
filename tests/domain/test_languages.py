"""Which language an answer has, by `Accept-Language` (RFC 9110).

Seen to fail when the first language named won, when a weight of nought counted, and when a
malformed weight counted as full.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.languages import choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ja"),
        ("", "ja"),
        ("en", "en"),
        ("ja", "ja"),
        ("EN-gb", "en"),
        ("en-US-x-private", "en"),
        ("en-US,en;q=0.9", "en"),
        ("ja,en", "ja"),
        ("en,ja", "ja"),
        ("en,ja;q=1", "ja"),
        ("en;q=0.5,ja;q=0.4", "en"),
        ("ja;q=0.4,en;q=0.5", "en"),
        ("en;q=0.4,ja;q=0.5", "ja"),
        ("en;q=0.4, ja;q=0.5", "ja"),
        ("fr, en;q=0.8", "en"),
        ("fr,en;q=0.8", "en"),
        ("fr", "ja"),
        ("eng", "ja"),
        ("*", "ja"),
        ("en,*", "ja"),
        ("en,*;q=0.9", "en"),
        ("en;q=0.9,*;q=0.8,ja;q=0.1", "en"),
        ("en;q=0.7,*;q=0.8,ja;q=0.1", "ja"),
        # The greatest weight of a language counts, whatever comes after it.
        ("en;q=0.8,ja;q=0.5,en;q=0.1", "en"),
        ("ja;q=0.8,en;q=0.5,ja;q=0.1", "ja"),
        # A weight of nought means: not this one.
        ("en;q=0", "ja"),
        ("en;q=0.0", "ja"),
        ("ja;q=0,en;q=0.001", "en"),
        # White space and the case of the parameter's name do not count.
        (" en ; q = 0.8 , ja ; Q = 0.2", "en"),
        ("en;q=0.2,ja;Q=0.8", "ja"),
        ("en;", "en"),
        ("en; ", "en"),
        # No more than one, so that what is over it does not win over another in full.
        ("en;q=5,ja;q=1", "ja"),
        ("en;q=5,ja;q=0.9", "en"),
        # What is malformed counts as absent.
        ("en;q", "ja"),
        ("en;q=", "ja"),
        ("en;q=x", "ja"),
        ("en;q=.", "ja"),
        ("en;q=-1", "ja"),
        ("en;q=0.5.5", "ja"),
        ("en;q=1e3", "ja"),
        ("en;level=1", "ja"),
        ("en;q=0.8;q=0.9", "ja"),
        ("en;q=0.8,,", "en"),
        # Only the first 200 characters are read.
        ("x" * 197 + ",en", "en"),
        ("x" * 198 + ",en", "ja"),
    ],
)
def test_japanese_unless_english_weighs_more(header: str | None, language: str) -> None:
    assert choose_language(header) == language


@given(st.text(alphabet="ejnaq=;,.*- 0159x", max_size=40))
def test_any_header_chooses_one_of_two(header: str) -> None:
    assert choose_language(header) in {"ja", "en"}


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_greater_weight_wins_whatever_the_order(english: int, japanese: int) -> None:
    parts = [f"en;q={english / 1000}", f"ja;q={japanese / 1000}"]
    expected = "en" if english > japanese else "ja"
    assert choose_language(",".join(parts)) == choose_language(",".join(parts[::-1])) == expected
