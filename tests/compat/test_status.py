"""``status``: what the server is, in every format, and its public settings."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from app.actor import system_actor
from app.glucose.thresholds import Thresholds
from app.glucose.units import Unit
from app.records.person import Person, save_person
from tests.clocks import START_MS
from tests.compat.conftest import NOW_ISO, SECRET_DIGEST, Site


def status(site: Site, path: str = "/api/v1/status.json") -> dict[str, object]:
    answer = site.owner.get(path)
    assert answer.status_code == 200
    body: dict[str, object] = answer.json()
    return body


def test_it_says_what_clients_look_for(site: Site) -> None:
    shown = status(site)
    assert shown.keys() == {
        "status", "name", "version", "versionNum", "serverTime", "serverTimeEpoch", "apiEnabled", "careportalEnabled",
        "boluscalcEnabled", "settings", "extendedSettings", "authorized", "runtimeState",
    }  # fmt: skip
    assert (shown["status"], shown["name"], shown["version"]) == ("ok", "nightscout", "15.0.7")
    assert shown["versionNum"] == 150_007
    assert (shown["serverTime"], shown["serverTimeEpoch"]) == (NOW_ISO, START_MS)
    assert (shown["apiEnabled"], shown["careportalEnabled"], shown["boluscalcEnabled"]) == (True, True, False)
    assert (shown["authorized"], shown["runtimeState"]) == (None, "loaded")


def test_its_settings_have_nightscouts_names_and_defaults(site: Site) -> None:
    settings = status(site)["settings"]
    expected = {
        "units": "mg/dl",
        "timeFormat": 12,
        "dayStart": 7,
        "dayEnd": 21,
        "nightMode": False,
        "editMode": True,
        "showRawbg": "never",
        "customTitle": "Nightscout",
        "theme": "default",
        "alarmUrgentHigh": True,
        "alarmUrgentHighMins": [30, 60, 90, 120],
        "alarmHigh": True,
        "alarmHighMins": [30, 60, 90, 120],
        "alarmLow": True,
        "alarmLowMins": [15, 30, 45, 60],
        "alarmUrgentLow": True,
        "alarmUrgentLowMins": [15, 30, 45],
        "alarmUrgentMins": [30, 60, 90, 120],
        "alarmWarnMins": [30, 60, 90, 120],
        "alarmTimeagoWarn": True,
        "alarmTimeagoWarnMins": 15,
        "alarmTimeagoUrgent": True,
        "alarmTimeagoUrgentMins": 30,
        "alarmPumpBatteryLow": False,
        "language": "en",
        "scaleY": "log",
        "showPlugins": "dbsize delta direction upbat",
        "showForecast": "ar2",
        "focusHours": 3,
        "heartbeat": 60,
        "baseUrl": "",
        "authDefaultRoles": "denied",
        "thresholds": {"bgHigh": 260, "bgTargetTop": 180, "bgTargetBottom": 80, "bgLow": 55},
        "frameUrl1": "",
        "frameName8": "",
        "alarmTypes": ["predict"],
        "deNormalizeDates": False,
        "showClockDelta": False,
        "insecureUseHttp": False,
        "secureHstsHeader": True,
        "authenticationPromptOnLoad": False,
        "authFailDelay": 0,
    }
    assert {name: settings.get(name, "missing") for name in expected} == expected


def test_the_features_that_are_on_are_listed(site: Site, site_with: Callable[..., Site]) -> None:
    default = [
        "bgnow",
        "delta",
        "direction",
        "timeago",
        "devicestatus",
        "upbat",
        "errorcodes",
        "profile",
        "bolus",
        "dbsize",
        "runtimestate",
        "basal",
        "careportal",
    ]
    shown = status(site)["settings"]
    assert shown["DEFAULT_FEATURES"] == default
    assert shown["enable"] == [*default, "ar2"]
    chosen = site_with(ENABLE="careportal iob COB pushover", DISABLE="upbat", BG_LOW="60", OBSCURED="iob")
    settings = status(chosen)["settings"]
    assert settings["enable"][:4] == ["careportal", "cob", "pushover", "treatmentnotify"]
    assert "upbat" not in settings["enable"]
    assert settings["alarmTypes"] == ["simple"]
    assert "simplealarms" in settings["enable"]
    assert "ar2" not in settings["enable"]


@pytest.mark.parametrize(
    ("given", "types"), [("predict", ["predict"]), ("simple predict", ["simple", "predict"]), ("x", ["predict"])]
)
def test_alarm_types_are_those_given(site_with: Callable[..., Site], given: str, types: list[str]) -> None:
    assert status(site_with(ALARM_TYPES=given))["settings"]["alarmTypes"] == types


def test_raw_glucose_is_shown_where_asked(site_with: Callable[..., Site]) -> None:
    settings = status(site_with(SHOW_RAWBG="noise", SHOW_PLUGINS="iob cob"))["settings"]
    assert settings["showPlugins"] == "iob cob delta direction upbat rawbg"


def test_units_and_limits_are_the_persons(site: Site) -> None:
    person = Person("Mia", "Europe/Berlin", Unit.MMOLL, Thresholds(54, 70, 180, 250))
    save_person(site.house.store, person, system_actor("test"))
    settings = status(site)["settings"]
    assert settings["units"] == "mmol"
    assert settings["thresholds"] == {"bgHigh": 250, "bgTargetTop": 180, "bgTargetBottom": 70, "bgLow": 54}


def test_limits_in_mmol_are_published_in_mgdl(site_with: Callable[..., Site]) -> None:
    site = site_with(DISPLAY_UNITS="mmol/L", BG_HIGH="14", BG_TARGET_TOP="10", BG_TARGET_BOTTOM="4", BG_LOW="3.1")
    assert status(site)["settings"]["thresholds"] == {
        "bgHigh": 252,
        "bgTargetTop": 180,
        "bgTargetBottom": 72,
        "bgLow": 56,
    }


def test_settings_of_features_are_handed_on_while_the_feature_is_on(site_with: Callable[..., Site]) -> None:
    given = {
        "PUMP_FIELDS": "reservoir battery",
        "PUMP_WARN_ON_SUSPEND": "true",
        "PUMP_WARN_BATT_V": "1.4",
        "CAGE_WARN": "50",
        "DEVICESTATUS_DAYS": "2",
        "TREATMENTNOTIFY_SNOOZE_MINS": "5",
        "CORS_ALLOW_ORIGIN": "https://x",
    }
    shown = status(site_with(ENABLE="pump treatmentnotify cors", **given))["extendedSettings"]
    assert shown == {
        "devicestatus": {"advanced": True, "days": 2},
        "pump": {"fields": "reservoir battery", "warnBattV": 1.4, "warnOnSuspend": True},
    }


def test_without_any_only_device_status_has_settings(site: Site) -> None:
    assert status(site)["extendedSettings"] == {"devicestatus": {"advanced": True, "days": 1}}


def test_nothing_secret_is_published(site_with: Callable[..., Site]) -> None:
    site = site_with(
        OBSCURE_DEVICE_PROVENANCE="hidden words", PUSHOVER_API_TOKEN="pushover-token-123", ENCRYPTION_KEYS=""
    )
    text = site.owner.get("/api/v1/status.json").text
    for secret in (
        SECRET_DIGEST,
        "this is my long",
        "hidden words",
        "pushover-token",
        "sqlite",
        "STORE_URI",
        "password",
    ):
        assert secret not in text


@pytest.mark.parametrize(
    ("accept", "type", "body"),
    [
        ("", "text/html", "<h1>STATUS OK</h1>"),
        ("*/*", "text/html", "<h1>STATUS OK</h1>"),
        ("text/html", "text/html", "<h1>STATUS OK</h1>"),
        ("text/plain", "text/plain", "STATUS OK"),
    ],
)
def test_people_are_told_in_words(api: httpx.Client, accept: str, type: str, body: str) -> None:
    answer = api.get("status", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith(type)
    assert answer.text == body


@pytest.mark.parametrize(("suffix", "image"), [("png", "png"), ("svg", "svg")])
def test_a_picture_is_somewhere_else(api: httpx.Client, suffix: str, image: str) -> None:
    answer = api.get(f"status.{suffix}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"http://img.shields.io/badge/Nightscout-OK-green.{image}"


def test_a_script_gets_the_same_as_json(api: httpx.Client) -> None:
    answer = api.get("status.js")
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert answer.text.startswith('this.serverSettings = {"status":"ok"')
    assert answer.text.endswith("} ;")


def test_a_format_we_do_not_have_is_refused(api: httpx.Client) -> None:
    assert api.get("status", headers={"Accept": "application/xml"}).status_code == 406


@pytest.mark.quirk("status.json brings a web token to who brings an access token")
def test_who_brings_a_token_gets_a_web_token(site: Site) -> None:
    site.owner.post("/api/v2/authorization/subjects", json={"name": "LoopFollow", "roles": ["readable"]})
    [subject] = site.owner.get("/api/v2/authorization/subjects").json()
    for parameter in ("token", "secret"):
        answer = site.client().get("/api/v1/status.json", params={parameter: subject["accessToken"]})
        authorized = answer.json()["authorized"]
        assert authorized["sub"] == "LoopFollow"
        assert authorized["permissionGroups"] == [["*:*:read"], []]
        assert authorized["exp"] - authorized["iat"] == 28_800
        assert site.client(Authorization=f"Bearer {authorized['token']}").get("/api/v1/entries.json").status_code == 200


def test_an_unknown_token_gets_none(site_with: Callable[..., Site]) -> None:
    site = site_with(AUTH_DEFAULT_ROLES="status-only")
    assert site.client().get("/api/v1/status.json?token=x-0000000000000000").json()["authorized"] is None
    assert site.client().get("/api/v1/status.json?token=").json()["authorized"] is None
