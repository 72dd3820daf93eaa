"""Back-fills over HTTP."""

import json

import pytest

from tests.adapters_in.http.house import NOW, House

BACKFILL = "/api/v1/jobs/backfill"
START = int(NOW) - 86_400
TASK = {"symbol": "BTCUSDT", "interval": "1m", "start": START, "end": START + 36_000}


def test_submit_and_follow(house: House) -> None:
    """202 with an id and a Location where the job can be followed."""
    answer = house.post(BACKFILL, TASK)
    job = answer.json
    assert (answer.status, job["state"], job["created"]) == (202, "queued", True)
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    followed = house.ask(answer.headers["location"]).json
    assert followed == {name: value for name, value in job.items() if name != "created"}
    assert {"progress", "rows", "eta_s", "error"} <= followed.keys()
    assert [each["id"] for each in house.ask("/api/v1/jobs").json["jobs"]] == [job["id"]]


def test_the_same_task(house: House) -> None:
    """The same unfinished task, spelled otherwise, is the same job."""
    first = house.post(BACKFILL, TASK).json
    iso = "2024-11-26T09:33:20Z"
    second = house.post(BACKFILL, TASK | {"symbol": "btc/usdt", "start": iso}).json
    assert (second["id"], second["created"]) == (first["id"], False)


def test_cancel(house: House) -> None:
    """DELETE cancels; asked again the job stays what it is."""
    where = house.post(BACKFILL, TASK).headers["location"]
    for _ in range(2):
        answer = house.ask(where, "DELETE")
        assert (answer.status, answer.json["state"]) == (200, "cancelled")
    assert house.ask("/api/v1/jobs?state=queued").json["jobs"] == []
    assert len(house.ask("/api/v1/jobs?state=cancelled&limit=1").json["jobs"]) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_job(house: House, method: str) -> None:
    """An id that nobody knows is 404."""
    answer = house.ask("/api/v1/jobs/nobody", method)
    assert (answer.status, answer.json["type"]) == (404, "urn:fks-data:problem:unknown-job")


@pytest.mark.parametrize("end", [START, START - 60, int(NOW) + 864_000])
def test_no_bars_there(house: House, end: int) -> None:
    """A range that no bar can fill is 404, and nothing is entered."""
    answer = house.post(BACKFILL, TASK | {"end": end})
    assert (answer.status, answer.json["type"]) == (404, "urn:fks-data:problem:no-data")
    assert house.ask("/api/v1/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    ("change", "status", "parameter"),
    [
        ({"symbol": None}, 400, "symbol"),
        ({"symbol": 5}, 400, "symbol"),
        ({"symbol": "<script>"}, 400, "symbol"),
        ({"interval": "1M"}, 400, "interval"),
        ({"interval": "7m"}, 422, "interval"),
        ({"start": -5}, 400, "start"),
        ({"start": 1.5}, 400, "start"),
        ({"start": 1e300}, 400, "start"),
        ({"start": "1732646400"}, 400, "start"),
        ({"start": START * 1000}, 400, "start"),
        ({"start": 0, "end": START, "interval": "1m"}, 422, "start"),
        ({"provider": "nosuch"}, 400, "provider"),
        ({"intervall": "1m"}, 400, "intervall"),
    ],
)
def test_refused(house: House, change: dict[str, object], status: int, parameter: str) -> None:
    """A member that is wrong is named; nothing is accepted."""
    answer = house.post(BACKFILL, TASK | change)
    assert (answer.status, answer.json["parameter"]) == (status, parameter)
    assert house.ask("/api/v1/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"symbol": NaN}', b"[" * 10_000, b'{"symbol": {}}'],
)
def test_no_json(house: House, body: bytes) -> None:
    """What is no JSON object of texts and numbers is 400, however deep."""
    answer = house.ask(BACKFILL, "POST", {"content-type": "application/json"}, body)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_content_type(house: House, content_type: str) -> None:
    """A page of another site can only send what does not say JSON: 415."""
    body = json.dumps(TASK).encode()
    assert house.ask(BACKFILL, "POST", {"content-type": content_type}, body).status == 415
    with_charset = {"content-type": "Application/JSON; charset=utf-8"}
    assert house.ask(BACKFILL, "POST", with_charset, body).status == 202


def test_large_body(house: House) -> None:
    """More than 64 KiB is 413."""
    answer = house.post(BACKFILL, TASK | {"symbol": "A" * 70_000})
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")


def test_what_is_rolled_up_can_be_filled(house: House) -> None:
    """As it can be asked for: by name, though the provider has only finer bars."""
    assert house.post(BACKFILL, TASK | {"provider": "paper", "interval": "3m"}).status == 202


def test_a_member_that_is_given_twice(house: House) -> None:
    """As a repeated parameter: nobody knows which one is meant."""
    body = b'{"symbol":"BTCUSDT","interval":"1m","interval":"1h","start":0,"end":3600}'
    json_type = {"content-type": "application/json"}
    answer = house.ask("/api/v1/jobs/backfill", "POST", json_type, body)
    assert (answer.status, answer.json["parameter"]) == (400, "interval")
