"""What an uploaded treatment becomes."""

from __future__ import annotations

import pytest

from app.records.treatments import Treatments
from app.store import ObjectId
from app.store.interface import Document

NOW = "2026-11-21T10:00:00.000Z"


def saved(treatments: Treatments, **treatment: object) -> Document:
    [kept] = treatments.save([treatment])
    return kept


def bare(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "_id"}


def test_a_pre_bolus_becomes_a_bolus_and_a_later_meal(treatments: Treatments) -> None:
    bolus, meal = treatments.save(
        [{"eventType": "Meal Bolus", "created_at": "2026-11-20T23:00:00+01:00", "carbs": "30", "insulin": "2.00",
          "preBolus": "15", "notes": "soup"}]
    )  # fmt: skip
    assert bare(bolus) == {
        "eventType": "Meal Bolus", "created_at": "2026-11-20T22:00:00.000Z", "insulin": 2, "preBolus": 15,
        "utcOffset": 60, "notes": "soup",
    }  # fmt: skip
    assert bare(meal) == {
        "created_at": "2026-11-20T22:15:00.000Z", "eventType": "Meal Bolus", "carbs": 30, "notes": "soup"
    }  # fmt: skip
    assert isinstance(bolus["_id"], ObjectId)
    assert bolus["_id"] != meal["_id"]


def test_a_pre_bolus_sent_again_is_still_two(treatments: Treatments) -> None:
    sent = {"eventType": "Meal Bolus", "created_at": NOW, "carbs": 30, "insulin": 2, "preBolus": -10}
    first = treatments.save([sent, {"eventType": "Note", "created_at": NOW}])
    again = treatments.save([sent, {"eventType": "Note", "created_at": NOW}])
    assert [kept["_id"] for kept in first] == [kept["_id"] for kept in again]
    assert treatments.count() == 3


def test_a_pre_bolus_beyond_all_time_stays_one(treatments: Treatments) -> None:
    for minutes in (1e15, 1e308):
        assert saved(treatments, created_at=NOW, carbs=30, preBolus=minutes)["carbs"] == 30


def test_a_pre_bolus_without_carbs_stays_one(treatments: Treatments) -> None:
    assert saved(treatments, created_at=NOW, insulin=1, preBolus=15)["preBolus"] == 15


def test_an_empty_treatment_has_a_time_and_an_offset(treatments: Treatments) -> None:
    assert bare(saved(treatments)) == {"created_at": NOW, "utcOffset": 0}


@pytest.mark.parametrize(
    ("sent", "created_at", "offset_min"),
    [
        ({"created_at": "2026-01-14T08:05:09+01:00"}, "2026-01-14T07:05:09.000Z", 60),
        ({"created_at": "2026-01-14T07:05:09Z", "utcOffset": 120}, "2026-01-14T07:05:09.000Z", 0),
        ({"created_at": "nonsense"}, NOW, 0),
        ({"created_at": None}, NOW, 0),
        ({"created_at": 1_768_374_309_123}, "2026-01-14T07:05:09.123Z", 0),
        ({"eventTime": "2026-01-14T07:05:09.500Z"}, "2026-01-14T07:05:09.500Z", 0),
        ({"created_at": NOW, "eventTime": "2026-01-14T07:05:09Z"}, "2026-01-14T07:05:09.000Z", 0),
        ({"created_at": "2026-01-14T07:05:09Z", "eventTime": ""}, "2026-01-14T07:05:09.000Z", 0),
    ],
)
def test_the_moment_is_utc_with_milliseconds(
    treatments: Treatments, sent: Document, created_at: str, offset_min: int
) -> None:
    kept = saved(treatments, **sent)
    assert (kept["created_at"], kept["utcOffset"]) == (created_at, offset_min)
    assert "eventTime" not in kept


@pytest.mark.parametrize("name", ["targetTop", "targetBottom", "carbs", "insulin", "percent", "relative", "preBolus"])
@pytest.mark.parametrize("empty", [0, "0", "", None, "abc", False])
def test_an_amount_of_nothing_is_removed(treatments: Treatments, name: str, empty: object) -> None:
    assert name not in saved(treatments, **{name: empty})


def test_empty_notes_are_removed(treatments: Treatments) -> None:
    assert "notes" not in saved(treatments, notes="")


@pytest.mark.parametrize(("name", "sent", "kept"), [
    ("duration", 0, 0), ("duration", "0", 0), ("duration", "30.5", 30.5), ("duration", None, 0), ("absolute", 0, 0),
    ("absolute", "0.35", 0.35),
])  # fmt: skip
def test_a_duration_or_rate_of_zero_is_kept(treatments: Treatments, name: str, sent: object, kept: float) -> None:
    assert saved(treatments, **{name: sent})[name] == kept


@pytest.mark.parametrize(("name", "sent"), [("duration", "abc"), ("absolute", "abc"), ("absolute", None)])
def test_a_duration_or_rate_that_is_none_is_removed(treatments: Treatments, name: str, sent: object) -> None:
    assert name not in saved(treatments, **{name: sent})


def test_a_glucose_of_nothing_takes_its_type_and_units_along(treatments: Treatments) -> None:
    kept = saved(treatments, eventType="BG Check", glucose="0", glucoseType="Finger", units="mg/dl")
    assert not {"glucose", "glucoseType", "units"} & kept.keys()


def test_a_glucose_sent_as_text_becomes_a_number(treatments: Treatments) -> None:
    kept = saved(treatments, eventType="BG Check", glucose="118", glucoseType="Manual", units="mg/dl")
    assert (kept["glucose"], kept["glucoseType"], kept["units"]) == (118, "Manual", "mg/dl")


def test_an_announcement_is_marked(treatments: Treatments) -> None:
    assert saved(treatments, eventType="Announcement", notes="x")["isAnnouncement"] is True
    assert "isAnnouncement" not in saved(treatments, eventType="Note", notes="x")


def test_members_we_do_not_know_are_kept_with_their_types(treatments: Treatments) -> None:
    sent = {
        "splitNow": "40", "syncIdentifier": "74656d70", "id": "0E98-4725", "uuid": "6f1d0c2a-b7e9", "pumpId": 4102,
        "endId": 4104, "pumpSerial": "AAB", "NSCLIENT_ID": 1768374309123, "pump_event_id": "77", "absorptionTime": 180,
        "profileJson": '{"a":{"b":1}}', "bolusCalculatorResult": '{"x":1}', "timestamp": "2026-01-14T07:05:09Z",
        "rate": 0.35, "automatic": True, "correctionRange": [140, 160], "enteredBy": "loop://iPhone", "foodType": "🍎",
    }  # fmt: skip
    kept = saved(treatments, eventType="Temp Basal", created_at=NOW, **sent)
    stored = treatments.find(str(kept["_id"]))
    assert {name: stored[name] for name in sent} == sent
    assert [type(stored[name]) for name in sent] == [type(value) for value in sent.values()]


def test_html_in_notes_is_made_harmless(treatments: Treatments) -> None:
    assert saved(treatments, notes="<IMG SRC=\"javascript:alert('XSS');\">")["notes"] == "<img>"


def test_no_event_type_is_a_word_of_its_own(treatments: Treatments) -> None:
    assert saved(treatments, eventType="<none>")["eventType"] == "<none>"
