"""The OpenAPI document is complete, and says of parameters what the parser does."""

from typing import Any

import msgspec
import pytest

from adapters_in.http.app import openapi_json, route_table
from tests.adapters_in.http.house import House


@pytest.fixture
def document(house: House) -> Any:  # noqa: ANN401  # JSON is any value
    """The document as served."""
    return house.ask("/openapi.json").json


def test_every_route_is_there(house: House, document: dict[str, Any]) -> None:
    """Each documented route, and HEAD beside each GET."""
    routes = [route for route in route_table(house.services) if route.documented]
    for route in routes:
        assert route.method.lower() in document["paths"][route.path]
        assert ("head" in document["paths"][route.path]) == any(
            other.path == route.path and other.method == "GET" for other in routes
        )


def test_names_are_unique(document: dict[str, Any]) -> None:
    """Every operation has an id of its own, a summary and a tag that is declared."""
    operations = [op for item in document["paths"].values() for op in item.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    tags = {tag["name"] for tag in document["tags"]}
    assert all(op["summary"] and set(op["tags"]) <= tags for op in operations)


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    """Each error status of each operation is application/problem+json with the same schema."""
    for item in document["paths"].values():
        for method, operation in item.items():
            for status, response in operation["responses"].items():
                if int(status) < 400 or method == "head":
                    continue
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


def test_parameters_have_bounds(document: dict[str, Any]) -> None:
    """Every parameter of a query or path is described and bounded."""
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                assert parameter["description"]
                if parameter["in"] != "header":
                    schema = parameter["schema"]
                    kinds = {"enum", "maximum", "maxLength", "anyOf"} & schema.keys()
                    assert kinds or schema["type"] == "boolean"


def test_only_what_works_is_listed(document: dict[str, Any]) -> None:
    """Formats that come later are not promised."""
    parameters = document["paths"]["/api/v1/data/ohlcv"]["get"]["parameters"]
    choices = {p["name"]: p["schema"].get("enum") for p in parameters}
    assert choices["format"] == ["json", "csv", "ndjson"]
    assert choices["adjust"] == ["none", "splits", "all"]
    assert choices["provider"] == ["paper", "spare"]


def test_served_is_printed(house: House) -> None:
    """What is served is what the command line prints."""
    served = house.ask("/openapi.json").body
    assert served == openapi_json(house.services)
    assert msgspec.json.decode(served)["openapi"] == "3.1.0"
