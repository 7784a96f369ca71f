"""Text that is no good JSON, and bodies over the limit: refused exactly, without an echo, and with
nothing stored (TRUST 12).
"""

from collections.abc import AsyncIterator, Mapping

import pytest

from tests.conftest import Service

from .refusals import (
    CANARY,
    DOUBLED,
    JSON,
    LOOKUP,
    MALFORMED,
    PRODUCTS,
    TOO_LARGE,
    Refusal,
    invalid,
    nothing_stored,
    refused,
)

pytestmark = pytest.mark.anyio

C = CANARY.encode()
MACHINE = '{"serial_number":"' + CANARY + '"}'


@pytest.fixture(scope="module", autouse=True)
async def _nothing_is_stored(service: Service) -> AsyncIterator[None]:
    async with nothing_stored(service):
        yield


def items(inside: str) -> bytes:
    return f'{{"items":[{inside}]}}'.encode()


BROKEN: Mapping[str, tuple[bytes, Refusal]] = {
    "cut short": (b'{"items":[{"serial_number":"' + C, MALFORMED),
    "only blanks": (b" \r\n\t ", MALFORMED),
    "plain words": (C, MALFORMED),
    "two documents": (items(MACHINE) * 2, MALFORMED),
    "something after the document": (items(MACHINE) + C, MALFORMED),
    "NUL after the document": (items(MACHINE) + b"\0", MALFORMED),
    "trailing comma": (b'{"items":[' + MACHINE.encode() + b",]}", MALFORMED),
    "single quotes": (b"{'items':['" + C + b"']}", MALFORMED),
    "a comment": (b"/* " + C + b" */" + items(MACHINE), MALFORMED),
    "NaN": (b'{"items":NaN}', MALFORMED),
    "Infinity": (b'{"items":Infinity}', MALFORMED),
    "-Infinity": (b'{"items":-Infinity}', MALFORMED),
    "1e999": (b'{"items":1e999}', MALFORMED),
    "-1e999": (b'{"items":[-1e999]}', MALFORMED),
    "five thousand digits": (b'{"items":' + b"9" * 5000 + b"}", MALFORMED),
    "leading zero": (b'{"items":007}', MALFORMED),
    "hexadecimal": (b'{"items":0x7}', MALFORMED),
    "plus sign": (b'{"items":+7}', MALFORMED),
    "True": (b'{"items":True}', MALFORMED),
    "undefined": (b'{"items":undefined}', MALFORMED),
    "lone high surrogate": (items('{"serial_number":"\\ud800' + CANARY + '"}'), MALFORMED),
    "lone low surrogate": (items('{"serial_number":"\\udc00' + CANARY + '"}'), MALFORMED),
    "surrogates the wrong way round": (items('{"serial_number":"\\udc00\\ud800"}'), MALFORMED),
    "lone surrogate in a name": (b'{"\\ud800":1}', MALFORMED),
    "surrogate encoded as UTF-8": (b'{"items":"\xed\xa0\x80"}', MALFORMED),
    "invalid UTF-8": (b'{"items":"\xff' + C + b'"}', MALFORMED),
    "overlong UTF-8": (b'{"items":"\xc0\xaf"}', MALFORMED),
    "UTF-8 cut short": (b'{"items":"\xe3\x81"}', MALFORMED),
    "Shift_JIS": ('{"items":"みなと"}'.encode("cp932"), MALFORMED),
    "UTF-16 with a mark": (items(MACHINE).decode().encode("utf-16"), MALFORMED),
    "UTF-16 without one": (items(MACHINE).decode().encode("utf-16-le"), MALFORMED),
    "UTF-32": (items(MACHINE).decode().encode("utf-32"), MALFORMED),
    "byte order mark": (b"\xef\xbb\xbf" + items(MACHINE), MALFORMED),
    "raw NUL in a string": (items('{"serial_number":"\0' + CANARY + '"}'), MALFORMED),
    "raw line break in a string": (items('{"serial_number":"\n' + CANARY + '"}'), MALFORMED),
    "raw tab in a string": (items('{"serial_number":"\t' + CANARY + '"}'), MALFORMED),
    "unknown escape": (items('{"serial_number":"\\x41"}'), MALFORMED),
    "100,000 brackets": (b"[" * 100_000, MALFORMED),
    "2,000 brackets, closed": (b"[" * 2000 + b"]" * 2000, MALFORMED),
    "2,000 objects, closed": (b'{"a":' * 2000 + b"1" + b"}" * 2000, MALFORMED),
    "65 brackets, closed": (b"[" * 65 + b"]" * 65, MALFORMED),
    "900 objects with a colon in a value": (b'{"a":' * 900 + b'":"' + b"}" * 900, MALFORMED),
    "60 brackets, closed": (b"[" * 60 + b"]" * 60, invalid(("", "wrong_type"))),
    "60 objects with a colon in a value": (
        b'{"a":' * 60 + b'":"' + b"}" * 60,
        invalid(("/items", "required"), ("/a", "unknown_field")),
    ),
    "one member twice": (b'{"items":[],"items":[' + MACHINE.encode() + b"]}", DOUBLED),
    "one member twice, once in escapes": (
        items('{"serial_number":"A","\\u0073erial_number":"' + CANARY + '"}'),
        DOUBLED,
    ),
    "one member twice with blanks": (
        items('{"serial_number" : "A" , "serial_number" : 1}'),
        DOUBLED,
    ),
    "one member twice and a colon in a value": (
        items('{"serial_number":"a:b","serial_number":"c:d"}'),
        DOUBLED,
    ),
    "one member twice, deep in the last item": (
        items(MACHINE + ',{"serial_number":"A","product_number":"B","product_number":"B"}'),
        DOUBLED,
    ),
    "one unknown member twice": (b'{"' + C + b'":1,"' + C + b'":1}', DOUBLED),
    "an empty name twice": (b'{"":1,"":1}', DOUBLED),
    "broken and doubled": (b'{"a":1,"a":NaN}', MALFORMED),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_json_is_refused(service: Service, name: str) -> None:
    body, expected = BROKEN[name]
    await refused(service, expected, "POST", LOOKUP, headers=JSON, content=body)


@pytest.mark.parametrize("name", ["NaN", "one member twice", "invalid UTF-8", "UTF-16 with a mark"])
async def test_the_public_is_refused_alike(service: Service, name: str) -> None:
    body, expected = BROKEN[name]
    await refused(service, expected, "POST", PRODUCTS, "public", headers=JSON, content=body)


async def test_a_body_over_the_limit_is_refused_by_what_it_says_and_by_what_it_is(
    service: Service,
) -> None:
    limit = service.app.state.settings.http.json_limit
    padded = items(MACHINE) + b" " * (limit + 1 - len(items(MACHINE)))
    assert len(padded) == limit + 1
    await refused(service, TOO_LARGE, "POST", LOOKUP, headers=JSON, content=padded)
    await refused(service, TOO_LARGE, "POST", PRODUCTS, "public", headers=JSON, content=padded)
    headers = JSON | {"Content-Length": "9" * 30}
    await refused(service, TOO_LARGE, "POST", LOOKUP, headers=headers, content=items(MACHINE))
    answer = await service.post(LOOKUP, headers=JSON, content=padded[:-1])
    assert answer.status_code == 200


async def test_what_is_good_json_in_an_unusual_form_is_read(service: Service) -> None:
    for body in (
        b' \r\n{ "items" : [ { "serial_number" : "JPDEMO0001" } ] }\t',
        items('{"serial_number":"\\u004aPDEMO0001"}'),
        items('{"serial_number":"\\ud840\\udc0b:"}'),
        items('{"serial_number":"{\\"a\\":1,\\"a\\":2}"}'),
        items('{"serial_number":"JPDEMO0001","product_number":null}'),
    ):
        answer = await service.post(LOOKUP, headers=JSON, content=body)
        assert answer.status_code == 200, (body, answer.text)


@pytest.mark.parametrize(
    ("written", "status"),
    [("24", 200), ("24.0", 200), ("2.4e1", 200), ("240e-1", 200), ("24.5", 422), ('"24"', 422)],
)
async def test_a_whole_number_is_one_however_it_is_written(
    service: Service, written: str, status: int
) -> None:
    """JSON and its schemas have one kind of number. Seen to fail without `with_whole_numbers`."""
    body = (
        '{"kind":"renewal","identification":{"contract_number":"JP-4410-0001"},'
        '"requester":{"name":"佐藤 2.0 1e3","email":"a@example.com"},"period":{"term_months":'
        f"{written}}}}}"
    )
    answer = await service.post(
        "/v1/quote-requests?dry_run=true", content=body.encode(), headers=JSON
    )
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["requester"]["name"] == "佐藤 2.0 1e3"
    else:
        assert answer.json()["errors"] == [{"pointer": "/period/term_months", "code": "wrong_type"}]
