"""Which store a URI names, and what is told when it cannot be had."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.errors import BadSetting, Unavailable
from app.store import open_store
from tests.clocks import SettableClock


@pytest.mark.parametrize(
    "uri",
    [
        *("", "nightlight.db", "sqlite://", "sqlite:///", "sqlite:nightlight.db", "sqlite://host/x.db"),
        *(
            "postgresql://localhost/x",
            "mongodb://",
            "mongodb://host:port",
            "mongodb://a:b:c@host/x",
            "mongodb+srv://host:1/x",
        ),
        *("http://localhost", "MONGODB"),
    ],
)
def test_a_uri_that_names_no_store_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSetting, match="STORE_URI"):
        open_store(uri)
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_bad_uri_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as refused:
        open_store("mongodb://user:pass/word@host/x")
    assert "word" not in refused.value.message.replace("password", "") + refused.value.hint.replace("password", "")


def test_a_relative_path_is_relative_to_where_one_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///data/nightlight.db", clock=SettableClock()).close()
    assert (tmp_path / "data" / "nightlight.db").exists()


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/odd name?x=1#y%20.db", clock=SettableClock()).close()
    assert (tmp_path / "odd name?x=1#y%20.db").exists()


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but not listened to
        port = nobody.getsockname()[1]
        uri = f"mongodb://user:secret@127.0.0.1:{port}/x?serverSelectionTimeoutMS=40&connectTimeoutMS=40"
        store = open_store(uri, clock=SettableClock())
        things = store.collection("things")
        for ask in (
            lambda: list(things.find()),
            lambda: list(things.find_json()),
            things.count_documents,
            lambda: things.insert_one({"a": 1}),
            lambda: things.update_many({}, {"$set": {"a": 1}}),
            lambda: things.delete_many({}),
            lambda: things.find_one_and_update({}, {"$set": {"a": 1}}),
            store.last_seq,
            lambda: store.changes_since(0),
            store.stats,
            lambda: store.take_lease("x", "y", ttl_ms=1000),
            lambda: store.listen(lambda changes: None),
        ):
            with pytest.raises(Unavailable) as told:
                ask()
            assert "secret" not in told.value.message + told.value.hint
        health = store.health()
        assert (health.ok, health.writable) == (False, False)
        assert "secret" not in health.detail
        store.close()


def test_a_mongodb_is_not_copied_from_here(mongo_store: object) -> None:
    with pytest.raises(Unavailable, match="copied"):
        mongo_store.backup("/nowhere")  # type: ignore[attr-defined]
