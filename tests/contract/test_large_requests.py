"""A request that is large and wrong is refused by name, without keeping the event loop from its other clients."""

from __future__ import annotations

import json

import pytest

from support.brain import Brain

MANY = 5_000


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/query", {"query": "x", "filters": {"languages": [1] * MANY}}, "filters"),
        ("/query", {"query": "x", "filters": {f"name{number}": 1 for number in range(MANY)}}, "filters"),
        ("/query", {f"name{number}": 1 for number in range(MANY)}, "body"),
        ("/query", [[1] * 100] * 100, "body"),
        ("/index", {"paths": ["x"] * MANY}, "paths"),
    ],
)
async def test_too_many_values_are_refused_by_the_name_of_their_field(
    read_only: Brain, path: str, body: object, field: str
) -> None:
    response = await read_only.http.post(path, json=body)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (422, "request_invalid", field)
    assert problem["detail"] == f"{field} has more than 4096 values."


async def test_a_field_that_cannot_be_sent_back_is_named_all_the_same(read_only: Brain) -> None:
    content = json.dumps({"\ud800": [1] * MANY}).encode()
    response = await read_only.http.post("/query", content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["field"]) == (422, "?")
