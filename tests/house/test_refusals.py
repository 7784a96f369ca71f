"""Every refusal has one code, one status and words in both languages; problems.py has no others."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import pytest

import app
from app.domain.errors import DeskError
from app.problem_words import CODE_BY_STATUS, INTERNAL, PROBLEMS, WORDS_OF_CODE, Words
from app.problems import CODE_OF_KIND

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
STATUSES = {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 428, 429, 431, 500, 503}


def refusals(of: type[DeskError] = DeskError) -> Iterator[type[DeskError]]:
    """All subclasses, of subclasses too, once every module of the service is imported."""
    for subclass in of.__subclasses__():
        if subclass.__module__.startswith("app."):
            yield subclass
        yield from refusals(subclass)


for found in pkgutil.walk_packages(app.__path__, "app."):
    importlib.import_module(found.name)


def test_every_refusal_is_in_the_table_and_the_table_has_no_others() -> None:
    assert set(PROBLEMS) == set(refusals())


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = Counter(refusal.code for refusal in refusals())
    assert [code for code, times in codes.items() if times > 1] == []
    assert all("code" in vars(refusal) for refusal in refusals())
    assert DeskError.code not in codes


@pytest.mark.parametrize("code", WORDS_OF_CODE)
def test_a_code_has_a_status_and_words_in_both_languages(code: str) -> None:
    words: Words = WORDS_OF_CODE[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert words.status in STATUSES
    assert JAPANESE.search(words.title_ja)
    assert JAPANESE.search(words.detail_ja)
    for english in (words.title_en, words.detail_en):
        assert english
        assert english.isascii()
    assert words.detail_ja.endswith("。")
    assert words.detail_en.endswith(".")
    assert "{" not in "".join(words[1:])


def test_what_the_framework_refuses_has_the_status_of_its_code() -> None:
    assert {code: WORDS_OF_CODE[code].status for code in CODE_BY_STATUS.values()} == {
        code: status for status, code in CODE_BY_STATUS.items()
    }
    assert INTERNAL.status == 500


def test_every_refusal_says_when_it_is_given() -> None:
    assert [refusal.__name__ for refusal in refusals() if not refusal.__doc__] == []


def test_codes_of_places_are_stable_words() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in CODE_OF_KIND.values())
