"""Every code that a decision can carry has a text in Japanese and in English."""

import ast
import re
from pathlib import Path

import pytest

from app.domain import deadlines, fee_policy, findings
from app.domain.fee_texts import FEE_TEXTS
from app.domain.texts import _DECISIONS, TEXTS, text

DOMAIN = Path(findings.__file__).parent
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")

# The names of calls and of keyword arguments that put a code into a decision or a problem.
CARRIERS = {"Finding", "Alternative", "FactMissing", "report"}
MODULES = [
    *("deadlines", "eligibility", "end_of_support", "fee_components", "fees"),
    *("fee_policy_reader", "fee_pricing", "policy_nodes", "pricing"),
]


def carried_codes(module: str) -> set[str]:
    tree = ast.parse((DOMAIN / f"{module}.py").read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name in CARRIERS and node.args and isinstance(node.args[0], ast.Constant):
            found.add(str(node.args[0].value))
        for keyword in node.keywords:
            if keyword.arg == "reasons":
                tuples = [one for one in ast.walk(keyword.value) if isinstance(one, ast.Tuple)]
                items = [item for one in tuples for item in one.elts]
                found |= {str(item.value) for item in items if isinstance(item, ast.Constant)}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_code_in_the_domain_has_a_text(module: str) -> None:
    assert carried_codes(module) <= set(TEXTS)


def test_the_search_for_codes_finds_what_each_way_carries() -> None:
    assert "start_too_late" in carried_codes("eligibility")
    assert "shorter_term" in carried_codes("end_of_support")
    assert "not_an_object" in carried_codes("policy_nodes")
    assert "term_below_minimum" in carried_codes("fees")
    assert "fee_choice_needed" in carried_codes("fee_pricing")


@pytest.mark.parametrize(
    "code",
    [
        *(f"outcome.{each}" for each in findings.Outcome),
        *(f"fee.{each}" for each in fee_policy.FeeOutcome),
        *(f"deadline.{each}" for each in deadlines.DeadlineState),
        *(f"window.{each}" for each in deadlines.WindowState),
        *(f"if_missed.{each}" for each in deadlines.AfterLimit),
        *(f"basis.{each}" for each in fee_policy.PenaltyBase),
        *(f"basis.fixed_per_{each}" for each in fee_policy.Per),
        *(f"component.{each}" for each in ["gap", "penalty", "inspection", "inspection_credit"]),
        *["before_hours", "break", "after_hours", "saturday", "sunday", "national_holiday"],
        *["company_closing", "calendar_unconfirmed", "term_too_short", "term_too_long"],
        *["serial_number_shape", "product_number_shape", "corporate_number_shape"],
        *["corporate_number_check_digit", "mixed_service_levels", "ask_the_dealer"],
        *["fee_acknowledgement", "fee_choice", "fee_to_be_set", "fee_set_by_person"],
        *["consumed_term_acknowledgement", "waiting_days_acknowledgement"],
        *["forbidden_by_policy", "stated_deadline_needs_approval"],
    ],
)
def test_every_code_of_an_enumeration_has_a_text(code: str) -> None:
    assert text(code, "ja") != text(code, "en")


@pytest.mark.parametrize("code", list(TEXTS))
def test_a_text_is_in_its_language(code: str) -> None:
    japanese, english = TEXTS[code]
    assert text(code, "ja") == japanese
    assert text(code, "en") == english
    assert JAPANESE.search(japanese)
    assert english.isascii()


def test_no_code_has_two_texts() -> None:
    assert not set(_DECISIONS) & set(FEE_TEXTS)


def test_a_package_is_promised_nothing() -> None:
    assert "お約束するものではありません" in text("quote_due.guide", "ja")
    assert "not promised" in text("quote_due.guide", "en")
