"""Every refusal of a value names the parameter, what was given, and what would do."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from tests.adapters_in.http.house import House

GOOD = {"symbol": "BTCUSDT", "indicators": "sma_20", "q": "BTC"}
INDICATORS = "/api/v1/data/indicators?symbol=BTCUSDT&indicators="


def targets(house: House, bad: str) -> Iterator[tuple[str, str]]:
    """Every parameter of every GET, with its route and that one value."""
    for path, methods in house.ask("/openapi.json").json["paths"].items():
        declared: list[dict[str, Any]] = methods.get("get", {}).get("parameters", [])
        for parameter in declared:
            if parameter["in"] == "header":
                continue
            name = parameter["name"]
            asked = path.replace(f"{{{name}}}", unquote(bad))
            asked = re.sub(r"\{\w+\}", "BTC", asked)
            query = {
                p["name"]: GOOD.get(p["name"], "1")
                for p in declared
                if p["in"] == "query" and p.get("required")
            }
            if parameter["in"] == "query":
                query[name] = bad
            yield name, f"{asked}?" + "&".join(f"{k}={v}" for k, v in query.items())


@pytest.mark.parametrize(
    ("bad", "shown"),
    [("~~", '"~~"'), ("%3Cb%3E%22" + "%F0%9F%92%A9" * 60, '"<b>?' + "💩" * 36 + '…"')],
)
def test_the_sentence_says_all(house: House, bad: str, shown: str) -> None:
    """Shortened and printable; with a remedy."""
    asked = 0
    for name, target in targets(house, bad):
        refused = house.ask(target)
        problem = refused.json
        assert refused.status == 400, target
        assert problem["parameter"] == name, problem
        assert problem["detail"].startswith(f"The parameter {name} is {shown}, which "), problem
        assert problem["detail"].endswith(problem["hint"]), problem
        asked += 1
    assert asked > 100


@pytest.mark.parametrize(
    ("names", "says", "near"),
    [
        ("sma_20,foo", 'names "foo", which is not known', None),
        ("smaa_20", 'names "smaa_20", which is not known', ["sma_20"]),
        ("sma_1", 'has the wrong numbers in "sma_1"', ["sma_20"]),
        ("rsi_14,macd_12", 'has the wrong numbers in "macd_12"', ["macd_12_26_9"]),
        ("typical_3", 'has the wrong numbers in "typical_3"', ["typical"]),
        ("SMA_20", 'spells "SMA_20"', ["sma_20"]),
        ("sma_20,", "has a name that is empty", None),
        (",".join(["sma_20"] * 21), "names 21 of them", None),
    ],
)
def test_the_wrong_indicator_is_named(
    house: House, names: str, says: str, near: list[str] | None
) -> None:
    """One of a list, with those that there are or what its numbers may be."""
    refused = house.ask(INDICATORS + names)
    assert refused.status == 400
    assert says in refused.json["detail"]
    assert refused.json["hint"].endswith(".")
    assert refused.json.get("did_you_mean") == near


@pytest.mark.parametrize("member", ["symbol", "interval", "start", "end", "provider"])
def test_a_body_is_told_the_same(house: House, member: str) -> None:
    """Members of a job as parameters of a query."""
    body = {"symbol": "BTCUSDT", "interval": "1m", "start": 1_732_646_400, "end": 1_732_650_000}
    refused = house.post("/api/v1/jobs/backfill", body | {member: "~~"})
    assert refused.status == 400
    assert refused.json["parameter"] == member
    assert refused.json["detail"].startswith(f'The parameter {member} is "~~", which ')
