"""The ways in: encodings, JSON lines, folders; and text that looks like something else."""

from pathlib import Path

from tests.api.importing import codes, counts, imported, load, one, table, tally
from tests.conftest import Service


async def test_no_text_is_taken_for_anything_else(own_service: Service) -> None:
    values = ["a\\b", "\\N", "\\.", "a\\tb", '"a",b', "'; DROP TABLE x; --"]
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    rows = [f"P900{number},{text}" for number, text in enumerate(quoted)]
    run = await imported(own_service, {"partners.csv": table("partners", *rows)})
    assert codes(run) == []
    assert await one(
        own_service,
        "SELECT array_agg(name ORDER BY partner_id) FROM partner WHERE partner_id LIKE 'P900_'",
    ) == (values,)


async def test_cp932_is_loaded_when_it_is_named(own_service: Service, tmp_path: Path) -> None:
    raw = table("partners", "P9001,髙橋～①表示").encode("cp932")
    run = await imported(own_service, {"partners.csv": raw}, data={"encoding": "cp932"})
    assert counts(run["files"][0]) == (1, 0, 0, 0)
    assert await one(own_service, "SELECT name FROM partner WHERE partner_id = 'P9001'") == (
        "髙橋～①表示",
    )
    result = await load(own_service, tmp_path, {"partners.csv": raw}, encoding="cp932")
    assert tally(result.files[0]) == (0, 0, 1, 0)
    refused = await load(own_service, tmp_path, {"partners.csv": raw})
    assert (refused.files[0].state, refused.files[0].error_code) == ("refused", "wrong_encoding")


async def test_json_lines_are_loaded_like_csv(own_service: Service) -> None:
    lines = '{"customer_id":"C9001","name":"検査機工株式会社","ordering_function":true}\n'
    run = await imported(own_service, {"customers.jsonl": lines})
    assert counts(run["files"][0]) == (1, 0, 0, 0)
    run = await imported(
        own_service,
        {"customers.csv": table("customers", "C9001,検査機工株式会社,,,,,,true")},
    )
    assert counts(run["files"][0]) == (0, 0, 1, 0)


async def test_a_folder_tells_what_it_did_not_look_into(
    own_service: Service, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    result = await load(
        own_service,
        tmp_path,
        {
            "partners.csv": table("partners", "P9001,a"),
            "customers.csv": "customer_id\r\nC9001\r\n",
            "notes.txt": "x",
            "Customers.csv": "x",
            ".hidden": "x",
        },
    )
    assert result.unknown_files == ("Customers.csv", "notes.txt")
    assert [(one.name, one.state, one.error_code) for one in result.files] == [
        ("customers.csv", "refused", "missing_column"),
        ("partners.csv", "loaded", None),
    ]
    answer = await own_service.get(f"/v1/imports/{result.import_id}", "desk")
    assert answer.json()["state"] == "failed"
    assert codes(answer.json()) == [("customers", 1, "name", "missing_column")]
