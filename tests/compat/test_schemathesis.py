"""Whatever the published contract lets a client send, the answer is one it describes: status, media type, shape.

``SCHEMATHESIS_EXAMPLES`` tries each operation more often than the few times that fit into every run; a hundred take
some four minutes: ``SCHEMATHESIS_EXAMPLES=100 python -m pytest -o timeout=900 tests/compat/test_schemathesis.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from app import create_app
from app.demo import feeding
from app.house import House
from tests.clocks import START_MS
from tests.compat.conftest import SECRET_DIGEST

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "10"))
LONGEST_S = 5.0

AS_DESCRIBED = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
ANYTHING, JSON = "*/*", "application/json"

Case, Response, Operation = schemathesis.Case, schemathesis.Response, schemathesis.APIOperation


@dataclass
class Trial:
    """The operations of a document, tried one after another; what failed, and which statuses came."""

    operations: list[Operation]
    bearer: str
    owner: FlaskClient
    failed: list[str] = field(default_factory=list)
    came: Counter[tuple[str, int]] = field(default_factory=Counter)

    def sent(self, case: Case, accept: str = ANYTHING) -> Response:
        of_v3 = case.operation.path.startswith("/api/v3/")
        credential = {"Authorization": self.bearer} if of_v3 else {"api-secret": SECRET_DIGEST}
        response = case.call(headers={**credential, "Accept": accept, "Accept-Encoding": "identity"})
        self.came[case.operation.label, response.status_code] += 1
        if response.elapsed > LONGEST_S:
            self.failed.append(f"{case.operation.label} took {response.elapsed} s\n{case.as_curl_command()}")
        return response

    def keep_what_is_named(self, case: Case) -> None:
        """Keep a document of the name a case of v3 reads, changes or deletes."""
        if case.operation.path.endswith("/{identifier}") and case.method != "PUT":
            collection, name = case.path_parameters["collection"], case.path_parameters["identifier"]
            document = {"identifier": name, "date": START_MS, "utcOffset": 0, "app": "App"}
            self.owner.post(f"/api/v3/{collection}", json=document, headers={"Authorization": self.bearer})

    def judge(self, case: Case, response: Response, wanted: list[Any]) -> None:
        try:
            case.validate_response(response, checks=wanted)
        except FailureGroup as found:
            self.failed.append(f"{case.operation.label}\n{found}")


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    feeding.fill(house.store, house.clock, days=1)
    app = create_app(house)
    yield app
    app.extensions["live"].close()


@pytest.fixture
def trial(app: Flask) -> Trial:
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_wsgi("/swagger.json", app, config=config)
    owner = app.test_client()
    owner.environ_base |= {"HTTP_API_SECRET": SECRET_DIGEST}
    owner.post("/api/v2/authorization/subjects", json={"name": "App", "roles": ["admin"]})
    [access_token] = [one["accessToken"] for one in owner.get("/api/v2/authorization/subjects").get_json()]
    token = owner.get(f"/api/v2/authorization/request/{access_token}").get_json()["token"]
    return Trial([found.ok() for found in schema.get_all_operations()], f"Bearer {token}", owner)


def tried(operation: Operation, mode: GenerationMode, trial: Any, examples: int) -> None:
    """Call ``trial`` with so many cases, the same ones in every run."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        trial(case)

    run()


def test_what_is_described_is_what_comes(trial: Trial) -> None:
    def answered(case: Case) -> None:
        trial.keep_what_is_named(case)
        for accept in (ANYTHING, JSON):
            trial.judge(case, trial.sent(case, accept), AS_DESCRIBED)

    for operation in trial.operations:
        tried(operation, GenerationMode.POSITIVE, answered, EXAMPLES)
    assert not trial.failed, "\n\n".join(trial.failed)
    good = {label for label, status in trial.came if status == 200}
    assert len(good) > 0.9 * len(trial.operations)


def test_what_is_not_described_does_no_harm(trial: Trial) -> None:
    def answered(case: Case) -> None:
        response = trial.sent(case)
        if response.status_code >= 500:
            trial.judge(case, response, AS_DESCRIBED)

    for operation in trial.operations:
        try:
            tried(operation, GenerationMode.NEGATIVE, answered, EXAMPLES)
        except Unsatisfiable:
            continue  # nothing can be wrong about it
    assert not trial.failed, "\n\n".join(trial.failed)
    assert sum(trial.came.values()) > EXAMPLES * 40
