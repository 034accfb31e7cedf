"""Files in the browser: dropped, looked at, imported and taken back."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.actor import system_actor
from app.glucose.wall_clock import WallClock
from app.importers.imports import Import, Imports
from app.importers.working import Work
from app.records.entries import Entries
from app.store.indexes import create_all
from tests.importers.conftest import Diary, diary
from tests.web.conftest import DESKTOP, PHONE, PageAt, Problems, Serve
from tests.web.household import Household, Visitor, household_at, make_hashes_cheap, words_in

__all__ = ["diary"]

FILE = "diary\n120;60\n125;55\nb1.5;50\nnonsense\n"
MANY = "diary\n" + "".join(f"{100 + place % 80};{5 * place}\n" for place in range(1, 1201))


def bring(visitor: Visitor, content: bytes | str = FILE, name: str = "diary.txt") -> httpx.Response:
    visitor.get("/imports")
    raw = content.encode() if isinstance(content, str) else content
    return visitor.post("/imports", files={"file": (name, raw)})


def work(household: Household) -> None:
    """Do what the process that works would do."""
    house = household.site.house
    create_all(house.store)
    at_work = Work(
        house.store, house.clock, system_actor("importer"), lambda: WallClock.in_zone(ZoneInfo("Europe/Berlin"))
    )
    for import_id in at_work.waiting():
        at_work.carry_out(import_id)


def only_one(household: Household) -> Import:
    house = household.site.house
    (one,) = Imports(house.store, house.clock, system_actor("test")).all()
    return one


def entries(household: Household) -> int:
    house = household.site.house
    return Entries(house.store, house.clock, system_actor("test")).count()


def test_a_file_is_looked_at_before_anything_is_written(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    assert "Waiting to be looked at …" in words_in(mum.get(path))
    work(household)
    page = words_in(mum.get(path))
    assert "3 new records would be imported. Nothing is written yet." in page
    assert "Format Diary it says so" in page
    assert "Unit mg/dL" in page
    assert "Glucose 2 0" in page
    assert "Boluses 1 0" in page
    assert "1 records cannot be used" in page
    assert "row 5: it has no time" in page
    assert entries(household) == 0


def test_a_confirmed_file_is_imported_told_and_taken_back(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    work(household)
    mum.get(path)
    assert mum.post(f"{path}/confirm").headers["Location"] == path
    work(household)
    assert entries(household) == 2
    assert household.told()[-1] == "file imported"
    assert "3 new records are imported." in words_in(mum.get(path))
    assert mum.post(f"{path}/undo").headers["Location"] == path
    work(household)
    assert entries(household) == 0
    assert household.told()[-1] == "import undone"
    assert "Taken back: 3 records." in words_in(mum.get(path))


def test_an_import_that_ended_early_claims_nothing_and_can_be_taken_back(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    work(household)
    household.family.store.collection("nl_import_files").delete_many({})
    mum.get(path)
    mum.post(f"{path}/confirm")
    work(household)
    page = words_in(mum.get(path))
    assert "The import ended early: The file is no longer here." in page
    assert "records are imported" not in page
    assert "Ended early" in words_in(mum.get("/imports"))
    mum.get(path)
    assert mum.post(f"{path}/undo").status_code == 303
    work(household)
    assert only_one(household).stage == "undone"


def test_taking_back_wants_a_fresh_code(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    work(household)
    mum.get(path)
    mum.post(f"{path}/confirm")
    work(household)
    household.family.clock.advance(minutes=10)
    mum.get(path)
    assert mum.post(f"{path}/undo").headers["Location"].startswith("/confirm")
    assert only_one(household).stage == "done"
    mum.get(path)
    assert mum.post(f"{path}/undo", {"code": household.next_code()}).headers["Location"] == path
    assert only_one(household).stage == "undoing"


def test_a_question_is_answered_on_the_page(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum, "diary?\n120;60\n").headers["Location"]
    work(household)
    page = mum.get(path)
    assert "The file leaves something open." in words_in(page)
    assert "Which child?" in words_in(page)
    mum.post(f"{path}/answers", {"answer_child": "ada"})
    work(household)
    assert "1 new records would be imported" in words_in(mum.get(path))


def test_an_act_that_no_longer_fits_is_refused_with_words(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    mum.get(path)
    answer = mum.post(f"{path}/confirm")
    assert answer.status_code == 409
    assert "The import is received by now." in words_in(answer)


def test_no_file_an_empty_file_and_one_we_do_not_know_are_said(household: Household) -> None:
    mum = household.mum()
    mum.get("/imports")
    assert "No file was chosen." in words_in(mum.post("/imports", files={"file": ("", b"")}))
    assert "The file is empty." in words_in(bring(mum, b""))
    path = bring(mum, b"\x00\x01garbage").headers["Location"]
    work(household)
    page = words_in(mum.get(path))
    assert "No format we know." in page
    mum.post(f"{path}/discard")
    assert "The file is dropped. Nothing of it was kept." in words_in(mum.get("/imports"))


def test_a_file_above_the_limit_is_refused_and_not_kept(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_cheap(monkeypatch)
    household = household_at(serve, IMPORT_MAX_MB="1")
    household.set_up()
    mum = household.mum()
    answer = bring(mum, b"x" * (1 << 20) + b"x")
    assert answer.status_code == 413
    assert "The file is larger than 1 MB." in words_in(answer)
    assert household.family.store.collection("nl_import_files").count_documents() == 0
    household.close()


def test_a_stranger_can_send_no_large_file(household: Household) -> None:
    stranger = household.visitor()
    stranger.get("/sign-in")
    answer = stranger.post("/imports", files={"file": ("big", b"x" * (24 << 20))})
    assert answer.status_code in (302, 303, 400, 401, 413)
    assert household.family.store.collection("nl_imports").count_documents() == 0


def test_the_waiting_script_gets_that_part_alone(household: Household, diary: Diary) -> None:
    mum = household.mum()
    path = bring(mum).headers["Location"]
    answer = mum.get(path, headers={"X-In-Place": "1"})
    assert answer.headers["X-In-Place"] == "1"
    assert "<html" not in answer.text


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_in_a_browser_the_page_waits_by_itself(
    household: Household, diary: Diary, page_at: PageAt, size: tuple[int, int], tmp_path: Path
) -> None:
    page: Page = household.mum_at(page_at(size, "dark"))
    page.goto(f"{household.site.url}/imports")
    file = tmp_path / "A very long name of a file, as portals give them, 2026-01-01 to 2026-03-31.csv"
    file.write_text(MANY)
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Waiting to be looked at …")).to_be_visible()
    work(household)
    expect(page.get_by_text("1,200 new records would be imported.")).to_be_visible()
    page.get_by_role("button", name="Import 1,200 records").click()
    expect(page.get_by_text("Importing …")).to_be_visible()
    work(household)
    expect(page.get_by_text("1,200 new records are imported.")).to_be_visible()
    assert entries(household) == 1200


@pytest.mark.browser
def test_a_refused_file_is_explained_without_leaving_the_page(
    household: Household, page_at: PageAt, tmp_path: Path, problems: Problems
) -> None:
    problems.expect("422")
    page = household.mum_at(page_at(PHONE, "light"))
    page.goto(f"{household.site.url}/imports")
    file = tmp_path / "empty.csv"
    file.write_text("")
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("The file is empty.")).to_be_visible()
    expect(page.get_by_role("button", name="Look at it")).to_be_enabled()
