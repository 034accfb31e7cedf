from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.actor import system_actor
from app.config import Settings, load_settings
from app.identity.minting import sha1_of
from app.identity.subjects import Subject, Subjects
from app.store import ObjectId, open_store
from app.store.interface import Store
from tests.clocks import SettableClock
from tests.conftest import API_SECRET

ADMIN = system_actor("admin")


@pytest.fixture
def subjects(settings: Settings, store: Store, clock: SettableClock) -> Subjects:
    return Subjects(settings, store, clock)


@pytest.fixture
def other_process(settings: Settings, tmp_path: Path, clock: SettableClock) -> Iterator[Subjects]:
    opened = open_store(f"sqlite:///{tmp_path}/nightlight.db", clock=clock)
    yield Subjects(settings, opened, clock)
    opened.close()


def make(subjects: Subjects, name: str = "Test Reader!", roles: object = ("readable",)) -> str:
    kept = roles if not isinstance(roles, tuple) else list(roles)
    subjects.documents.create({"name": name, "roles": kept, "notes": "n"}, ADMIN)
    return token_of(subjects, name)


def token_of(subjects: Subjects, name: str) -> str:
    return str(next(subject["accessToken"] for subject in subjects.in_order() if subject["name"] == name))


def test_a_token_is_derived_as_nightscout_does(subjects: Subjects) -> None:
    subject = subjects.documents.create({"name": "Test Reader!", "roles": ["readable"]}, ADMIN)
    secret = hashlib.sha1(API_SECRET.encode()).hexdigest()
    assert secret == "b723e97aa97846eb92d5264f084b2823f57c4aa1"
    digest = hashlib.sha1((secret + str(subject["_id"])).encode()).hexdigest()
    assert token_of(subjects, "Test Reader!") == f"testreader-{digest[:16]}"


@pytest.mark.parametrize(
    ("name", "abbreviation"),
    [("Loop", "loop"), ("My xDrip+ Phone 2", "myxdripphon"[:10]), ("a_b-c", "a_bc"), ("Ärger", "rger"), ("!!!", "")],
)
def test_the_name_in_front_is_ten_plain_letters(subjects: Subjects, name: str, abbreviation: str) -> None:
    assert make(subjects, name).rpartition("-")[0] == abbreviation


def test_a_token_is_valid_at_once(subjects: Subjects) -> None:
    assert subjects.with_token("x-0123456789abcdef") is None
    found = subjects.with_token(make(subjects))
    assert found
    assert (found.name, found.roles) == ("Test Reader!", ("readable",))


def test_a_token_made_by_another_process_is_valid_at_once(subjects: Subjects, other_process: Subjects) -> None:
    assert subjects.in_order() == []
    assert subjects.with_token(make(other_process))


def test_a_token_is_recognised_by_its_digits_whatever_name_stands_in_front(subjects: Subjects) -> None:
    digits = make(subjects).rpartition("-")[2]
    assert subjects.with_token(f"renamed-{digits}")
    assert subjects.with_token(digits)
    assert subjects.with_token(f"token=testreader-{digits}")


def test_more_digits_are_fine_fewer_are_not(subjects: Subjects) -> None:
    make(subjects)
    subject_id = str(subjects.in_order()[0]["_id"])
    digest = sha1_of(sha1_of(API_SECRET) + subject_id)
    assert subjects.with_token(f"x-{digest}")
    assert subjects.with_token(f"x-{digest[:15]}") is None
    assert subjects.with_token(f"x-{digest[:15]}g") is None
    assert subjects.with_token(f"x-{digest}0") is None


def test_a_token_hashed_by_the_app_is_recognised(subjects: Subjects) -> None:
    token = make(subjects)
    assert subjects.with_token(sha1_of(token))
    assert subjects.with_token(sha1_of(token)[:16])
    assert subjects.with_token(sha1_of(token)[:15]) is None
    assert subjects.with_token(sha1_of(token + "x")) is None


@pytest.mark.parametrize("presented", ["", "-", "testreader-", "\ud800" * 20, "x" * 10_000])
def test_nonsense_is_nobodys_token(subjects: Subjects, presented: str) -> None:
    make(subjects)
    assert subjects.with_token(presented) is None


def test_of_several_subjects_the_right_one_is_found(subjects: Subjects) -> None:
    tokens = {name: make(subjects, name) for name in ("Loop", "xDrip", "School")}
    for name, token in tokens.items():
        found = subjects.with_token(token)
        assert found
        assert found.name == name


def test_a_deleted_subjects_token_ends(subjects: Subjects) -> None:
    token = make(subjects)
    subjects.documents.delete(str(subjects.in_order()[0]["_id"]), ADMIN)
    assert subjects.with_token(token) is None


def test_the_list_shows_four_members_sorted_by_name(subjects: Subjects) -> None:
    for name in ("zoe", "anna", "Mia"):
        make(subjects, name)
    listed = subjects.in_order()
    assert [subject["name"] for subject in listed] == ["Mia", "anna", "zoe"]
    assert {tuple(subject) for subject in listed} == {("_id", "name", "accessToken", "roles")}


def test_a_new_subject_comes_back_whole_but_without_its_token(subjects: Subjects) -> None:
    kept = subjects.documents.create({"name": "Loop", "roles": ["readable"], "notes": "n"}, ADMIN)
    assert set(kept) == {"_id", "name", "roles", "notes", "created_at"}
    assert isinstance(kept["_id"], ObjectId)


@pytest.mark.parametrize(("roles", "names"), [(None, ()), ("readable", ("readable",)), (["a", 1], ("a",))])
def test_roles_may_be_missing_or_a_plain_string(subjects: Subjects, roles: object, names: tuple[str, ...]) -> None:
    found = subjects.with_token(make(subjects, roles=roles))
    assert found
    assert found.roles == names


def test_without_an_api_secret_there_are_no_access_tokens(store: Store, clock: SettableClock) -> None:
    subjects = Subjects(load_settings({}), store, clock)
    assert make(subjects) == ""
    for presented in ("", "-", sha1_of(""), sha1_of("x")):
        assert subjects.with_token(presented) is None


def test_documents_of_an_existing_site_are_read_from_its_own_collections(store: Store, clock: SettableClock) -> None:
    settings = load_settings({"API_SECRET": API_SECRET, "MONGO_AUTHENTICATION_COLLECTIONS_PREFIX": "old_"})
    store.collection("old_subjects").insert_one({"name": None, "roles": None})
    subjects = Subjects(settings, store, clock)
    assert subjects.with_token(str(subjects.in_order()[0]["accessToken"]))


@given(st.text(min_size=16, max_size=60))
def test_no_other_text_is_taken_for_a_token(presented: str) -> None:
    token = "loop-0123456789abcdef"
    subject = Subject("1", "Loop", (), token, "0123456789abcdef" + "f" * 24, sha1_of(token))
    digits = presented.rpartition("-")[2]
    expected = len(digits) >= 16 and (subject.digest.startswith(digits) or subject.token_digest.startswith(presented))
    assert subject.is_meant_by(presented) is expected
