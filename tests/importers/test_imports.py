"""An import from the file to the records and back: nothing before somebody has seen it, nothing twice, all undone."""

from __future__ import annotations

from datetime import UTC
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from app.actor import NOBODY
from app.errors import Conflict
from app.glucose.wall_clock import WallClock, ZoneSince
from app.house import House
from app.importers.working import Work
from app.records.entries import Entries
from app.records.treatments import Treatments
from tests.clocks import START_MS, SettableClock
from tests.importers.conftest import BERLIN, Bringing, Diary, minutes_ago

FILE = "diary\n120;60\n125;55\nb1.5;50\nnonsense\n"


def test_looking_writes_nothing_and_tells_what_it_would_bring(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look(FILE, "my diary.txt")
    assert (one.stage, one.format, one.why, one.file_name) == ("ready", "diary", "it says so", "my diary.txt")
    assert one.survey.facts == (("Unit", "mg/dL"),)
    assert one.preview is not None
    assert one.preview.kinds == [("glucose", 2, 0), ("boluses", 1, 0)]
    assert [(each.place, each.why) for each in one.preview.rejections] == [("row 5", "it has no time")]
    assert one.preview.notes == ["The diary ends here."]
    assert bringing.entries() == bringing.treatments() == []


def test_what_was_confirmed_is_in_the_records(bringing: Bringing, diary: Diary) -> None:
    one = bringing.bring(FILE)
    assert one.stage == "done"
    assert one.result is not None
    assert one.preview is not None
    assert one.result.kinds == one.preview.kinds
    assert [entry["sgv"] for entry in bringing.entries()] == [120, 125]
    assert [treatment["insulin"] for treatment in bringing.treatments()] == [1.5]
    assert all(entry["nl_import"] == one.id for entry in bringing.entries())


def test_the_same_file_twice_adds_nothing(bringing: Bringing, diary: Diary) -> None:
    first = bringing.bring(FILE)
    before = bringing.entries(), bringing.treatments()
    again = bringing.look(FILE)
    assert again.preview is not None
    assert again.preview.kinds == [("glucose", 0, 2), ("boluses", 0, 1)]
    assert [one.id for one in bringing.imports.earlier(again)] == [first.id]
    bringing.confirm(again)
    assert (bringing.entries(), bringing.treatments()) == before


def test_overlapping_files_end_as_the_whole(bringing: Bringing, diary: Diary) -> None:
    bringing.bring("diary\n125;55\n130;50\n")
    bringing.bring("diary\n120;60\n125;55\n")
    assert [entry["sgv"] for entry in bringing.entries()] == [120, 125, 130]


def test_a_record_that_comes_twice_in_a_file_is_one(bringing: Bringing, diary: Diary) -> None:
    one = bringing.bring("diary\n120;60\n120;60\n")
    assert one.result is not None
    assert one.result.kinds == [("glucose", 1, 1)]


def test_what_the_phone_uploaded_stays_as_it_is(bringing: Bringing, diary: Diary) -> None:
    house = bringing.house
    at = {"date": START_MS - 60 * 60_000, "dateString": minutes_ago(60)}
    phone = {"type": "sgv", "sgv": 121, "device": "xDrip", "direction": "Flat", **at}
    Entries(house.store, house.clock, NOBODY).save([phone])
    loop = {"eventType": "Correction Bolus", "created_at": minutes_ago(50), "insulin": 1.5, "enteredBy": "loop"}
    Treatments(house.store, house.clock, NOBODY).save([loop])
    before = bringing.entries()[0], bringing.treatments()
    one = bringing.bring(FILE)
    assert one.result is not None
    assert one.result.kinds == [("glucose", 1, 1), ("boluses", 0, 1)]
    assert (bringing.entries()[0], bringing.treatments()) == before


def test_undoing_takes_back_everything_and_nothing_else(bringing: Bringing, diary: Diary) -> None:
    bringing.bring("diary\n110;90\n")
    second = bringing.bring(FILE)
    undone = bringing.undo(second)
    assert (undone.stage, undone.undone, undone.left) == ("undone", 3, 0)
    assert [entry["sgv"] for entry in bringing.entries()] == [110]
    assert bringing.treatments() == []


def test_undoing_leaves_what_somebody_changed_since(bringing: Bringing, diary: Diary, clock: SettableClock) -> None:
    one = bringing.bring(FILE)
    clock.advance(minutes=1)
    (bolus,) = bringing.treatments()
    Treatments(bringing.house.store, clock, NOBODY).save([bolus | {"notes": "it was a snack"}])
    undone = bringing.undo(one)
    assert (undone.undone, undone.left) == (2, 1)
    assert [treatment["notes"] for treatment in bringing.treatments()] == ["it was a snack"]


def test_what_was_undone_can_be_imported_again(bringing: Bringing, diary: Diary) -> None:
    bringing.undo(bringing.bring(FILE))
    again = bringing.bring(FILE)
    assert again.result is not None
    assert again.result.kinds == [("glucose", 2, 0), ("boluses", 1, 0)]
    assert len(bringing.entries()) == 2


def test_a_question_the_file_does_not_answer_is_asked_first(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look("diary?\n120;60\n")
    assert (one.stage, [question.name for question in one.open_questions]) == ("asks", ["child"])
    with pytest.raises(Conflict):
        bringing.imports.confirm(one.id)
    answered = bringing.answer(one, {"child": "ada"})
    assert (answered.stage, answered.open_questions) == ("ready", ())
    assert bringing.confirm(answered).stage == "done"


def test_kinds_can_be_left_out(bringing: Bringing, diary: Diary) -> None:
    one = bringing.answer(bringing.look(FILE), unwanted=["boluses"])
    assert one.preview is not None
    assert one.preview.kinds == [("glucose", 2, 0)]
    bringing.confirm(one)
    assert bringing.treatments() == []


def test_a_file_of_no_known_format_is_said_and_not_touched(bringing: Bringing) -> None:
    one = bringing.look(b"\x00\x01\x02 nothing we know")
    assert (one.stage, one.trouble) == ("unreadable", "No format we know")
    bringing.imports.discard(one.id)
    assert bringing.imports.all() == []


def test_a_format_that_breaks_ends_the_file_and_keeps_what_came_before(bringing: Bringing, diary: Diary) -> None:
    diary.breaks_after = 4
    one = bringing.bring(FILE)
    assert one.result is not None
    assert one.result.kinds == [("glucose", 2, 0)]
    assert one.result.notes == ["The file ends early: Something in it is not as it should be."]


def test_an_import_that_was_interrupted_goes_on_without_doubles(bringing: Bringing, diary: Diary) -> None:
    whole = "diary\n" + "".join(f"{100 + place % 50};{5 * place}\n" for place in range(1, 2501))
    one = bringing.look(whole)
    house = bringing.house
    batches = iter((True, False))
    stopping = Work(house.store, house.clock, NOBODY, lambda: BERLIN, go_on=lambda: next(batches))
    bringing.imports.confirm(one.id)
    stopping.carry_out(one.id)
    assert bringing.imports.find(one.id).stage == "importing"
    assert 0 < len(bringing.entries()) < 2500
    done = bringing.do(one.id)
    assert done.stage == "done"
    assert done.result is not None
    assert done.result.kinds == [("glucose", 2500, 0)]
    assert len(bringing.entries()) == 2500


def test_one_import_is_worked_on_by_one_process_at_a_time(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look(FILE)
    bringing.imports.confirm(one.id)
    assert bringing.house.store.take_lease(f"import:{one.id}", "another", ttl_ms=60_000) is not None
    assert not bringing.work.carry_out(one.id)
    assert bringing.imports.find(one.id).stage == "importing"


def zipped(*contents: tuple[str, bytes]) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_file_somebody_packed_by_itself_is_unpacked(bringing: Bringing, diary: Diary) -> None:
    one = bringing.bring(zipped(("folder/diary.csv", FILE.encode())), "diary.zip")
    assert (one.stage, one.format) == ("done", "diary")
    assert len(bringing.entries()) == 2


def test_a_zip_of_several_files_we_do_not_know_stays_packed(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look(zipped(("a.csv", FILE.encode()), ("b.csv", FILE.encode())))
    assert (one.stage, one.trouble) == ("unreadable", "No format we know")


def test_a_bomb_is_no_file(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look(zipped(("diary.csv", b"diary\n" + b"0" * (80 << 20))))
    assert (one.stage, one.trouble) == ("unreadable", "The file cannot be unpacked")


def test_a_zip_that_is_cut_off_is_said(bringing: Bringing, diary: Diary) -> None:
    whole = zipped(("diary.csv", FILE.encode()))
    assert bringing.look(whole[: len(whole) // 2]).stage == "unreadable"


def test_the_file_is_gone_when_it_is_imported(bringing: Bringing, diary: Diary) -> None:
    files = bringing.house.store.collection("nl_import_files")
    one = bringing.look(FILE)
    assert files.count_documents() == 1
    bringing.confirm(one)
    assert files.count_documents() == 0


def test_a_file_that_vanished_is_said(bringing: Bringing, diary: Diary) -> None:
    one = bringing.look(FILE)
    bringing.house.store.collection("nl_import_files").delete_many({})
    done = bringing.confirm(one)
    assert (done.stage, done.trouble) == ("done", "The file is no longer here")
    assert done.result is None
    assert bringing.entries() == []


def test_a_zone_nobody_has_entered_is_asked_for_and_never_guessed(
    house: House, bringing: Bringing, diary: Diary
) -> None:
    diary.writes_local_time = True
    one = bringing.look(FILE)
    assert (one.stage, [question.name for question in one.survey.questions]) == ("ready", ["zone"])
    unknown = Work(house.store, house.clock, NOBODY, lambda: WallClock([ZoneSince(0, UTC)], is_known=False))
    bringing.imports.answer(one.id, {})
    unknown.carry_out(one.id)
    asked = bringing.imports.find(one.id)
    assert (asked.stage, [question.name for question in asked.open_questions]) == ("asks", ["zone"])
    bringing.imports.answer(one.id, {"zone": "Europe/Berlin"})
    unknown.carry_out(one.id)
    assert bringing.imports.find(one.id).stage == "ready"
