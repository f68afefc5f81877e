"""The API does what its OpenAPI description says. `make proof-api` tries it for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serve.api.description import running_api, tried
from tests.serve.api.installation import Installation

PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


@pytest.mark.e2e
def test_what_is_made_up_from_the_description_finds_no_fault(tmp_path: Path) -> None:
    with running_api(tmp_path) as servers:
        run = tried(servers, "--seed", "1", "--max-examples", "2", "--phases", "examples,coverage,fuzzing")
    assert run.code == 0, run.output
    assert run.cases > 200


async def test_every_failure_is_described_as_a_problem(still: Installation) -> None:
    document = still.app.openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            failures = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
            wanted = {"400", "401", "403", "421", "429", "503"} | (
                {"413", "422"} if "requestBody" in operation else set()
            )
            assert wanted <= set(failures), (method, path)
            for status, response in failures.items():
                assert "application/problem+json" in response["content"], (method, path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    order = document["paths"]["/api/trades"]["post"]["responses"]
    assert order["422"]["content"] == {"application/problem+json": PROBLEM}
    assert "OrderDenied" in str(order["409"]["content"]["application/problem+json"])


async def test_reading_is_described_as_open_to_this_machine_and_changing_is_not(still: Installation) -> None:
    for path, operations in still.app.openapi()["paths"].items():
        for method, operation in operations.items():
            logs_in = (method, path) == ("post", "/api/sessions")
            assert ({} in operation["security"]) is (method == "get" or logs_in)
