"""``bgnow``, ``delta``, ``buckets``, ``rawbg``, ``direction``, ``ar2``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING, asked, properties
from tests.live.uploads import MINUTE_MS, at, sgv
from tests.waiting import wait_until

SiteWith = Callable[..., Site]

CAL = {"type": "cal", "date": at(30), "scale": 1, "intercept": 30000, "slope": 800}
SIGNALS = {"filtered": 120000, "unfiltered": 118000, "noise": 1, "rssi": 100}


def shown(site: Site, *entries: dict[str, Any]) -> Any:
    site.entries.save(entries)
    return properties(site)


def test_bgnow_is_the_newest_bucket(site: Site) -> None:
    bgnow = shown(site, sgv(4, 110, direction="Flat", **SIGNALS), sgv(5, 112), sgv(10, 100))["bgnow"]
    newest = bgnow["sgvs"][0]
    assert newest.pop("_id")
    assert newest == {
        "mgdl": 110,
        "mills": at(4),
        "device": "xDrip-DexcomG6",
        "direction": "Flat",
        "type": "sgv",
        "scaled": 110,
        **SIGNALS,
    }
    assert [one["mgdl"] for one in bgnow.pop("sgvs")] == [110, 112]
    assert bgnow == {"mean": 111, "last": 110, "mills": at(4)}


def test_a_last_that_is_no_whole_number_is_rounded(site: Site) -> None:
    """A fraction in ``last`` or ``mgdl`` is an error to a strict parser (gabe565)."""
    answer = shown(site, sgv(5, 110.6), sgv(10, 100.2))
    assert (answer["bgnow"]["last"], answer["bgnow"]["sgvs"][0]["mgdl"], answer["bgnow"]["mean"]) == (111, 111, 110.6)
    assert answer["delta"]["mgdl"] == 10
    assert '"last":111,' in asked(site).text


def test_readings_of_another_time_in_milliseconds_have_whole_mills(site: Site) -> None:
    assert shown(site, sgv(5, 110, date=at(5) + 0.75))["bgnow"]["mills"] == at(5)


def test_errors_and_low_have_no_mean(site: Site) -> None:
    bgnow = shown(site, sgv(4, 5), sgv(5, 39))["bgnow"]
    assert bgnow.keys() == {"errors", "sgvs"}
    assert [one["mgdl"] for one in bgnow["errors"]] == [5]
    assert [one["mgdl"] for one in bgnow["sgvs"]] == [5, 39]


def test_there_are_four_buckets(site: Site) -> None:
    buckets = shown(site, sgv(2, 110), sgv(12, 100))["buckets"]
    assert [(one["index"], one["fromMills"], one["toMills"]) for one in buckets] == [
        (n, at(2) - round((2.5 + 5 * n) * MINUTE_MS), at(2) + round((2.5 - 5 * n) * MINUTE_MS)) for n in range(4)
    ]
    assert [one.get("isEmpty") for one in buckets] == [None, True, None, True]
    assert [one.get("last") for one in buckets] == [110, None, 100, None]
    assert buckets[1]["sgvs"] == []


def test_delta_is_told_with_everything_it_comes_from(site: Site) -> None:
    delta = shown(site, sgv(2, 85), sgv(13, 120))["delta"]
    assert delta.pop("previous") == {"mean": 120, "last": 120, "mills": at(13), "sgvs": delta_sgvs(site, 13)}
    assert delta.pop("mean5MinsAgo") == pytest.approx(100.90909)
    assert delta == {
        "absolute": -35,
        "elapsedMins": 11,
        "interpolated": True,
        "times": {"recent": at(2), "previous": at(13)},
        "mgdl": -16,
        "scaled": -16,
        "display": "-16",
    }


def delta_sgvs(site: Site, minutes: float) -> Any:
    return next(one["sgvs"] for one in properties(site)["buckets"] if one.get("mills") == at(minutes))


@pytest.mark.parametrize(
    ("before", "now", "mgdl", "mmol"),
    [(115, 120, "+5", "+0.3"), (100, 109, "+9", "+0.5"), (85, 90, "+5", "+0.3"), (120, 110, "-10", "-0.6"),
     (110, 110, "+0", "+0"), (100, 118, "+18", "+0.9"), (90, 108, "+18", "+1")],
)  # fmt: skip
def test_delta_is_shown_with_its_sign_in_the_persons_unit(
    site_with: SiteWith, before: int, now: int, mgdl: str, mmol: str
) -> None:
    site = site_with()
    assert shown(site, sgv(5, now), sgv(10, before))["delta"]["display"] == mgdl
    in_mmol = properties(site_with(DISPLAY_UNITS="mmol"))["delta"]
    assert (in_mmol["display"], in_mmol["mgdl"]) == (mmol, now - before)
    assert in_mmol["scaled"] == float(mmol)


def test_scaled_is_the_persons_unit(site_with: SiteWith) -> None:
    bgnow = shown(site_with(DISPLAY_UNITS="mmol"), sgv(5, 110))["bgnow"]
    assert (bgnow["sgvs"][0]["scaled"], bgnow["last"]) == (6.1, 110)


def test_without_a_reading_before_there_is_no_delta(site: Site) -> None:
    answer = shown(site, sgv(2, 85), sgv(40, 120))
    assert "delta" not in answer
    assert "ar2" not in answer


def test_readings_of_the_future_are_not_now(site: Site) -> None:
    assert shown(site, sgv(5, 110), sgv(-3, 300))["bgnow"]["last"] == 110


def test_the_raw_signal_is_told_with_what_it_comes_from(site_with: SiteWith) -> None:
    rawbg = shown(site_with(ENABLE="rawbg"), sgv(5, 110, **SIGNALS), CAL)["rawbg"]
    assert rawbg["cal"].pop("_id")
    assert rawbg["sgv"]["mills"] == at(5)
    assert rawbg.pop("sgv")["unfiltered"] == 118000
    assert rawbg == {
        "mgdl": 108,
        "noiseLabel": "Clean",
        "cal": {"mills": at(30), "scale": 1, "intercept": 30000, "slope": 800, "type": "cal"},
        "displayLine": "Raw BG: 108 mg/dl Clean",
    }


def test_the_raw_signal_is_shown_in_the_persons_unit(site_with: SiteWith) -> None:
    site = site_with(ENABLE="rawbg", DISPLAY_UNITS="mmol", RAWBG_DISPLAY="unfiltered")
    rawbg = shown(site, sgv(5, 110, **SIGNALS | {"noise": 7}), CAL)["rawbg"]
    assert (rawbg["mgdl"], rawbg["displayLine"]) == (110, "Raw BG: 6.1 mmol/L ~~~")


def test_without_a_calibration_there_is_no_raw_signal(site_with: SiteWith) -> None:
    site = site_with(ENABLE="rawbg")
    assert shown(site, sgv(5, 110, **SIGNALS), CAL | {"date": at(-2)})["rawbg"] == {}
    site.entries.save([CAL | {"slope": 0}])
    assert properties(site_with(ENABLE="rawbg"))["rawbg"]["mgdl"] == 0


@pytest.mark.quirk("NotComputable is NOT COMPUTABLE")
@pytest.mark.parametrize(
    ("told", "value", "label", "entity"),
    [
        ({"direction": "FortyFiveUp"}, "FortyFiveUp", "↗", "&#8599;"),
        ({"direction": "NONE"}, "NONE", "⇼", "&#8700;"),
        ({"direction": "NOT COMPUTABLE"}, "NOT COMPUTABLE", "-", "&#45;"),
        ({"direction": "NotComputable"}, "NOT COMPUTABLE", "-", "&#45;"),
        ({"direction": "RateOutOfRange"}, "RATE OUT OF RANGE", "⇕", "&#8661;"),
        ({"direction": "TripleDown"}, "TripleDown", "⤋", "&#10507;"),
        ({"direction": "sideways"}, "sideways", "-", "&#45;"),
        ({"trend": 4}, "Flat", "→", "&#8594;"),
        ({}, None, "-", "&#45;"),
    ],
)
def test_direction_is_the_last_readings_own(
    site: Site, told: dict[str, Any], value: str | None, label: str, entity: str
) -> None:
    direction = shown(site, sgv(5, 110, **told))["direction"]
    expected = {"display": None, "value": value, "label": label, "entity": entity}
    assert direction == {name: held for name, held in expected.items() if name == "display" or held is not None}


def test_direction_holds_for_a_quarter_of_an_hour(site: Site) -> None:
    assert "direction" not in shown(site, sgv(16, 110, direction="Flat"))
    site.entries.save([sgv(15, 110, direction="Flat")])
    wait_until(lambda: "direction" in properties(site))


def test_the_forecast_is_told_point_by_point(site: Site) -> None:
    ar2 = shown(site, sgv(2, 170), sgv(7, 150))["ar2"]
    assert ar2["forecast"]["avgLoss"] == pytest.approx(0.066415, abs=1e-6)
    assert ar2["forecast"]["predicted"] == [
        {"mills": at(2) + n * 5 * MINUTE_MS + 2000, "mgdl": mgdl, "color": "cyan", "scaled": mgdl}
        for n, mgdl in enumerate((186, 198, 206, 212, 216, 218), start=1)
    ]
    assert (ar2["level"], ar2["eventName"], ar2["displayLine"]) == (1, "high", "BG 15m: 206 mg/dl")


@pytest.mark.parametrize(
    ("before", "now", "level", "event"), [(90, 80, 1, "low"), (140, 200, 2, "high"), (100, 105, None, None)]
)
def test_a_forecast_may_be_alarming(site: Site, before: int, now: int, level: int | None, event: str | None) -> None:
    ar2 = shown(site, sgv(2, now), sgv(7, before))["ar2"]
    assert (ar2.get("level"), ar2.get("eventName")) == (level, event)


def test_an_alarm_that_is_off_names_no_event(site_with: SiteWith) -> None:
    assert shown(site_with(ALARM_LOW="off"), sgv(2, 80), sgv(7, 90))["ar2"]["eventName"] == ""


def test_a_forecast_in_mmol(site_with: SiteWith) -> None:
    ar2 = shown(site_with(DISPLAY_UNITS="mmol"), sgv(2, 170), sgv(7, 150))["ar2"]
    assert ar2["displayLine"] == "BG 15m: 11.4 mmol/L"
    assert ar2["forecast"]["predicted"][0]["scaled"] == 10.3


def test_a_device_may_be_obscured(site_with: SiteWith) -> None:
    site = site_with(ENABLE=EVERYTHING, OBSCURE_DEVICE_PROVENANCE="somewhere")
    site.entries.save([sgv(2, 110, **SIGNALS), sgv(7, 108), CAL])
    text = asked(site, "bgnow,delta,buckets,rawbg").text
    assert "xDrip" not in text
    assert '"device":"somewhere"' in text


def test_what_is_deleted_was_never_measured(site: Site) -> None:
    assert shown(site, sgv(2, 300, isValid=False), sgv(5, 110))["bgnow"]["last"] == 110
