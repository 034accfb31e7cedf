"""Diasend's workbooks: old and new, in every form of dates, unit and language the same records."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise, product

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.glucose.units import mmoll_of
from app.importers.diasend.format import DiasendXls
from app.importers.format import Unreadable
from app.importers.formats import recognised
from app.importers.going_through import surveyed
from app.records.sources.documents import ms_of
from app.store.interface import Document
from tests.importers.biff import Cell, workbook
from tests.importers.conftest import Bringing, MakeFile, Reading, read_with

FORMAT = DiasendXls()
Sheets = Mapping[str, Sequence[Sequence[Cell]]]

ENGLISH = {
    "meter": "Name and glucose",
    "cgm": "CGM",
    "doses": "Insulin use and carbs",
    "settings": "Insulin pump settings",
    "alarms": "Alarms and events",
    "time": "Time",
    "columns": (
        *("Basal Amount (U/h)", "Bolus Type", "Bolus Volume (U)", "Immediate Volume (U)", "Extended Volume (U)"),
        *("Duration (min)", "Carbs(g)", "Notes"),
    ),
}
GERMAN = {
    "meter": "Name und Glukose",
    "cgm": "CGM",
    "doses": "Insulin und KH",
    "settings": "Pumpeneinstellungen",
    "alarms": "Alarme und Ereignisse",
    "time": "Zeit",
    "columns": (
        *("Basalmenge (E/h)", "Bolustyp", "Bolusvolumen (E)", "Sofortmenge (E)", "Verzögerte Menge (E)"),
        *("Dauer (min)", "Kohlenhydrate(g)", "Notizen"),
    ),
}
UNKNOWN = {
    "meter": "Имя",
    "cgm": "CGM",
    "doses": "Инсулин",
    "settings": "Настройки",
    "alarms": "Alarm",
    "time": "Время",
    "columns": ("А (Е/ч, U/h)", "Б", "В", "Г", "Д", "Е", "Ж", "З"),
}
FORMS: Mapping[str, str | None] = {
    "dmy": "%d/%m/%Y %H:%M",
    "mdy": "%m/%d/%Y %H:%M",
    "ymd": "%Y-%m-%d %H:%M",
    "dates": None,
}


def on(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> int:
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


class Writing:
    """Writes sheets in one form of dates, unit, way of numbers and language."""

    def __init__(
        self,
        form: str = "dmy",
        *,
        mmol: bool = False,
        as_text: str = "",
        language: Mapping[str, str | tuple[str, ...]] = ENGLISH,
    ) -> None:
        self.form = FORMS[form]
        self.mmol = mmol
        self.as_text = as_text
        self.language = language

    def at(self, moment: datetime) -> Cell:
        return moment if self.form is None else moment.strftime(self.form)

    def number(self, value: float | None) -> Cell:
        if value is None:
            return None
        return f"{value:g}".replace(".", self.as_text) if self.as_text else float(value)

    def glucose(self, mgdl: int) -> Cell:
        return self.number(mmoll_of(mgdl) if self.mmol else mgdl)

    @property
    def unit(self) -> str:
        return "mmol/L" if self.mmol else "mg/dL"

    def name(self, key: str) -> str:
        return str(self.language[key])

    def readings(self, key: str, rows: Sequence[tuple[datetime, int]]) -> dict[str, list[list[Cell]]]:
        above: list[list[Cell]] = [["Name", "Ada Example"], ["Serial number", "SN-1"], []] if key == "meter" else []
        told = [[self.at(moment), self.glucose(mgdl)] for moment, mgdl in rows]
        return {self.name(key): [*above, [self.name("time"), self.unit], *told]}

    def doses(self, rows: Sequence[tuple[datetime, Mapping[str, float | str]]]) -> dict[str, list[list[Cell]]]:
        names = ("basal", "type", "volume", "now", "later", "duration", "carbs", "notes")
        made: list[list[Cell]] = [[self.name("time"), *self.language["columns"]]]
        for moment, values in rows:
            cells = [values.get(name) for name in names]
            made.append(
                [self.at(moment), *(self.number(one) if isinstance(one, int | float) else one for one in cells)]
            )
        return {self.name("doses"): made}

    def alarms(self, rows: Sequence[tuple[datetime, str]]) -> dict[str, list[list[Cell]]]:
        return {self.name("alarms"): [[self.name("time"), "..."], *[[self.at(at), words] for at, words in rows]]}


def day_of_a_child(writing: Writing | None = None) -> Sheets:
    """One of everything, in the middle of a month so that the order of dates is known."""
    w = writing or Writing()
    return {
        **w.readings("meter", [(on(14, 9), 117)]),
        **w.readings("cgm", [(on(14, 7, 5), 121), (on(14, 7, 10), 128), (on(14, 7, 15), 141)]),
        **w.doses(
            [
                (on(14, 0), {"basal": 0.8}),
                (on(14, 6), {"basal": 1.05}),
                (on(14, 7, 23), {"type": "Normal", "volume": 4.5, "carbs": 45}),
                (on(14, 10), {"type": "Normal", "volume": 0.55}),
                (on(14, 11), {"carbs": 15, "notes": "apple"}),
                (
                    on(14, 12),
                    {"type": "Combo", "volume": 3.5, "now": 1.5, "later": 2.0, "duration": 120, "carbs": 30},
                ),
                (on(14, 13), {"notes": "school trip"}),
                (on(14, 14), {"basal": 0}),
                (on(14, 14, 30), {"basal": 1.05}),
                (on(14, 16), {"type": "Normal", "volume": 1}),
            ]
        ),
        w.name("settings"): [["Active basal program", 1.0], ["00:00", 0.8], ["06:00", 1.05]],
        **w.alarms([(on(14, 3), "Occlusion"), (on(14, 6), "Cartridge changed")]),
    }


def xlsx(sheets: Sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    made = BytesIO()
    book.save(made)
    return made.getvalue()


MAKERS = {"xls": workbook, "xlsx": xlsx}


def told(document: Document) -> tuple[object, ...]:
    names = ("eventType", "sgv", "mbg", "insulin", "enteredinsulin", "carbs", "absolute", "duration", "notes")
    at = document.get("date") or document.get("created_at")
    return (ms_of(at), *(document.get(name) for name in names), document.get("utcOffset"), document["identifier"])


def whole(reading: Reading) -> list[tuple[object, ...]]:
    return [told(document) for _, document in reading.documents]


@pytest.mark.parametrize("kind", MAKERS)
def test_what_a_day_becomes(file: MakeFile, kind: str) -> None:
    reading = read_with(FORMAT, file(MAKERS[kind](day_of_a_child())))
    entries = [(one["type"], one["date"], one.get("sgv") or one.get("mbg")) for one in reading.of("entries")]
    assert entries == [
        ("mbg", utc(14, 8), 117),
        ("sgv", utc(14, 6, 5), 121),
        ("sgv", utc(14, 6, 10), 128),
        ("sgv", utc(14, 6, 15), 141),
    ]
    names = ("created_at", "eventType", "insulin", "carbs", "absolute", "duration", "notes")
    acts = sorted((tuple(one.get(name) for name in names) for one in reading.of("treatments")), key=lambda one: one[:2])
    assert [act[1:] for act in acts] == [
        ("Temp Basal", None, None, 0.8, 360, None),
        ("Note", None, None, None, None, "Pump alarm: Occlusion"),
        ("Insulin Change", None, None, None, None, None),
        ("Temp Basal", None, None, 1.05, 480, None),
        ("Meal Bolus", 4.5, 45, None, None, None),
        ("BG Check", None, None, None, None, None),
        ("Correction Bolus", 0.55, None, None, None, None),
        ("Carb Correction", None, 15, None, None, "apple"),
        ("Combo Bolus", 1.5, 30, None, 120, None),
        ("Note", None, None, None, None, "school trip"),
        ("Temp Basal", None, None, 0, 30, None),
        ("Temp Basal", None, None, 1.05, 90, None),
        ("Correction Bolus", 1, None, None, None, None),
    ]
    assert reading.rejected == []
    assert reading.said == ["Not imported: Insulin pump settings."]


MATRIX = list(product(MAKERS, FORMS, (False, True), ("", ".", ",")))


@pytest.mark.parametrize("language", [ENGLISH, GERMAN, UNKNOWN], ids=["english", "german", "unknown"])
@pytest.mark.parametrize(("kind", "form", "mmol", "as_text"), MATRIX)
def test_every_spelling_says_the_same(
    file: MakeFile,
    kind: str,
    form: str,
    mmol: bool,
    as_text: str,
    language: Mapping[str, str | tuple[str, ...]],
) -> None:
    made = MAKERS[kind](day_of_a_child(Writing(form, mmol=mmol, as_text=as_text, language=language)))
    found = read_with(FORMAT, file(made))
    assert found.rejected == []
    assert whole(found) == whole(read_with(FORMAT, file(workbook(day_of_a_child()))))


def test_insulin_and_carbs_keep_their_sums(file: MakeFile) -> None:
    treatments = read_with(FORMAT, file(workbook(day_of_a_child()))).of("treatments")
    assert sum(one.get("enteredinsulin", one.get("insulin", 0)) for one in treatments) == 4.5 + 0.55 + 3.5 + 1
    assert sum(one.get("carbs", 0) for one in treatments) == 90


@pytest.mark.parametrize("kind", MAKERS)
def test_it_sees_its_own_and_no_other(file: MakeFile, kind: str) -> None:
    made = MAKERS[kind](day_of_a_child())
    assert FORMAT.recognises(file(made)) == (
        "it is a workbook with the sheets Name and glucose, CGM, Insulin use and carbs, Alarms and events"
    )
    assert recognised(file(made))[0].format.name == "diasend-xls"
    plain = MAKERS[kind]({"Shopping": [["Milk", 2.0], ["Bread", 1.0]], "Dates": [["When"], [on(14, 7), "x"]]})
    for other in (plain, b"", b"\x00\x01", b"PK\x03\x04", made[:600], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 900):
        assert FORMAT.recognises(file(other)) is None


def test_a_rate_holds_until_the_next_day_by_day_and_for_a_week_at_most(file: MakeFile) -> None:
    rows: list[tuple[datetime, Mapping[str, float | str]]] = [
        (on(1, 0), {"basal": 0.5}),
        (on(3, 12), {"basal": 0.6}),
        (on(20, 0), {"basal": 0.7}),
        (on(20, 6), {"volume": 1}),
    ]
    sheets = Writing().doses(rows)
    found = [
        (one["created_at"], one["absolute"], one["duration"])
        for one in read_with(FORMAT, file(workbook(sheets))).of("treatments")
        if one["eventType"] == "Temp Basal"
    ]
    assert [(rate, minutes) for _, rate, minutes in found] == [
        *[(0.5, 1440), (0.5, 1440), (0.5, 720)],
        *[(0.6, 1440)] * 7,
        (0.7, 360),
    ]
    assert len({at for at, _, _ in found}) == len(found)


@pytest.mark.parametrize("backward", [False, True])
def test_rows_may_come_newest_first(file: MakeFile, backward: bool) -> None:
    sheets = {name: list(rows) for name, rows in day_of_a_child().items()}
    if backward:
        for name, above in (("CGM", 1), ("Insulin use and carbs", 1), ("Alarms and events", 1)):
            sheets[name] = sheets[name][:above] + sheets[name][above:][::-1]
    assert sorted(whole(read_with(FORMAT, file(workbook(sheets)))), key=repr) == sorted(
        whole(read_with(FORMAT, file(workbook(day_of_a_child())))), key=repr
    )


def test_hours_that_come_twice_are_told_apart_by_the_order_of_rows(file: MakeFile) -> None:
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)
    steps = [begin + timedelta(minutes=5 * place) for place in range(60)]
    local = [
        (one + timedelta(hours=2 if one < begin + timedelta(hours=3) else 1)).replace(tzinfo=None) for one in steps
    ]
    for form in ("ymd", "dates"):
        sheets = Writing(form).readings("cgm", [(at, 100 + place) for place, at in enumerate(local)])
        reading = read_with(FORMAT, file(workbook(sheets)))
        times = [one["date"] for one in reading.of("entries")]
        assert all(later - earlier == 300_000 for earlier, later in pairwise(times))
        assert any("came twice" in text for text in reading.said)


def test_the_same_file_twice_in_either_form_adds_nothing(bringing: Bringing) -> None:
    first = bringing.bring(workbook(day_of_a_child()))
    assert first.result is not None
    count = first.result.new.total()
    assert count == len(bringing.entries()) + len(bringing.treatments()) == 17
    for again in (workbook(day_of_a_child()), xlsx(day_of_a_child(Writing("dates", mmol=True)))):
        one = bringing.bring(again)
        assert one.result is not None
        assert (one.result.new.total(), one.result.known.total()) == (0, count)
    bringing.undo(first)
    assert bringing.entries() == []
    assert bringing.treatments() == []


def test_two_equal_doses_of_one_minute_are_two(file: MakeFile) -> None:
    sheets = Writing().doses([(on(14, 7), {"volume": 0.5}), (on(14, 7), {"volume": 0.5})])
    treatments = read_with(FORMAT, file(workbook(sheets))).of("treatments")
    assert [one["insulin"] for one in treatments] == [0.5, 0.5]
    assert len({one["identifier"] for one in treatments}) == 2


def test_the_order_of_dates_and_the_unit_are_asked_only_where_nothing_tells(file: MakeFile) -> None:
    def proposed(sheets: Sheets) -> dict[str, str | None]:
        return {one.name: one.proposed for one in FORMAT.survey(file(workbook(sheets))).questions}

    early = [(on(3, 7, month=4), 120)]
    assert proposed(Writing().readings("cgm", early)) == {"unit": "mgdl", "date_order": None}
    assert proposed(Writing().readings("cgm", [*early, (on(14, 7, month=4), 120)])) == {
        "unit": "mgdl",
        "date_order": "dmy",
    }
    assert proposed(Writing("dates").readings("cgm", early)) == {"unit": "mgdl"}
    contradicted = Writing("dates", mmol=True)
    contradicted.mmol = True
    sheets = contradicted.readings("cgm", [(on(14, 7, minute), 18 * 120) for minute in range(12)])
    assert proposed(sheets)["unit"] is None
    assert read_with(FORMAT, file(workbook(sheets)), unit="mgdl").of("entries")[0]["sgv"] == 120


def test_rows_that_cannot_be_used_are_told_by_sheet_and_row_and_cost_no_other(file: MakeFile) -> None:
    w = Writing()
    sheets = {
        "CGM": [
            ["Time", "mg/dL"],
            [w.at(on(14, 7)), 128.0],
            [w.at(on(14, 8)), "abc"],
            ["yesterday", 120.0],
            [w.at(datetime(2031, 3, 14, 7)), 120.0],  # noqa: DTZ001
            [None, 120.0],
            [w.at(on(14, 9)), None],
            [w.at(on(14, 10)), "Low"],
        ],
        **w.doses([(on(14, 7), {"volume": "lots"}), (on(14, 8), {"volume": -1}), (on(14, 9), {"volume": 1})]),
    }
    reading = read_with(FORMAT, file(workbook(sheets)))
    assert [one["sgv"] for one in reading.of("entries")] == [128, 39]
    assert [one["insulin"] for one in reading.of("treatments")] == [1]
    assert [one.place for one in reading.rejected] == [
        *(f"CGM row {number}" for number in (3, 4, 5, 6)),
        *(f"Insulin use and carbs row {number}" for number in (2, 3)),
    ]


def test_formulas_are_not_computed_and_entities_not_expanded(file: MakeFile) -> None:
    sheets = {"CGM": [["Time", "mg/dL"], [on(14, 7), "=1+120"], [on(14, 8), 128.0]]}
    reading = read_with(FORMAT, file(xlsx(sheets)))
    assert [one["sgv"] for one in reading.of("entries")] == [128]
    honest = BytesIO(xlsx(sheets))
    bomb = BytesIO()
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(bomb, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
                content = entities + content.replace(b"128", b"&b;")
            target.writestr(info.filename, content)
    with pytest.raises(Unreadable):
        surveyed(FORMAT, file(bomb.getvalue()))


A_DAY = {kind: make(day_of_a_child()) for kind, make in MAKERS.items()}  # once: a workbook says when it was made


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(list(MAKERS)))
def test_whatever_is_left_of_a_workbook_it_ends_with_a_report(
    bringing: Bringing, data: st.DataObject, kind: str
) -> None:
    content = bytearray(A_DAY[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    one = bringing.look(bytes(content[:cut]))
    assert one.stage in ("unreadable", "asks", "ready")
    assert "report" not in one.hint
