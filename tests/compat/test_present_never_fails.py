"""Whatever lies in the store, properties, runtime data, summary and watches are answered, and by every part of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.compat.answers import json_bytes
from app.compat.pebble import watch
from app.compat.runtime_set import runtime_set
from app.compat.v2.properties.table import properties_of
from app.compat.v2.summary import summary
from app.compat.wire import on_wire
from app.errors import NightlightError
from app.features import features_of
from app.glucose.units import Unit
from app.live.present import Present
from app.store.interface import Store
from tests.clocks import START_MS
from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING, only_plain_numbers
from tests.live.device_documents import (
    a_profile,
    by_androidaps,
    by_loop,
    by_minimed_connect,
    by_old_rig,
    by_transmitter,
    by_xdrip,
)
from tests.live.presents import present
from tests.live.uploads import at, done, sgv
from tests.waiting import wait_until

quickly = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, -0.0, 1, -1, 2**53, 2**63, -(2**70), 1e308, 5e-324, float("nan"), float("inf"), 1e15, 0.1])
    | st.integers(START_MS - 10**8, START_MS + 10**7)
    | st.sampled_from(["", "x", "NaN", "1e400", "-5", "\x00", "2026-11-21T09:58:00.000Z", "9999-12-31", "0001-01-01"])
    | st.sampled_from(["2026-11-21T09:55:00+14:00", "00:00", "25:61", "{", "[]", '{"basal": 3}', "mmol", "Temp Basal"])
    | st.sampled_from(["Profile Switch", "Default", "Etc/GMT+5", "Nowhere/Land"])
)  # fmt: skip
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)

SEEDS: dict[str, list[dict[str, Any]]] = {
    "entries": [
        sgv(2, 120, direction="Flat", noise=1, filtered=120000, unfiltered=118000),
        sgv(7, 110, srvCreated=at(7)),
        {"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800},
        {"type": "mbg", "mbg": 99, "date": at(8)},
    ],
    "treatments": [
        done(50 * 60, "Site Change", notes="x"),
        done(60, "Meal Bolus", insulin=2, carbs=20, glucose=99, units="mmol"),
        done(40, "Temp Basal", absolute=0.2, percent=5, duration=60, durationInMilliseconds=5, endmills=1),
        done(20, "Combo Bolus", relative=0.6, duration=60),
        done(15, "Temporary Target", targetTop=6, targetBottom=5, duration=30),
        done(10, "Profile Switch", profile="New", profileJson="{}", duration=0, percentage=90, timeshift=1,
             CircadianPercentageProfile=True),
        done(5, "OpenAPS Offline", duration=60),
        done(70, "Sensor Change"),
    ],
    "statuses": [by_loop(3), by_androidaps(2), by_old_rig(1), by_minimed_connect(1), by_transmitter(), by_xdrip()],
    "profiles": [a_profile(), {"startDate": "2026-01-01", "dia": 3, "sens": 50, "carbratio": 10, "basal": 1}],
}  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, document: Any) -> Any:
    """Return a copy of a document in which some members, at whatever depth, are something else."""
    if isinstance(document, dict):
        return {
            name: draw(junk) if draw(st.integers(0, 11)) == 0 else draw(spoilt(inner))
            for name, inner in document.items()
        }
    if isinstance(document, list) and document:
        return [draw(spoilt(document[0])), *document[1:]]
    return draw(scalars) if draw(st.integers(0, 11)) == 0 else document


@st.composite
def households(draw: st.DrawFn) -> dict[str, list[Any]]:
    chosen: dict[str, list[Any]] = {}
    for kind, seeds in SEEDS.items():
        most = 1 if kind == "profiles" else 4
        seed = draw(st.lists(st.sampled_from(seeds), max_size=most))
        chosen[kind] = [draw(spoilt(one)) for one in seed]
        if draw(st.booleans()):
            chosen[kind].append(
                {"type": "sgv", **draw(st.dictionaries(st.sampled_from(sorted(seeds[0])), junk, max_size=5))}
            )
    return chosen


def known(household: dict[str, list[Any]], unit: Unit, zone: str) -> Present:
    return present(
        household["entries"],
        household["treatments"],
        household["statuses"],
        household["profiles"],
        unit=unit,
        zone=zone,
        ENABLE=EVERYTHING,
        SAGE_ENABLE_ALERTS="on",
        CAGE_ENABLE_ALERTS="on",
        XDRIPJS_ENABLE_ALERTS="on",
    )


@quickly
@given(households(), st.sampled_from(Unit), st.sampled_from(["UTC", "Pacific/Chatham"]))
def test_no_document_makes_a_part_fail(
    caplog: pytest.LogCaptureFixture, household: dict[str, list[Any]], unit: Unit, zone: str
) -> None:
    caplog.clear()
    one = known(household, unit, zone)
    features = features_of(one.settings)
    with caplog.at_level(logging.ERROR):
        offered = properties_of(one, features)
    assert caplog.records == []
    for made in (offered, runtime_set(one), summary(one, features, 6), watch(one, features, unit, 3)):
        only_plain_numbers(json_bytes(on_wire(made)).decode("utf-8", "surrogatepass"))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every value in here, at whatever depth."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in members:
        yield (*path, name)
        yield from places(inner, (*path, name))


@pytest.mark.parametrize("value", [1e308, {}], ids=["a number beyond all", "nothing of the kind"])
def test_every_single_value_may_be_nonsense(caplog: pytest.LogCaptureFixture, value: Any) -> None:
    for path in places(SEEDS):
        if len(path) < 3:
            continue
        household = deepcopy(SEEDS)
        inner: Any = household
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        household["profiles"] = household["profiles"][:1] if path[0] != "profiles" else [household["profiles"][path[1]]]
        one = known(household, Unit.MMOLL, "Europe/Berlin")
        features = features_of(one.settings)
        answers = (
            properties_of(one, features),
            runtime_set(one),
            summary(one, features, 6),
            watch(one, features, Unit.MGDL, 3),
        )
        assert caplog.records == [], path
        json_bytes(on_wire(answers))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(households())
def test_nothing_in_the_store_makes_an_answer_fail(
    served: tuple[Flask, str],
    site: Site,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    household: dict[str, list[Any]],
) -> None:
    """Written past everything that understands documents, as another program would."""
    for kind, name in (
        ("entries", "entries"),
        ("treatments", "treatments"),
        ("statuses", "devicestatus"),
        ("profiles", "profile"),
    ):
        collection = store.collection(name)
        collection.delete_many({})
        for document in household[kind]:
            try:
                collection.insert_one(document)
            except NightlightError:
                continue  # no store keeps it, so none can answer with it
    live = served[0].extensions["live"]
    wait_until(lambda: live.now().seq >= store.last_seq())
    caplog.clear()
    past = "/api/v2/ddata/at/2026-11-21T09:00:00Z"
    for path in ("/api/v2/properties", "/api/v2/ddata/at", past, "/api/v2/summary", "/pebble?count=5&units=mmol"):
        answer = site.owner.get(path)
        assert answer.status_code == 200, (path, answer.text)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
