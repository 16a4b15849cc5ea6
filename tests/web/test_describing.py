"""Names of the description are short, and never stand for two things."""

from __future__ import annotations

from typing import Any

from chargeplane.web.describing import described

ONE, TWO = "Page_chargeplane.one.api.View_", "Page_chargeplane.two.api.View_"


def document(*names: str) -> dict[str, Any]:
    """A description with these schemas, each the answer of one route."""
    return {
        "components": {"schemas": {name: {"title": name} for name in names}},
        "paths": {
            f"/{number}": {
                "get": {
                    "operationId": f"get_{number}",
                    "responses": {"200": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
                }
            }
            for number, name in enumerate(names)
        },
    }


def meant(told: dict[str, Any]) -> list[str]:
    """The names that the answers lead to."""
    return [
        item["get"]["responses"]["200"]["schema"]["$ref"].rpartition("/")[2]
        for item in told["paths"].values()
    ]


def test_a_view_that_one_module_has_gets_a_short_name() -> None:
    told = described(document(ONE), frozenset())
    assert meant(told) == ["PageOfView"]
    assert "PageOfView" in told["components"]["schemas"]


def test_views_of_two_modules_stay_apart() -> None:
    told = described(document(ONE, TWO), frozenset())
    names = meant(told)
    assert len(set(names)) == 2
    assert set(names) <= set(told["components"]["schemas"])


def test_only_public_operations_lose_their_security() -> None:
    raw = document(ONE, TWO)
    for item in raw["paths"].values():
        item["get"]["security"] = [{"bearer": []}]
    told = described(raw, frozenset({"get_0"}))
    assert "security" not in told["paths"]["/0"]["get"]
    assert "401" not in told["paths"]["/0"]["get"]["responses"]
    assert told["paths"]["/1"]["get"]["security"]
    assert "401" in told["paths"]["/1"]["get"]["responses"]
