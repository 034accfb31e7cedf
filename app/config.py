"""The settings table, and the settings a process runs with.

Each row of ``TABLE`` is a setting: its name in the environment, how it is read, its default, what it does, whether it
is secret. The table is the only place that knows them: reading, refusing, ``nightlight settings`` and the docs page all
come from it. Names and defaults are Nightscout's where Nightscout has the setting; variables that are not in the table
are ignored.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app import environment as read
from app.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    ``published`` is its name under ``settings`` in Nightscout's ``status.json``, ``also`` other names it goes by; the
    first one set wins.
    """

    name: str
    parse: read.Parser
    default: Any
    help: str
    section: str = ""
    secret: bool = False
    published: str = ""
    also: tuple[str, ...] = ()


def _section(title: str, *rows: Setting) -> Iterator[Setting]:
    for row in rows:
        yield Setting(row.name, row.parse, row.default, row.help, title, row.secret, row.published, row.also)


def _published(name: str, parse: read.Parser, default: Any, help: str) -> Setting:
    first, *rest = name.lower().split("_")
    return Setting(name, parse, default, help, published=first + "".join(word.capitalize() for word in rest))


def _alarm(name: str, default: tuple[int, ...], what: str, *, quiet: str = "") -> tuple[Setting, Setting]:
    return (
        _published(name, read.switch, True, f"Whether {what} is an alarm."),
        _published(f"{name}_MINS", read.minutes, default, f"Minutes offered for silencing {what}{quiet}."),
    )


def _feature(feature: str, what: str, **defaults: Any) -> Iterator[Setting]:
    for name, default in defaults.items():
        help = f"{what}: whether it raises alarms." if name == "ENABLE_ALERTS" else f"{what}."
        yield Setting(f"{feature.upper()}_{name}", read.loose, default, help)


S = Setting

_PRUNED = {
    "devicestatus": "device status",
    "entries": "a reading",
    "food": "food",
    "profile": "a profile (the one in force stays)",
    "settings": "an app's settings",
    "treatments": "a treatment",
}

# fmt: off
TABLE: tuple[Setting, ...] = (
    *_section(
        "Where it runs",
        S("PORT", read.whole(0, 65535), 1337, "The port to listen on; 0 takes a free one."),
        S("HOSTNAME", read.text, "127.0.0.1", "The address to listen on; 0.0.0.0 for every one of this machine. The "
          "machine's own name, which shells and containers set by themselves, is ignored."),
        S("THREADS", read.whole(4, 2000), 1333, "Requests and live viewers one web process serves at once; a quarter is kept for "
          "requests. Threads come into being as they are needed."),
        S("WEB_PROCESSES", read.whole(1, 64), 1, "Web processes; one is enough for a family. Sockets that poll need them apart: see the operator's page.", also=("WEB_CONCURRENCY",)),
        S("BASE_URL", read.text, "", "The address people use, for links we hand out; else taken from the request.",
          published="baseUrl"),
        S("INSECURE_USE_HTTP", read.switch, False, "Serve plain HTTP to other machines too; else they are sent to https.",
          published="insecureUseHttp"),
        S("TRUST_PROXY", read.choice("auto", "on", "off"), "auto", "Believe X-Forwarded-For and -Proto: auto = from "
          "private and loopback addresses only."),
        S("SECURE_HSTS_HEADER", read.switch, True, "Tell browsers to use https only.", published="secureHstsHeader"),
        S("SECURE_HSTS_HEADER_INCLUDESUBDOMAINS", read.switch, False, "The same for subdomains.",
          published="secureHstsHeaderIncludeSubdomains"),
        S("SECURE_HSTS_HEADER_PRELOAD", read.switch, False, "Ask for the browsers' preload list.",
          published="secureHstsHeaderPreload"),
        S("LOG_LEVEL", read.choice("debug", "info", "warning", "error"), "info", "How much is logged."),
        S("LOG_FORMAT", read.choice("text", "json"), "text", "Log lines for people or for programs."),
    ),
    *_section(
        "Where data lives",
        S("STORE_URI", read.text, "", "mongodb://…, mongodb+srv://… or sqlite:///path; empty: a file in DATA_DIR.",
          secret=True, also=("STORAGE_URI", "MONGO_CONNECTION", "MONGO", "MONGOLAB_URI", "MONGODB_URI")),
        S("DATA_DIR", read.text, "./data", "Folder for the embedded store and the key file."),
        S("ENCRYPTION_KEYS", read.text, "", "Fernet keys, separated by blanks, newest first; empty: a key file in DATA_DIR, "
          "made on first start. Vendor passwords cannot be read without them: keep a copy apart from the backup.", secret=True),
        S("MONGO_POOL_SIZE", read.whole(1, 1000), 20, "Most connections to MongoDB for one process."),
        S("MONGO_MIN_POOL_SIZE", read.whole(0, 1000), 0, "Fewest connections to MongoDB."),
        S("MONGO_MAX_IDLE_TIME_MS", read.whole(0, 86_400_000), 30_000, "Idle connections are closed after this time."),
        S("ENTRIES_COLLECTION", read.text, "entries", "Name of the collection of entries.", also=("MONGO_COLLECTION",)),
        S("MONGO_TREATMENTS_COLLECTION", read.text, "treatments", "Name of the collection of treatments."),
        S("MONGO_PROFILE_COLLECTION", read.text, "profile", "Name of the collection of profiles."),
        S("MONGO_DEVICESTATUS_COLLECTION", read.text, "devicestatus", "Name of the collection of device status."),
        S("MONGO_FOOD_COLLECTION", read.text, "food", "Name of the collection of food."),
        S("MONGO_ACTIVITY_COLLECTION", read.text, "activity", "Name of the collection of activity."),
        S("MONGO_SETTINGS_COLLECTION", read.text, "settings", "Name of the collection of app settings."),
        S("MONGO_AUTHENTICATION_COLLECTIONS_PREFIX", read.text, "auth_", "Prefix of the collections of subjects and roles."),
    ),
    *_section(
        "Who may do what",
        S("API_SECRET", read.at_least(12), "", "The master key for programs: anything may be done with it. Without it only "
          "accounts and device tokens work.", secret=True),
        S("AUTH_DEFAULT_ROLES", read.text, "denied", "Roles of a visitor without any credential; Nightscout's default is "
          "readable, ours is denied.", published="authDefaultRoles"),
        S("AUTH_FAIL_DELAY", read.whole(0, 3_600_000), 5000, "Milliseconds an address waits after a failed log-in; 0: none.",
          published="authFailDelay"),
        S("TREATMENTS_AUTH", read.switch, True, "off lets visitors without a credential enter treatments."),
        S("API3_SECURITY_ENABLE", read.switch, True, "off makes everybody an administrator of API v3."),
        S("ADMIN_NOTIFIES_ENABLED", read.switch, True, "Keep notices for administrators.", published="adminNotifiesEnabled"),
        S("AUTHENTICATION_PROMPT_ON_LOAD", read.switch, False, "Nightscout's own pages ask for a credential at once.",
          published="authenticationPromptOnLoad"),
        S("IMPORT_MAX_MB", read.whole(1, 100_000), 1024, "The largest file that can be imported, in megabytes."),
        S("ALLOW_PRIVATE_SOURCES", read.switch, False, "Uploaders may pull from private addresses and plain http (a Nightscout "
          "or an xDrip at home)."),
    ),
    *_section(
        "What programs get",
        S("UUID_HANDLING", read.switch, True, "Keep a UUID sent as _id of a treatment reachable as its identifier."),
        S("PREDICTIONS_MAX_SIZE", read.whole(0, 100_000), 288, "Most points kept of a loop's prediction; 0: all."),
        S("DE_NORMALIZE_DATES", read.switch, False, "Show dateString in the uploader's zone.", published="deNormalizeDates"),
        S("API3_DEDUP_FALLBACK_ENABLED", read.switch, True, "API v3 recognises documents of API v1."),
        S("API3_CREATED_AT_FALLBACK_ENABLED", read.switch, True, "API v3 takes created_at where date is missing."),
        S("API3_MAX_LIMIT", read.whole(1, 1_000_000), 1000, "Most documents in one answer of API v3."),
        *(S(f"API3_AUTOPRUNE_{name.upper()}", read.number, 0, f"Days after which {what} is removed for good, looked for every hour; "
            "a fraction is understood, 0 keeps it for ever.") for name, what in _PRUNED.items()),
        S("OBSCURED", read.words, (), "Features left out of the published list.", published="obscured"),
        S("OBSCURE_DEVICE_PROVENANCE", read.text, "", "Text shown in place of a reading's device.",
          published="obscureDeviceProvenance"),
        S("CORS_ALLOW_ORIGIN", read.text, "*", "Origins other sites' pages may ask from, with the feature cors."),
    ),
    *_section(
        "Remote commands to Loop",
        S("LOOP_APNS_KEY", read.text, "", "Key for Apple push: the content of the .p8 file, with line ends, with \\n for them, or in "
          "base64.", secret=True),
        S("LOOP_APNS_KEY_ID", read.text, "", "Its 10-character id.", secret=True),
        S("LOOP_DEVELOPER_TEAM_ID", read.text, "", "The 10-character team id of the Apple account Loop was built with.", secret=True),
        S("LOOP_PUSH_SERVER_ENVIRONMENT", read.text, "", "production for a Loop from TestFlight or the browser build; anything else "
          "is Apple's sandbox, for a Loop that Xcode put on the phone."),
    ),
    *_section(
        "Features",
        S("ENABLE", read.words, (), "Features to switch on, separated by blanks."),
        S("DISABLE", read.words, (), "Features to switch off."),
        S("ALARM_TYPES", read.words, (), "simple (by the limits) or predict (by the forecast), or both; unset: simple when a BG_ threshold is set, else predict."),
        S("SHOW_PLUGINS", read.text, "dbsize", "Features shown by Nightscout's own pages."),
        S("SHOW_FORECAST", read.text, "ar2", "Forecasts shown by Nightscout's own pages.", published="showForecast"),
        S("PUSHOVER_API_TOKEN", read.text, "", "Lists pushover among the features.", secret=True),
    ),
    *_section(
        "A vendor's cloud, as Nightscout names it (or set one up in the browser)",
        S("CONNECT_SOURCE", read.text, "", "dexcomshare, linkup, glooko or nightscout; counts while ENABLE contains connect."),
        S("CONNECT_SOURCE_ENDPOINT", read.text, "", "Address of the other Nightscout; ?token= may follow it.", secret=True),
        S("CONNECT_SOURCE_API_SECRET", read.text, "", "Its API secret.", secret=True),
        S("CONNECT_SHARE_ACCOUNT_NAME", read.text, "", "User name, e-mail or phone of the Dexcom account that shares.", secret=True),
        S("CONNECT_SHARE_PASSWORD", read.text, "", "Its password.", secret=True),
        S("CONNECT_SHARE_REGION", read.text, "us", "us, ous or jp."),
        S("CONNECT_SHARE_SERVER", read.text, "", "Another Dexcom server than the region's."),
        S("CONNECT_LINK_UP_USERNAME", read.text, "", "E-mail address of the LibreLinkUp account.", secret=True),
        S("CONNECT_LINK_UP_PASSWORD", read.text, "", "Its password.", secret=True),
        S("CONNECT_LINK_UP_REGION", read.text, "EU", "Where it lives; LibreLinkUp corrects it."),
        S("CONNECT_LINK_UP_SERVER", read.text, "", "Another LibreLinkUp server."),
        S("CONNECT_LINK_UP_PATIENT_ID", read.text, "", "Whose readings, when several people share."),
        S("CONNECT_GLOOKO_EMAIL", read.text, "", "E-mail address of the Glooko account.", secret=True),
        S("CONNECT_GLOOKO_PASSWORD", read.text, "", "Its password.", secret=True),
        S("CONNECT_GLOOKO_ENV", read.text, "default", "Where it lives: default (United States), eu, de-fr, ca; development and production are Glooko's own."),
        S("CONNECT_GLOOKO_SERVER", read.text, "", "Another Glooko server, in place of the former."),
        S("CONNECT_GLOOKO_TIMEZONE_OFFSET", read.loose, 0, "Hours by which the devices' clocks are ahead of UTC; 0: the person's time zone, which knows of summer time."),
        S("BRIDGE_USER_NAME", read.text, "", "Dexcom account, the older way; counts while ENABLE contains bridge.", secret=True),
        S("BRIDGE_PASSWORD", read.text, "", "Its password.", secret=True),
        S("BRIDGE_SERVER", read.text, "US", "US or EU."),
    ),
    *_section(
        "Glucose",
        S("DISPLAY_UNITS", read.units, "mg/dl", "mg/dl or mmol: the unit shown to people who chose none.", published="units"),
        S("BG_HIGH", read.number, 260, "Above it is very high; in DISPLAY_UNITS, as the next three."),
        S("BG_TARGET_TOP", read.number, 180, "Top of the target range."),
        S("BG_TARGET_BOTTOM", read.number, 80, "Bottom of the target range."),
        S("BG_LOW", read.number, 55, "Below it is very low."),
        *_alarm("ALARM_URGENT_HIGH", (30, 60, 90, 120), "very high glucose"),
        *_alarm("ALARM_HIGH", (30, 60, 90, 120), "high glucose"),
        *_alarm("ALARM_LOW", (15, 30, 45, 60), "low glucose"),
        *_alarm("ALARM_URGENT_LOW", (15, 30, 45), "very low glucose", quiet="; it keeps quiet for 15 at most"),
        _published("ALARM_URGENT_MINS", read.minutes, (30, 60, 90, 120), "Minutes offered for silencing other urgent alarms."),
        _published("ALARM_WARN_MINS", read.minutes, (30, 60, 90, 120), "Minutes offered for silencing other warnings."),
        _published("ALARM_TIMEAGO_WARN", read.switch, True, "Whether old data is a warning."),
        _published("ALARM_TIMEAGO_WARN_MINS", read.number, 15, "Minutes after which data is old."),
        _published("ALARM_TIMEAGO_URGENT", read.switch, True, "Whether very old data is urgent."),
        _published("ALARM_TIMEAGO_URGENT_MINS", read.number, 30, "Minutes after which old data is urgent."),
        _published("ALARM_PUMP_BATTERY_LOW", read.switch, False, "Published for Nightscout's own pages; PUMP_ENABLE_ALERTS switches the pump's alarms."),
    ),
    *_section(
        "Features' own settings, handed on in status.json while the feature is on",
        *_feature("devicestatus", "Device status", ADVANCED=True, DAYS=1),
        *_feature("upbat", "Uploader battery", ENABLE_ALERTS=False, WARN=30, URGENT=20),
        *_feature("timeago", "Age of the last reading", ENABLE_ALERTS=False),
        *_feature("errorcodes", "CGM error codes", INFO="1 2 3 4 5 6 7 8", WARN="off", URGENT="9 10"),
        *_feature("ar2", "Forecast", CONE_FACTOR=2),
        *_feature("rawbg", "Raw glucose", DISPLAY="unsmoothed"),
        *_feature("bwp", "Bolus wizard preview", WARN=0.5, URGENT=1.0, SNOOZE=0.1, SNOOZE_MINS=10),
        *_feature("cage", "Cannula age (hours)", ENABLE_ALERTS=False, INFO=44, WARN=48, URGENT=72, DISPLAY="hours"),
        *_feature("sage", "Sensor age (hours)", ENABLE_ALERTS=False, INFO=144, WARN=164, URGENT=166),
        *_feature("iage", "Insulin age (hours)", ENABLE_ALERTS=False, INFO=44, WARN=48, URGENT=72),
        *_feature("bage", "Pump battery age (hours)", ENABLE_ALERTS=False, INFO=312, WARN=336, URGENT=360, DISPLAY="days"),
        *_feature("treatmentnotify", "Notices of treatments", SNOOZE_MINS=10, INCLUDE_BOLUSES_OVER=0),
        *_feature("basal", "Basal", RENDER="none"),
        *_feature("bolus", "Boluses", RENDER_OVER=0, RENDER_FORMAT="default", RENDER_FORMAT_SMALL="default"),
        *_feature("profile", "Profile", HISTORY=False, MULTIPLE=False),
        *_feature("pump", "Pump", ENABLE_ALERTS=False, WARN_ON_SUSPEND=False, FIELDS="reservoir", RETRO_FIELDS="reservoir battery",
                  WARN_CLOCK=30, URGENT_CLOCK=60, WARN_RES=10, URGENT_RES=5, WARN_BATT_P=30, URGENT_BATT_P=20,
                  WARN_BATT_V=1.35, URGENT_BATT_V=1.3, WARN_BATT_QUIET_NIGHT=False),
        *_feature("openaps", "OpenAPS", ENABLE_ALERTS=False, WARN=30, URGENT=60, COLOR_PREDICTION_LINES=True,
                  FIELDS="status-symbol status-label iob meal-assist rssi", RETRO_FIELDS="status-symbol status-label iob meal-assist rssi",
                  PRED_IOB_COLOR="#1e88e5", PRED_COB_COLOR="#FB8C00", PRED_ACOB_COLOR="#FB8C00", PRED_ZT_COLOR="#00d2d2", PRED_UAM_COLOR="#c9bd60"),
        *_feature("loop", "Loop", ENABLE_ALERTS=False, WARN=30, URGENT=60),
        *_feature("xdripjs", "xDrip-js", ENABLE_ALERTS=False, STATE_NOTIFY_INTRVL=0.5, WARN_BAT_V=300),
        *_feature("dbsize", "Database size", MAX=496, WARN_PERCENTAGE=60, URGENT_PERCENTAGE=75, ENABLE_ALERTS=False, IN_MIB=False),
    ),
    *_section(
        "How Nightscout's own pages look",
        _published("CUSTOM_TITLE", read.text, "Nightscout", "The name shown on top; our pages show the person's name."),
        _published("TIME_FORMAT", read.choice("12", "24"), "12", "12 or 24 hours."),
        _published("LANGUAGE", read.text, "en", "Language code."),
        _published("NIGHT_MODE", read.switch, False, "Start dimmed."),
        _published("EDIT_MODE", read.switch, True, "Let treatments be dragged."),
        _published("SHOW_RAWBG", read.choice("never", "always", "noise"), "never", "When raw values are shown."),
        _published("THEME", read.choice("default", "colors", "colorblindfriendly"), "default", "Colours."),
        _published("SCALE_Y", read.choice("linear", "log", "log-dynamic"), "log", "Vertical scale."),
        _published("FOCUS_HOURS", read.number, 3, "Hours in view."),
        _published("DAY_START", read.number, 7.0, "Hour at which the day begins."),
        _published("DAY_END", read.number, 21.0, "Hour at which the day ends."),
        _published("HEARTBEAT", read.number, 60, "Seconds between reloads, and until an alarm nobody has heard is told again (30 at least)."),
        _published("SHOW_CLOCK_DELTA", read.switch, False, "Delta on the clock face."),
        _published("SHOW_CLOCK_LAST_TIME", read.switch, False, "Time of the last reading on the clock face."),
        _published("SECURE_CSP", read.switch, False, "Published for compatibility; our pages always send a strict policy."),
        *(row for n in range(1, 9) for row in (
            _published(f"FRAME_URL_{n}", read.text, "", f"Address of frame {n} of Nightscout's split view."),
            _published(f"FRAME_NAME_{n}", read.text, "", f"Name of frame {n}."))),
    ),
)
# fmt: on

BY_NAME: Mapping[str, Setting] = {row.name: row for row in TABLE}


@dataclass(frozen=True)
class Settings:
    """The settings of a process: ``settings["PORT"]`` is the parsed value, ``given`` names those somebody set."""

    values: Mapping[str, Any]
    given: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Any:
        """Return the value of a setting of the table; an unknown name is a ``KeyError``."""
        return self.values[name]

    def __repr__(self) -> str:
        return f"Settings(given={sorted(self.given)})"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read every setting of the table. Raises ``BadSetting`` naming the variable whose value cannot be used."""
    values: dict[str, Any] = {}
    given: set[str] = set()
    for row in TABLE:
        name, raw = _first_given(environment, row)
        if row.name == "HOSTNAME" and raw == socket.gethostname():
            raw = None
        if raw is None:
            values[row.name] = row.default
            continue
        try:
            values[row.name] = row.parse(raw)
        except ValueError as wanted:
            shown = "its value" if row.secret else repr(raw)
            raise BadSetting(f"{name}: {shown} cannot be used", hint=f"Wanted: {wanted}.") from None
        given.add(row.name)
    return Settings(values, frozenset(given))


def _first_given(environment: Mapping[str, str], row: Setting) -> tuple[str, str | None]:
    look_up = read.look_up_secret if row.secret else read.look_up
    for name in (row.name, *row.also):
        raw = look_up(environment, name)
        if raw is not None:
            return name, raw
    return row.name, None
