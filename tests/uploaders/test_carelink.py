"""CareLink's client over real HTTP: the sign-in in the browser, tokens good once, people, the ways to the data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.uploaders.carelink.sign_in import CareLinkSignIn, challenge_of
from app.uploaders.carelink.source import CARELINK, CareLinkForm
from app.uploaders.constants import built_in_constants
from app.uploaders.errors import (
    ActionRequired,
    NoPatient,
    PatientAmbiguous,
    RateLimited,
    SchemaChanged,
    Transient,
    UploaderFailure,
)
from app.uploaders.form import FormRefused, read_answers
from tests.clocks import START_MS, SettableClock
from tests.emulators.carelink import CHILD, CLIENT_ID, REDIRECT, CareLinkEmulator, browse
from tests.emulators.server import Reply, cut_off, late, page, too_often
from tests.uploaders.carelink_account import CareLinkAccount
from tests.uploaders.conftest import Kept

MINUTE_MS = 60_000
BACK = "https://ours.example/back"
DISPLAY, TOKEN = "/display/message", "/oauth/token"


@pytest.fixture
def carelink(clock: SettableClock) -> Iterator[CareLinkEmulator]:
    with CareLinkEmulator(clock).running() as emulator:
        yield emulator


@pytest.fixture
def account(carelink: CareLinkEmulator, clock: SettableClock, line: Callable[..., Any], kept: Kept) -> CareLinkAccount:
    return CareLinkAccount(carelink, clock, line, kept)


@pytest.fixture
def signed_in(account: CareLinkAccount, carelink: CareLinkEmulator) -> CareLinkAccount:
    account.sign_in()
    carelink.measured(110, 120)
    return account


# The sign-in


def test_the_page_to_open_asks_for_a_code_with_pkce_and_a_state(account: CareLinkAccount) -> None:
    begun = CareLinkSignIn().begin(account.access(), BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert query["state"] == begun.state
    assert query["code_challenge"] == challenge_of(begun.pending["verifier"])
    assert (query["code_challenge_method"], query["response_type"]) == ("S256", "code")
    assert (query["client_id"], query["redirect_uri"]) == (CLIENT_ID, REDIRECT)
    assert query["audience"]
    assert begun.pending["verifier"] not in begun.url


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_two_sign_ins_share_no_secret(account: CareLinkAccount) -> None:
    one, other = (CareLinkSignIn().begin(account.access(), BACK) for _ in range(2))
    assert one.state != other.state
    assert one.pending["verifier"] != other.pending["verifier"]


def test_the_pasted_address_lets_us_in(signed_in: CareLinkAccount, kept: Kept) -> None:
    assert [entry["sgv"] for entry in signed_in.page().documents["entries"]] == [110, 120]
    assert kept.session["refresh_token"]


def test_a_sign_in_server_under_a_path_is_found(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.sso_prefix = "login/here"
    account.sign_in()
    assert account.kept.session["token_url"] == f"{carelink.url}/login/here/oauth/token"


@pytest.mark.parametrize(
    "answer", [{"error": "access_denied", "state": "x"}, {"state": "x"}, {"code": "", "state": "x"}]
)
def test_a_page_that_was_left_without_signing_in_says_so(account: CareLinkAccount, answer: dict[str, str]) -> None:
    begun = CareLinkSignIn().begin(account.access(), BACK)
    with pytest.raises(ActionRequired) as wanted:
        CareLinkSignIn().finish(account.access(), begun.pending, answer, BACK)
    assert wanted.value.kind == "sign-in"
    assert account.kept.session == {}


def test_a_code_is_good_for_one_time_and_for_its_own_verifier(
    account: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    way, access = CareLinkSignIn(), account.access()
    begun = way.begin(access, BACK)
    answer = dict(parse_qsl(urlsplit(browse(begun.url, carelink.username, carelink.password)).query))
    with pytest.raises(ActionRequired, match="does not take"):
        way.finish(access, {**begun.pending, "verifier": "another" * 8}, answer, BACK)
    with pytest.raises(ActionRequired, match="does not take") as wanted:
        way.finish(access, begun.pending, answer, BACK)
    assert wanted.value.kind == "sign-in"
    assert account.kept.session == {}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (page(503), Transient),
        (too_often("60"), RateLimited),
        (Reply({"token_type": "Bearer"}), SchemaChanged),
        (Reply({"access_token": "only this"}), SchemaChanged),
        (Reply([]), SchemaChanged),
        (page(200), Transient),
        (late({}, 3), Transient),
        (Reply({"error": "invalid_grant"}, 400), ActionRequired),
    ],
)
def test_each_refusal_of_a_code_is_understood_and_not_repeated(
    account: CareLinkAccount, carelink: CareLinkEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    begun = CareLinkSignIn().begin(account.access(), BACK)
    carelink.script(TOKEN, reply)
    with pytest.raises(UploaderFailure) as failure:
        CareLinkSignIn().finish(account.access(), begun.pending, {"code": "c", "state": begun.state}, BACK)
    assert type(failure.value) is kind
    assert carelink.count(TOKEN) == 1


def test_a_country_without_carelink_is_said(account: CareLinkAccount) -> None:
    with pytest.raises(ActionRequired) as wanted:
        CareLinkSignIn().begin(account.access(country="ZZ"), BACK)
    assert wanted.value.kind == "country"


@pytest.mark.parametrize("region", ["eu", {"region": "eu"}])
def test_the_form_of_lists_does_not_matter(account: CareLinkAccount, carelink: CareLinkEmulator, region: Any) -> None:
    found = carelink._discovery()
    found["supportedCountries"] = {"DE": region}
    found["CP"] = {place.pop("region"): place for place in found["CP"]}
    carelink.script("/discover/", Reply(found))
    assert CareLinkSignIn().begin(account.access(country="de"), BACK).url.startswith(carelink.url)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/discover/", {"supportedCountries": [{"DE": {"region": "EU"}}], "CP": [{"region": "EU"}]}),
        ("/discover/", []),
        ("/sso/", {"server": {}}),
        ("/sso/", {"server": None}),
        ("/sso/", {"oauth": {"client": {"client_ids": []}}}),
    ],
)
def test_a_description_of_another_form_is_no_crash(
    account: CareLinkAccount, carelink: CareLinkEmulator, path: str, answer: Any
) -> None:
    carelink.script(path, Reply(answer))
    with pytest.raises(SchemaChanged):
        CareLinkSignIn().begin(account.access(), BACK)


def test_a_sign_in_that_leads_to_no_host_is_not_followed(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    described = carelink._sso()
    described["server"]["hostname"] = "good.example@evil.example"
    carelink.script("/sso/", Reply(described))
    with pytest.raises(SchemaChanged, match="impossible"):
        CareLinkSignIn().begin(account.access(), BACK)


def test_the_hosts_of_both_regions_are_known() -> None:
    constants = built_in_constants("carelink")
    assert constants["discovery"] == {"eu": "https://clcloud.minimed.eu", "us": "https://clcloud.minimed.com"}
    assert "US" in constants["us_countries"]


def test_the_form_wants_two_letters_and_no_password() -> None:
    assert read_answers(CareLinkForm, {"country": "de"}).secrets == {}
    for country in ("", "Germany", "D1"):
        with pytest.raises(FormRefused):
            read_answers(CareLinkForm, {"country": country})


def test_what_makes_a_sign_in_useless_is_named() -> None:
    assert CARELINK.sign_in is not None
    assert CARELINK.sign_in.way == "paste"
    assert CARELINK.sign_in.depends_on == {"country", "server"}


# Tokens


def test_without_a_sign_in_nothing_is_asked(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    with pytest.raises(ActionRequired) as wanted:
        account.page()
    assert wanted.value.kind == "sign-in"
    assert carelink.asked == []


def test_a_token_is_used_while_it_is_good(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    for _ in range(3):
        signed_in.page()
    assert carelink.refreshed == 0


def test_a_token_is_renewed_well_before_its_end_and_the_new_one_kept(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, kept: Kept
) -> None:
    signed_in.page()
    before = kept.session["refresh_token"]
    clock.advance(minutes=45)
    signed_in.page()
    assert carelink.refreshed == 1
    assert kept.session["refresh_token"] == carelink.refresh_token != before


def test_a_new_token_is_kept_before_it_is_used(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, kept: Kept
) -> None:
    signed_in.page()
    clock.advance(minutes=45)
    carelink.script(DISPLAY, *[page(503)] * 3)
    with pytest.raises(Transient):
        signed_in.page()
    assert kept.session["refresh_token"] == carelink.refresh_token


def test_a_renewal_that_fails_in_passing_costs_no_reading(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    signed_in.page()
    clock.advance(minutes=45)
    carelink.script(TOKEN, page(503))
    assert signed_in.page().documents["entries"]
    clock.advance(minutes=5)
    signed_in.page()
    assert carelink.refreshed == 2


def test_a_renewal_that_fails_when_the_token_has_ended_is_passing_trouble(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    signed_in.page()
    clock.advance(minutes=90)
    carelink.script(TOKEN, page(503))
    with pytest.raises(Transient):
        signed_in.page()
    assert carelink.refreshed == 1


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", [{"error": "invalid_grant"}, None])
def test_a_refused_renewal_asks_the_owner_to_sign_in(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, status: int, body: Any
) -> None:
    signed_in.page()
    clock.advance(minutes=45)
    carelink.script(TOKEN, Reply(body, status) if body else page(status))
    with pytest.raises(ActionRequired) as wanted:
        signed_in.page()
    assert wanted.value.kind == "sign-in"
    assert "sign in again" in wanted.value.hint.lower()
    assert carelink.refreshed == 1


def test_an_account_that_signed_in_elsewhere_asks_the_owner(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    signed_in.page()
    carelink.sign_in_elsewhere()
    with pytest.raises(ActionRequired) as wanted:
        signed_in.page()
    assert wanted.value.kind == "sign-in"


def test_a_token_the_service_forgot_is_renewed_at_once(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    carelink.end_access()
    assert signed_in.page().documents["entries"]
    assert carelink.refreshed == 1


def test_a_session_that_is_never_let_in_is_renewed_once_and_passing_trouble(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    signed_in.page()
    carelink.script(DISPLAY, *[Reply({"error": "no"}, 401)] * 9)
    with pytest.raises(Transient, match="just renewed"):
        signed_in.page()
    assert carelink.refreshed == 1


@pytest.mark.parametrize("lasts_s", [3600, 30 * 86_400])
def test_weeks_of_quiet_do_not_end_the_sign_in(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, lasts_s: int
) -> None:
    carelink.expires_in = lasts_s
    account.sign_in()
    carelink.answer = Reply(status=204, raw="")
    for _ in range(60):
        account.page()
        clock.advance(hours=8)
    assert carelink.refreshed >= 19
    carelink.answer = None
    carelink.measured(99)
    assert [entry["sgv"] for entry in account.page().documents["entries"]] == [99]


@pytest.mark.parametrize("expires_in", ["3600", None, "soon", -1, True])
def test_a_length_of_life_in_any_form_is_understood(
    account: CareLinkAccount, carelink: CareLinkEmulator, expires_in: Any
) -> None:
    carelink.expires_in = expires_in
    account.sign_in()
    assert account.kept.session["expires_at_ms"] == START_MS + 60 * MINUTE_MS


def test_a_renewal_that_does_not_change_the_token_keeps_it(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, kept: Kept
) -> None:
    carelink.rotates = False
    before = kept.session["refresh_token"]
    for _ in range(3):
        clock.advance(minutes=45)
        signed_in.page()
    assert carelink.refreshed == 3
    assert kept.session["refresh_token"] == before


def test_every_request_says_who_asks(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    agent = built_in_constants("carelink")["user_agent"]
    ours = [asked for asked in carelink.asked if asked.path not in ("/authorize", "/u/login")]
    assert ours
    assert {asked.headers.get("user-agent") for asked in ours} == {agent}


# People


def test_a_care_partner_asks_for_the_one_who_shares(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    [asked] = [asked for asked in carelink.asked if DISPLAY in asked.path]
    version = built_in_constants("carelink")["app_version"]
    assert asked.body == {"username": "mum", "role": "carepartner", "patientId": CHILD, "appVersion": version}


def test_a_wearer_asks_for_himself(account: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.role, carelink.username = "PATIENT", "ada"
    account.sign_in()
    carelink.measured(110)
    assert account.page().documents["entries"]
    [asked] = [asked for asked in carelink.asked if DISPLAY in asked.path]
    assert asked.body["role"] == "patient"
    assert "patientId" not in asked.body
    assert carelink.count("/links/patients") == 0


def test_a_wearers_records_are_the_same_whoever_fetches_them(
    account: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    carelink.measured(110)
    account.sign_in()
    [by_partner] = account.page().documents["entries"]
    carelink.role, carelink.username = "PATIENT_OUS", CHILD
    account.sign_in()
    [by_wearer] = account.page().documents["entries"]
    assert by_partner["identifier"] == by_wearer["identifier"]


def test_who_it_is_is_asked_once(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    for _ in range(3):
        signed_in.page()
    assert carelink.count("/users/me") == 2  # the account and its profile
    assert carelink.count("/links/patients") == 1


def test_another_sign_in_asks_anew_who_it_is(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    carelink.people = [("ben", "Ben", "Example")]
    signed_in.sign_in()
    signed_in.page()
    assert carelink.asked[-1].body["patientId"] == "ben"


def test_with_several_people_the_owner_picks(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.people.append(("ben", "Ben", "Example"))
    with pytest.raises(PatientAmbiguous) as several:
        signed_in.page()
    assert [(one.id, one.name) for one in several.value.patients] == [("ada", "Ada Example"), ("ben", "Ben Example")]
    assert "Ben" not in several.value.message + several.value.hint
    signed_in.page(patient_id="ben")
    assert carelink.asked[-1].body["patientId"] == "ben"


def test_nobody_who_shares_is_said(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.people = []
    with pytest.raises(NoPatient, match="Nobody"):
        signed_in.page()


def test_sharing_that_ended_is_said(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    carelink.people = [("ben", "Ben", "Example")]
    with pytest.raises(NoPatient, match="does not share"):
        signed_in.page()
    signed_in.page()
    assert carelink.asked[-1].body["patientId"] == "ben"


@pytest.mark.parametrize("role", ["CLINICIAN", "", None, 7])
def test_an_account_of_an_unknown_kind_is_said(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, role: Any
) -> None:
    carelink.script("/users/me", Reply({"role": role}))
    with pytest.raises(SchemaChanged, match="wearer"):
        signed_in.page()


# The ways to the data


def test_the_accounts_side_is_found_where_it_lives(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.account_prefix = "/api/carepartner/v2"
    signed_in.page()
    assert signed_in.kept.session["pattern"] == "{base}{path}"
    before = carelink.count("/patient/")
    signed_in.page()
    assert carelink.count("/patient/") == before


def test_data_that_moved_is_found_again(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    signed_in.page()
    carelink.cumulus = "/connect/carepartner/v14"
    assert signed_in.page().documents["entries"]
    assert carelink.asked[-1].path == "/connect/carepartner/v14/display/message"
    assert signed_in.kept.session["addresses"]["cumulus"].endswith("/v14")


def test_addresses_are_asked_for_once_a_day(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    for _ in range(3):
        signed_in.page()
        clock.advance(hours=11)
    assert carelink.count("/discover/") == 1
    signed_in.page()
    assert carelink.count("/discover/") == 2


def test_addresses_that_cannot_be_asked_for_stay_as_they_are(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock
) -> None:
    clock.advance(hours=25)
    carelink.measured(101)
    carelink.script("/discover/", *[page(503)] * 3)
    assert signed_in.page().documents["entries"]


def test_the_older_endpoint_of_the_country_is_tried_last(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    carelink.has_display = False
    carelink.script("/older/ble/data", Reply(carelink.payload()))
    assert [entry["sgv"] for entry in signed_in.page().documents["entries"]] == [110, 120]
    [settings] = [asked for asked in carelink.asked if "/countries/settings" in asked.path]
    assert settings.query == {"countryCode": "de", "language": "en"}


def test_a_guardian_is_read_by_its_own_way_and_the_way_kept(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    carelink.has_guardian, carelink.more = True, {"medicalDeviceFamily": "GUARDIAN"}
    carelink.script(DISPLAY, Reply(status=204, raw=""))
    assert [entry["sgv"] for entry in signed_in.page().documents["entries"]] == [110, 120]
    asked = carelink.count(DISPLAY)
    assert signed_in.page().documents["entries"]
    assert carelink.count(DISPLAY) == asked
    assert carelink.asked[-1].path == f"/patient/m2m/connect/data/gc/patients/{CHILD}"


def test_from_a_guardian_to_a_pump_the_way_is_found_back(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    carelink.has_guardian = True
    carelink.script(DISPLAY, Reply(status=204, raw=""))
    signed_in.page()
    carelink.has_guardian = False
    assert signed_in.page().documents["entries"]
    assert signed_in.kept.session["way"] == "display"


def test_no_data_anywhere_is_a_changed_service(signed_in: CareLinkAccount, carelink: CareLinkEmulator) -> None:
    carelink.has_display = False
    with pytest.raises(SchemaChanged):
        signed_in.page()


@pytest.mark.parametrize(
    "reply",
    [Reply(status=204, raw=""), Reply({}), Reply(raw=""), Reply({"metadata": {}, "patientData": {}}), Reply(None)],
)
def test_nothing_uploaded_lately_is_no_failure(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, reply: Reply
) -> None:
    signed_in.page()
    before = dict(signed_in.cursors)
    carelink.answer = reply
    found = signed_in.page()
    assert not found.documents
    assert signed_in.cursors == before
    assert carelink.refreshed == 0
    assert signed_in.source().look() == []


def test_a_guardians_refusal_renews_nothing_while_nothing_is_uploaded(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    signed_in.page()
    carelink.answer = Reply(status=204, raw="")
    carelink.script("/gc/patients/", Reply({"error": "forbidden"}, 403))
    assert not signed_in.page().documents
    assert carelink.refreshed == 0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (too_often("60"), RateLimited),
        (too_often("Sat, 21 Nov 2026 10:05:00 GMT"), RateLimited),
        (too_often(), RateLimited),
        (page(430), RateLimited),
        (Reply({"error": "odd"}, 400), SchemaChanged),
        (Reply({"surprise": 1}), SchemaChanged),
        (Reply({"patientData": {"surprise": 1}}), SchemaChanged),
        (Reply({"patientData": [1]}), SchemaChanged),
        (Reply([1]), SchemaChanged),
        (Reply("text"), SchemaChanged),
    ],
)
def test_each_refusal_of_data_is_understood_and_not_repeated(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, reply: Reply, kind: type[UploaderFailure]
) -> None:
    signed_in.page()
    before = carelink.count(DISPLAY)
    carelink.script(DISPLAY, *[reply] * 5)
    with pytest.raises(UploaderFailure) as failure:
        signed_in.page()
    assert type(failure.value) is kind
    assert carelink.count(DISPLAY) == before + 1


@pytest.mark.parametrize("reply", [page(500), page(503), page(403), page(200), cut_off({"sgs": []}), late({}, 3)])
def test_a_read_that_fails_in_passing_is_tried_again(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, reply: Reply
) -> None:
    signed_in.page()
    carelink.script(DISPLAY, reply)
    assert signed_in.page().documents["entries"]


@pytest.mark.parametrize("reply", [page(500), page(503), page(403), cut_off({"sgs": []}), late({}, 3)])
def test_a_read_that_goes_on_failing_is_passing_trouble(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator, reply: Reply
) -> None:
    signed_in.page()
    carelink.script(DISPLAY, *[reply] * 3)
    with pytest.raises(Transient):
        signed_in.page()


def test_a_redirect_to_a_sign_in_page_is_an_ended_session(
    signed_in: CareLinkAccount, carelink: CareLinkEmulator
) -> None:
    signed_in.page()
    carelink.script(DISPLAY, Reply(status=302, headers={"Location": "/login"}, raw=""))
    assert signed_in.page().documents["entries"]
    assert carelink.refreshed == 1


def test_looking_brings_the_readings_in_order(signed_in: CareLinkAccount) -> None:
    assert [entry["sgv"] for entry in signed_in.source().look()] == [110, 120]


def test_no_password_token_or_name_is_in_a_log(
    account: CareLinkAccount, carelink: CareLinkEmulator, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carelink.password, carelink.username = "marker-password", "marker-user"
    carelink.people = [("marker-child", "marker-name", "")]
    account.sign_in()
    carelink.measured(110)
    account.page()
    clock.advance(minutes=45)
    carelink.script(DISPLAY, page(503))
    account.page()
    carelink.sign_in_elsewhere()
    with pytest.raises(ActionRequired):
        account.page()
    ours = "\n".join(record.getMessage() + repr(record.__dict__) for record in caplog.records if record.name != "httpx")
    for secret in ("marker", "access-", "refresh-", "code-"):
        assert secret not in ours
