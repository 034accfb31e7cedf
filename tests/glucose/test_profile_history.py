from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.profile_history import ProfileHistory, ProfileSwitch
from app.glucose.units import Unit
from tests.glucose.samples import NOW_MS
from tests.glucose.therapy import MOMENTS, ODD, after, ago_ms

ZONES = {"Europe/Berlin": ZoneInfo("Europe/Berlin"), "ETC/GMT+5": ZoneInfo("Etc/GMT+5")}


def read_moment(written: object) -> int | None:
    """The moment of an ISO text."""
    try:
        return int(datetime.fromisoformat(str(written)).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def zone_of(name: str) -> tzinfo | None:
    return ZONES.get(name)


def stored(start: str | None = "2026-01-01", default: str = "Default", **basals: float) -> dict[str, object]:
    """A document whose profiles have these basal rates."""
    store = {name: {"basal": [{"time": "00:00", "value": rate}], "sens": 50} for name, rate in basals.items()}
    return {"startDate": start, "defaultProfile": default, "units": "mg/dl", "store": store}


def history(documents: list[Any], *switches: ProfileSwitch) -> ProfileHistory:
    return ProfileHistory(documents, switches, read_moment=read_moment, zone_of=zone_of, home=UTC)


def basal_at(found: ProfileHistory, at_ms: int = NOW_MS) -> float | None:
    values = found.at(at_ms)
    return values.basal_u_per_h if values else None


def test_the_newest_document_that_has_started_is_in_force() -> None:
    found = history([stored("2026-12-01", Default=3), stored("2026-06-01", Default=2), stored("2026-01-01", Default=1)])
    assert basal_at(found) == 2
    assert basal_at(found, read_moment("2026-05-31") or 0) == 1
    assert basal_at(found, read_moment("2026-12-01") or 0) == 3


def test_before_any_has_started_the_first_is_in_force() -> None:
    found = history([stored("2026-06-01", Default=2), stored("2026-01-01", Default=1)])
    assert basal_at(found, read_moment("2025-01-01") or 0) == 1


def test_of_two_that_start_together_the_first_given_is_in_force() -> None:
    assert basal_at(history([stored(Default=2), stored(Default=1)])) == 2


def test_without_a_document_nothing_is_known() -> None:
    found = history([])
    assert not found
    assert (found.at(NOW_MS), found.name_at(NOW_MS), found.document_at(NOW_MS)) == (None, None, None)
    assert found.switch_at(NOW_MS) is None


def test_a_document_of_the_old_flat_form_is_read() -> None:
    flat = {"dia": 4, "basal": [{"time": "00:00", "value": "0.7"}], "units": "mmol", "sens": 2.5, "carbs_hr": 30}
    found = history([flat])
    values = found.at(NOW_MS)
    assert found
    assert values
    assert (values.name, values.dia_h, values.basal_u_per_h, values.unit) == ("Default", 4, 0.7, Unit.MMOLL)


def test_a_document_without_a_start_is_the_oldest() -> None:
    assert basal_at(history([stored(None, Default=1), stored("2026-01-01", Default=2)])) == 2
    assert basal_at(history([stored(None, Default=1), stored("2026-01-01", Default=2)]), 0) == 1


def test_a_profile_without_units_has_those_of_its_document() -> None:
    document = stored(Default=1) | {"units": "mmol"}
    values = history([document]).at(NOW_MS)
    assert values
    assert values.unit is Unit.MMOLL


@pytest.mark.parametrize(
    ("name", "rate"),
    [("Europe/Berlin", 2), ("ETC/GMT+5", 1), ("Nowhere/Land", 1), (None, 1)],  # 11:00, 05:00, 10:00, 10:00
)
def test_schedules_are_read_in_the_zone_of_the_profile_else_at_home(name: str | None, rate: float) -> None:
    profile = {"timezone": name, "basal": [{"time": "00:00", "value": 1}, {"time": "11:00", "value": 2}]}
    assert basal_at(history([{"defaultProfile": "A", "store": {"A": profile}}])) == rate


def test_the_default_profile_is_in_force_without_a_switch() -> None:
    assert history([stored(default="B", A=1, B=2)]).name_at(NOW_MS) == "B"


def test_the_only_profile_is_in_force_when_the_default_is_missing() -> None:
    assert history([stored(default="gone", A=1)]).name_at(NOW_MS) == "A"


def test_of_several_profiles_without_a_default_none_is_in_force() -> None:
    found = history([stored(default="gone", A=1, B=2)])
    assert found.name_at(NOW_MS) is None
    assert basal_at(found) is None


def test_a_switch_holds_until_the_next() -> None:
    found = history(
        [stored(A=1, B=2, default="A")], ProfileSwitch(ago_ms(600), "B"), ProfileSwitch(ago_ms(300), "A", None)
    )
    assert [found.name_at(ago_ms(minutes)) for minutes in (601, 600, 301, 300, 0)] == ["A", "B", "B", "A", "A"]


def test_after_a_switch_with_a_duration_the_one_before_holds_again() -> None:
    found = history(
        [stored(A=1, B=2, C=3, default="A")], ProfileSwitch(ago_ms(600), "B"), ProfileSwitch(ago_ms(300), "C", 60)
    )
    assert [found.name_at(ago_ms(minutes)) for minutes in (301, 300, 241, 240)] == ["B", "C", "C", "B"]


def test_a_switch_with_a_duration_ends_for_good_when_another_begins() -> None:
    found = history(
        [stored(A=1, B=2, C=3, default="A")], ProfileSwitch(ago_ms(600), "B", 500), ProfileSwitch(ago_ms(300), "C", 60)
    )
    assert [found.name_at(ago_ms(minutes)) for minutes in (301, 300, 240, 200)] == ["B", "C", "A", "A"]


def test_a_switch_from_before_the_document_counts_no_more() -> None:
    found = history([stored("2026-11-21", A=1, B=2, default="A")], ProfileSwitch(ago_ms(601), "B"))
    assert (found.name_at(NOW_MS), found.switch_at(NOW_MS)) == ("A", None)


def test_a_switch_from_the_start_of_the_document_counts() -> None:
    start_ms = read_moment("2026-11-21") or 0
    found = history([stored("2026-11-21", A=1, B=2, default="A")], ProfileSwitch(start_ms, "B"))
    assert found.name_at(start_ms) == "B"


def test_a_switch_in_the_future_does_not_count_yet() -> None:
    found = history([stored(A=1, B=2, default="A")], ProfileSwitch(after(1), "B"))
    assert (found.name_at(NOW_MS), found.name_at(after(1))) == ("A", "B")


def test_a_switch_to_a_profile_nobody_knows_leaves_the_default_in_force() -> None:
    assert history([stored(Default=1)], ProfileSwitch(ago_ms(60), "Holiday")).name_at(NOW_MS) == "Default"


def test_a_switch_may_bring_its_profile_along() -> None:
    switch = ProfileSwitch(ago_ms(60), "Holiday", profile_json=json.dumps({"basal": [{"time": "00:00", "value": 9}]}))
    found = history([stored(Default=1)], switch)
    values = found.at(NOW_MS)
    assert values
    assert values.name == found.name_at(NOW_MS) == f"Holiday@@@@@{ago_ms(60)}"
    assert values.basal_u_per_h == 9
    assert found.switch_at(NOW_MS) is switch


def test_a_profile_brought_along_that_has_a_marked_name_keeps_it() -> None:
    switch = ProfileSwitch(ago_ms(60), "Holiday@@@@@7", profile_json='{"basal": 9}')
    assert history([stored(Default=1)], switch).name_at(NOW_MS) == "Holiday@@@@@7"


def test_the_stored_profile_counts_before_the_one_brought_along() -> None:
    switch = ProfileSwitch(ago_ms(60), "B", profile_json='{"basal": 9}')
    assert basal_at(history([stored(A=1, B=2, default="A")], switch)) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "9", "null", "[" * 100_000])
def test_an_unreadable_profile_is_not_brought_along(text: str) -> None:
    assert basal_at(history([stored(Default=1)], ProfileSwitch(ago_ms(60), "Holiday", profile_json=text))) == 1


def test_a_circadian_switch_changes_insulin_by_its_percentage() -> None:
    values = history([stored(Default=1)], ProfileSwitch(ago_ms(60), "Default", 0, None, True, 125)).at(NOW_MS)
    assert values
    assert (values.basal_u_per_h, values.sens) == (1.25, 40)


def test_a_percentage_counts_for_circadian_switches_only() -> None:
    assert basal_at(history([stored(Default=1)], ProfileSwitch(ago_ms(60), "Default", percentage=125))) == 1


def test_a_circadian_switch_without_a_percentage_changes_nothing() -> None:
    assert basal_at(history([stored(Default=1)], ProfileSwitch(ago_ms(60), "Default", circadian=True))) == 1


def test_a_timeshift_is_told_and_not_applied() -> None:
    document = {"store": {"A": {"basal": [{"time": "00:00", "value": 1}, {"time": "10:00", "value": 2}]}}}
    values = history([document], ProfileSwitch(ago_ms(60), "A", circadian=True, timeshift_h=3)).at(NOW_MS)
    assert values
    assert (values.basal_u_per_h, values.timeshift_h) == (2, 3)


def test_without_a_timeshift_none_is_told() -> None:
    values = history([stored(Default=1)]).at(NOW_MS)
    assert values
    assert values.timeshift_h == 0


DOCUMENTS = st.one_of(
    ODD,
    st.fixed_dictionaries(
        {"startDate": ODD, "defaultProfile": ODD, "store": st.one_of(ODD, st.dictionaries(st.text(max_size=2), ODD))}
    ),
    st.just(stored(Default=1)),
)
SWITCHES = st.builds(
    ProfileSwitch,
    at_ms=MOMENTS,
    profile=st.one_of(ODD, st.just("Default")),
    duration_min=ODD,
    profile_json=ODD,
    circadian=st.booleans(),
    percentage=ODD,
    timeshift_h=ODD,
)


@given(st.lists(DOCUMENTS, max_size=3), st.lists(SWITCHES, max_size=4), st.integers())
def test_odd_documents_and_switches_are_read_without_an_error(
    documents: list[Any], switches: list[ProfileSwitch], at_ms: int
) -> None:
    found = history(documents, *switches)
    for moment_ms in (at_ms, NOW_MS):
        values = found.at(moment_ms)
        assert (values is not None) == bool(found) == (found.document_at(moment_ms) is not None)
        assert values is None or values.dia_h > 0
