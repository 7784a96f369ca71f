"""The guide: what it finds, in which language it speaks, and the texts of next actions.

Seen to fail when one word of several was enough, and when a group let others through.
"""

import pytest

from app.domain.guide import find_questions, said
from app.domain.guide_faq import FAQ, GROUPS
from app.domain.next_actions import NEXT_ACTIONS, WARNINGS, next_action_text, warning_text
from app.domain.texts import text


def ids(words: str | None, group: str | None = None) -> list[str]:
    return [one.id for one in find_questions(words, group)]  # type: ignore[arg-type]


def test_without_words_and_group_all_questions_come_in_their_order() -> None:
    every = [one.id for one in FAQ]
    assert ids(None) == ids("") == ids("  ") == every


def test_a_group_holds_its_own_questions_only() -> None:
    for group in GROUPS:
        assert ids(None, group) == [one.id for one in FAQ if one.group == group] != []


def test_words_are_looked_for_in_both_languages_in_questions_and_answers() -> None:
    (flow,) = (one for one in FAQ if one.id == "standard-flow")
    assert flow.answer is not None
    for held in (*flow.question, *flow.answer):
        assert flow.id in ids(held)
    assert flow.id in ids("THREE renewal")
    # The end of one text and the beginning of the next are two words.
    assert flow.id in ids(f"{flow.question[0]} {flow.question[1]} {flow.answer[0]}")
    assert flow.id not in ids(flow.question[0] + flow.question[1])


def test_all_words_must_be_held_and_the_group_as_well() -> None:
    assert "standard-flow" in ids("renewal")
    assert "standard-flow" not in ids("renewal nowhere-to-be-found")
    assert "standard-flow" not in ids("nowhere-to-be-found renewal")
    assert "standard-flow" in ids("renewal", "general")
    assert "standard-flow" not in ids("renewal", "quote_requests")


def test_a_question_without_an_answer_is_found_by_itself() -> None:
    assert "reading-the-quote" in ids("read the quote")
    assert ids("xx") == []


def test_one_of_two_languages_is_said() -> None:
    assert said(("はい", "yes"), "ja") == "はい"
    assert said(("はい", "yes"), "en") == "yes"


def test_actions_and_warnings_have_their_two_texts() -> None:
    for code, (japanese, english) in NEXT_ACTIONS.items():
        assert next_action_text(code, "ja") == japanese
        assert next_action_text(code, "en") == english
    for code, (japanese, english) in WARNINGS.items():
        assert warning_text(code, "ja") == japanese
        assert warning_text(code, "en") == english


def test_a_warning_of_a_decision_has_the_text_of_the_decision() -> None:
    for language in ("ja", "en"):
        assert warning_text("calendar_unconfirmed", language) == text(
            "calendar_unconfirmed", language
        )
    with pytest.raises(KeyError, match="no_such_code"):
        warning_text("no_such_code", "en")
