"""What a notice is known by, and that the store gives back what it was given."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from app.alarms.notice import Loudness, Notice, Side, document_of, notice_in
from app.glucose.levels import Level

notices = st.builds(
    Notice,
    level=st.sampled_from(Level),
    plugin=st.sampled_from(["ar2", "pump"]),
    title=st.text(max_size=20),
    message=st.text(max_size=20),
    group=st.sampled_from(["default", "Time Ago"]),
    event_name=st.text(max_size=5),
    sound=st.text(max_size=5),
    is_announcement=st.booleans(),
    notifyhash=st.text(max_size=5),
    side=st.none() | st.sampled_from(Side),
    loudness=st.sampled_from(Loudness),
    repeat_ms=st.none() | st.integers(0, 10**9),
    debug=st.dictionaries(st.sampled_from("ab"), st.integers(0, 9)),
)


def test_an_alarm_is_known_by_its_rule_and_level() -> None:
    assert Notice(Level.URGENT, "simplealarms", "t", "m").key == "simplealarms_2"
    assert Notice(Level.WARN, "ar2", "t", "m").key == "ar2_1"


def test_what_informs_is_known_by_its_hash_or_its_words() -> None:
    words = hashlib.sha1('{"title":"t","message":"größer"}'.encode()).hexdigest()
    assert Notice(Level.INFO, "cage", "t", "größer").key == words
    assert Notice(Level.URGENT, "x", "t", "größer", is_announcement=True).key == words
    assert Notice(Level.INFO, "x", "t", "m", notifyhash="abc").key == "abc"


@given(notices)
def test_the_store_gives_back_what_it_was_given(notice: Notice) -> None:
    assert notice_in(document_of(notice)) == notice


@given(notices, notices)
def test_the_higher_level_is_the_louder_one(one: Notice, other: Notice) -> None:
    if one.level > other.level:
        assert one.rank > other.rank


@given(notices)
def test_an_alarm_warns_and_is_no_announcement(notice: Notice) -> None:
    assert notice.is_alarm is (notice.level >= Level.WARN and not notice.is_announcement)
    assert not notice.is_urgent_low or (notice.level is Level.URGENT and notice.side is Side.LOW)
