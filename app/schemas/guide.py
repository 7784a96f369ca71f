"""The guide on the wire."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.guide import (
    COMPARISON,
    DOCUMENTS,
    FLOW,
    REDIRECTS,
    said,
)
from app.domain.guide_faq import GROUPS, Question
from app.domain.languages import Language
from app.schemas.wire import Plain, StrictQuery

GroupId = Literal["general", "quote_requests", "orders_billing_documents"]


class FaqQuery(StrictQuery):
    """What to look for among the questions."""

    q: Annotated[
        str | None,
        Plain,
        Field(max_length=100, description="Words that must all occur, in either language."),
    ] = None
    group: Annotated[GroupId | None, Field(description="Only the questions of this group.")] = None


class FaqEntry(TypedDict):
    """A question with its answer; null where the desk has none on record: ask the desk."""

    id: str
    group: GroupId
    group_name: str
    question: str
    answer: str | None
    operation: Annotated[str | None, Field(description="The operation that answers it for you.")]
    rules: list[str]


class FaqAnswer(TypedDict):
    """The questions found."""

    items: list[FaqEntry]


class FlowStage(TypedDict):
    """A stage of the standard flow."""

    id: str
    name: str
    what: str


class FlowAnswer(TypedDict):
    """The standard flow, in its order."""

    items: list[FlowStage]


class ComparedAspect(TypedDict):
    """An aspect in which a contract and a package are compared."""

    id: str
    name: str
    contract: str
    package: str


class ComparisonAnswer(TypedDict):
    """Contract and package side by side."""

    items: list[ComparedAspect]


class RedirectEntry(TypedDict):
    """What this desk does not take, and who does."""

    id: str
    topic: str
    go_to: str


class RedirectAnswer(TypedDict):
    """Where redirected questions go (REQ-7)."""

    items: list[RedirectEntry]


class DocumentEntry(TypedDict):
    """A document or form."""

    id: str
    name: str
    purpose: str
    rules: list[str]


class DocumentAnswer(TypedDict):
    """The documents and forms."""

    items: list[DocumentEntry]


def question_out(one: Question, language: Language) -> FaqEntry:
    """The answer for one question."""
    return {
        "id": one.id,
        "group": one.group,
        "group_name": said(GROUPS[one.group], language),
        "question": said(one.question, language),
        "answer": None if one.answer is None else said(one.answer, language),
        "operation": one.operation,
        "rules": list(one.rules),
    }


def flow_out(language: Language) -> FlowAnswer:
    """The standard flow in a language."""
    return {
        "items": [
            {"id": one.id, "name": said(one.name, language), "what": said(one.what, language)}
            for one in FLOW
        ]
    }


def comparison_out(language: Language) -> ComparisonAnswer:
    """The comparison in a language."""
    return {
        "items": [
            {
                "id": one.id,
                "name": said(one.name, language),
                "contract": said(one.contract, language),
                "package": said(one.package, language),
            }
            for one in COMPARISON
        ]
    }


def redirects_out(language: Language) -> RedirectAnswer:
    """The redirects in a language."""
    return {
        "items": [
            {"id": one.id, "topic": said(one.topic, language), "go_to": said(one.go_to, language)}
            for one in REDIRECTS
        ]
    }


def documents_out(language: Language) -> DocumentAnswer:
    """The documents and forms in a language."""
    return {
        "items": [
            {
                "id": one.id,
                "name": said(one.name, language),
                "purpose": said(one.purpose, language),
                "rules": list(one.rules),
            }
            for one in DOCUMENTS
        ]
    }
