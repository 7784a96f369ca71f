"""The guide through HTTP, and its texts in both languages."""

import pytest

from app.domain.guide_faq import FAQ, GROUPS
from tests.conftest import Service

PAGES = ["faq", "flow", "comparison", "redirects", "documents", "faq/order-deadline"]


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_speaks_both_languages_and_is_kept_by_validator(
    service: Service, page: str
) -> None:
    japanese = await service.get(f"/v1/guide/{page}", "public")
    english = await service.get(f"/v1/guide/{page}", "public", headers={"Accept-Language": "en"})
    assert japanese.status_code == english.status_code == 200
    assert english.text.isascii()
    assert not japanese.text.isascii()
    again = await service.get(
        f"/v1/guide/{page}", "public", headers={"If-None-Match": japanese.headers["etag"]}
    )
    assert again.status_code == 304


async def test_questions_are_found_by_words_and_by_group(service: Service) -> None:
    found = (await service.get("/v1/guide/faq", "public", params={"q": "発注期限"})).json()
    assert [one["id"] for one in found["items"]] == ["order-deadline"]
    grouped = (
        await service.get("/v1/guide/faq", "public", params={"group": "quote_requests"})
    ).json()
    assert {one["group"] for one in grouped["items"]} == {"quote_requests"}
    assert (await service.get("/v1/guide/faq/nothing", "public")).status_code == 404


def test_each_group_has_questions_and_none_has_an_invented_answer() -> None:
    assert {one.group for one in FAQ} == set(GROUPS)
    unanswered = {one.id for one in FAQ if one.answer is None}
    assert unanswered == {"reading-the-quote", "terms-and-specifications"}
