"""Apple Health's export: one app's glucose and no sum of several, in little memory, whatever the XML does."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from html import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.importers.bounded import Opened
from app.importers.format import Unreadable
from app.importers.health.apple_format import AppleHealth
from app.importers.health.xml import samples
from app.records.sources.documents import ms_of
from app.store.interface import Document
from tests.importers.conftest import Bringing, MakeFile, read_with

FORMAT = AppleHealth()

DTD = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record
  type          CDATA #REQUIRED
  unit          CDATA #IMPLIED
>
]>
"""
BROKEN_DTD = DTD.replace("<!ATTLIST Record\n", "<!ATTLIST Record\n<!ATTLIST Record\n").replace(
    "unit          CDATA #IMPLIED\n>", "unit"
)
MMOL = "mmol<180.1558800000541>/L"
START = datetime(2026, 3, 14, 6, 5, 41, tzinfo=UTC)
BERLIN_IN_SUMMER = timezone(timedelta(hours=2))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def record(
    type: str,
    start: datetime,
    value: object,
    unit: str,
    source: str,
    *,
    minutes: float = 0,
    details: dict[str, str] | None = None,
) -> str:
    """A record as iOS writes it, with the offset the phone has today."""

    def written(moment: datetime) -> str:
        return moment.astimezone(BERLIN_IN_SUMMER).strftime("%Y-%m-%d %H:%M:%S %z")

    attributes = {
        "type": f"HKQuantityTypeIdentifier{type}",
        "sourceName": source,
        "sourceVersion": "1.2",
        "device": f"<<HKDevice: 0x28{id(start):x}>, name:{source}>",
        "unit": unit,
        "creationDate": written(start),
        "startDate": written(start),
        "endDate": written(start + timedelta(minutes=minutes)),
        "value": str(value),
    }
    text = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    if not details:
        return f" <Record {text}/>\n"
    entries = "".join(f'  <MetadataEntry key="{key}" value="{escape(value)}"/>\n' for key, value in details.items())
    return f" <Record {text}>\n{entries} </Record>\n"


def glucose(minutes: float, mgdl: object, source: str = "Dexcom G7", unit: str = "mg/dL", **more: object) -> str:
    return record("BloodGlucose", at(minutes), mgdl, unit, source, **more)  # type: ignore[arg-type]


def insulin(minutes: float, units: float, reason: str, source: str = "Loop", length: float = 0, **details: str) -> str:
    details = {"HKInsulinDeliveryReason": reason, **details}
    return record("InsulinDelivery", at(minutes), units, "IU", source, minutes=length, details=details)


def carbs(minutes: float, grams: float, source: str = "Loop", unit: str = "g") -> str:
    return record("DietaryCarbohydrates", at(minutes), grams, unit, source)


def heart(minutes: float) -> str:
    return record("HeartRate", at(minutes), 71, "count/min", "Ada’s Watch", details={"HKMetadataKeyMotion": "1"})


def export(*parts: str, dtd: str = DTD) -> bytes:
    body = "".join(parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{dtd}<HealthData locale="de_DE">\n'
        f' <ExportDate value="2026-07-01 12:00:00 +0200"/>\n <Me HKCharacteristicTypeIdentifierBiologicalSex=""/>\n'
        f"{body}</HealthData>\n"
    ).encode()


def zipped(*parts: str, name: str = "apple_health_export/export.xml") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("apple_health_export/export_cda.xml", "<ClinicalDocument/>")
        file.writestr(name, export(*parts))
    return packed.getvalue()


def told(document: Document) -> tuple[object, ...]:
    names = ("eventType", "sgv", "mbg", "insulin", "carbs", "absolute", "duration", "notes")
    at_ms = ms_of(document.get("date") or document.get("created_at"))
    return ((at_ms or 0) - int(START.timestamp()) * 1000) / 60_000, *(document.get(name) for name in names)


def a_day(
    source: str, every: int = 5, count: int = 288, shift: float = 0, first_day: int = 0, days: int = 1
) -> Iterable[str]:
    for day in range(first_day, first_day + days):
        for number in range(count):
            yield glucose(1440 * day + every * number + shift, 100 + number % 50, source)


@pytest.mark.parametrize("name", ["apple_health_export/export.xml", "exportação/exportar.xml", "导出.xml"])
def test_it_sees_its_own_whatever_it_is_called(file: MakeFile, name: str) -> None:
    assert "health data of Apple" in str(FORMAT.recognises(file(zipped(glucose(0, 120), name=name))))
    assert FORMAT.recognises(file(export(glucose(0, 120)))) == "it is health data of Apple"
    for other in (b"", b"<xml/>", b"<ClinicalDocument/>", b"[]", b"PK\x03\x04nonsense", b"Device,Serial Number\n"):
        assert FORMAT.recognises(file(other)) is None


@pytest.mark.parametrize("pack", [export, zipped])
def test_what_a_day_becomes(file: MakeFile, pack: object) -> None:
    made = pack(  # type: ignore[operator]
        heart(0),
        glucose(0, 128),
        glucose(5, "7.1", unit=MMOL),
        heart(6),
        insulin(10, 3.5, "2"),
        carbs(11, 45),
        insulin(60, 12, "1", source="Pen"),
    )
    reading = read_with(FORMAT, file(made), insulin_source="*all*")
    assert [told(document) for _, document in reading.documents] == [
        (0, None, 128, None, None, None, None, None, None),
        (5, None, 128, None, None, None, None, None, None),
        (10, "Correction Bolus", None, None, 3.5, None, None, None, None),
        (11, "Carb Correction", None, None, None, 45, None, None, None),
        (60, "Note", None, None, None, None, None, None, "Long-acting insulin 12 U"),
    ]
    assert reading.of("entries")[0]["device"] == "nightlight-import Dexcom G7"
    assert "direction" not in reading.of("entries")[0]
    assert reading.rejected == []


def test_the_offset_is_that_of_the_day_and_not_of_the_export(file: MakeFile) -> None:
    """In March Berlin is an hour ahead of UTC, though the export of July says two."""
    made = export(glucose(0, 128), glucose(5, 129, details={"HKTimeZone": "America/New_York"}))
    here, there = read_with(FORMAT, file(made)).of("entries")
    assert (here["utcOffset"], there["utcOffset"]) == (60, -240)
    assert here["date"] == int(START.timestamp()) * 1000


def test_of_apps_that_wrote_the_same_the_one_with_most_a_day_is_taken(file: MakeFile) -> None:
    made = export(
        *a_day("Dexcom G7"), *a_day("xDrip4iOS", shift=0.1, count=280), *a_day("Sugarmate", every=15, count=96)
    )
    survey = FORMAT.survey(file(made))
    (question,) = survey.questions
    assert (question.name, question.proposed) == ("source", "Dexcom G7")
    assert [value for value, _ in question.choices] == ["Dexcom G7", "xDrip4iOS", "Sugarmate", "*each day*"]
    reading = read_with(FORMAT, file(made))
    assert len(reading.of("entries")) == 288
    assert {entry["device"] for entry in reading.of("entries")} == {"nightlight-import Dexcom G7"}
    assert reading.said == ["376 samples of apps that were not chosen are left out."]
    assert len(read_with(FORMAT, file(made), source="xDrip4iOS").of("entries")) == 280


def test_one_app_after_the_other_is_taken_day_by_day(file: MakeFile) -> None:
    made = export(
        *a_day("LibreLink", days=3),
        *a_day("Dexcom G6", first_day=3, days=3),
        *a_day("Follower", shift=1, count=100, days=6),
    )
    question = FORMAT.survey(file(made)).questions[0]
    assert question.proposed == "*each day*"
    entries = read_with(FORMAT, file(made)).of("entries")
    by_app = {
        name: sum(entry["device"].endswith(name) for entry in entries) for name in ("LibreLink", "G6", "Follower")
    }
    days = {(entry["date"] // 86_400_000, entry["device"]) for entry in entries}
    assert len(days) == len({day for day, _ in days})
    assert by_app["Follower"] == 0
    assert by_app["LibreLink"] + by_app["G6"] >= 6 * 288 - 76


def test_a_single_app_is_not_asked_about(file: MakeFile) -> None:
    assert FORMAT.survey(file(export(*a_day("Dexcom G7", count=20)))).questions == ()


def test_finger_sticks_of_another_app_come_when_they_are_wished_for(file: MakeFile) -> None:
    sticks = [glucose(240 * number, 110 + number, "Contour") for number in range(5)]
    made = export(*a_day("Dexcom G7"), *sticks)
    questions = {one.name: one for one in FORMAT.survey(file(made)).questions}
    assert questions["finger_sticks"].proposed == "no"
    assert "Contour" in questions["finger_sticks"].label
    assert len(read_with(FORMAT, file(made)).of("entries")) == 288
    reading = read_with(FORMAT, file(made), finger_sticks="yes")
    assert [entry["mbg"] for entry in reading.of("entries") if entry["type"] == "mbg"] == [110, 111, 112, 113, 114]
    assert [one["eventType"] for one in reading.of("treatments")] == ["BG Check"] * 5


def test_what_was_typed_in_is_a_finger_stick(file: MakeFile) -> None:
    made = export(glucose(0, 120, "Health", details={"HKWasUserEntered": "1"}))
    (entry,) = read_with(FORMAT, file(made)).of("entries")
    assert (entry["type"], entry["mbg"]) == ("mbg", 120)


def test_basal_pieces_of_a_loop_are_rates_and_never_insulin(file: MakeFile) -> None:
    pieces = [insulin(-5.683333333 + 5 * number, 0.075, "1", length=5) for number in range(24)]
    reading = read_with(FORMAT, file(export(*pieces)))
    treatments = reading.of("treatments")
    assert {one["eventType"] for one in treatments} == {"Temp Basal"}
    assert {one["absolute"] for one in treatments} == {0.9}
    assert [one["duration"] for one in treatments] == [60, 60]
    assert all("insulin" not in one for one in treatments)
    delivered = sum(one["absolute"] * one["duration"] / 60 for one in treatments)
    assert delivered == pytest.approx(24 * 0.075)


def test_many_basal_pieces_keep_their_sum(file: MakeFile) -> None:
    pieces = [insulin(5 * number, 0.05 + 0.01 * (number % 7), "1", length=5) for number in range(9000)]
    treatments = read_with(FORMAT, file(export(*pieces))).of("treatments")
    delivered = sum(one["absolute"] * one["duration"] / 60 for one in treatments)
    assert delivered == pytest.approx(sum(0.05 + 0.01 * (number % 7) for number in range(9000)), rel=1e-3)
    assert len({one["identifier"] for one in treatments}) == len(treatments)


def test_a_loops_own_boluses_are_told_from_those_of_a_person(file: MakeFile) -> None:
    automatic = {"com.loopkit.InsulinKit.MetadataKeyAutomaticallyIssued": "1"}
    made = export(insulin(0, 0.3, "2", length=0.2, **automatic), insulin(5, 2, "2", length=1.3))
    treatments = read_with(FORMAT, file(made)).of("treatments")
    assert [(one["insulin"], one.get("automatic")) for one in treatments] == [(0.3, True), (2, None)]


def test_food_that_is_told_twice_is_eaten_once(bringing: Bringing) -> None:
    inner = carbs(30, 45)
    one = bringing.bring(export(inner, f"<Correlation type='HKCorrelationTypeIdentifierFood'>{inner}</Correlation>"))
    assert one.result is not None
    assert one.result.kinds == [("carbs", 1, 0)]


def test_insulin_of_two_apps_is_taken_from_one(file: MakeFile) -> None:
    made = export(
        *[insulin(60 * n, 1, "2") for n in range(5)], *[insulin(60 * n, 1, "2", source="Diary") for n in range(3)]
    )
    question = FORMAT.survey(file(made)).questions[0]
    assert (question.name, question.proposed) == ("insulin_source", "Loop")
    assert sum(one["insulin"] for one in read_with(FORMAT, file(made)).of("treatments")) == 5
    assert sum(one["insulin"] for one in read_with(FORMAT, file(made), insulin_source="*all*").of("treatments")) == 8


def test_samples_that_cannot_be_used_are_told_and_zeros_are_passed_over(file: MakeFile) -> None:
    made = export(
        glucose(0, 0),
        glucose(5, "abc"),
        glucose(10, 128, unit="g"),
        glucose(15, 9000),
        glucose(600_000, 128),
        insulin(20, 2, "7"),
        insulin(25, 900, "2"),
        carbs(30, 45, unit="oz"),
        glucose(35, 130),
        '<Record type="HKQuantityTypeIdentifierBloodGlucose" value="128" unit="mg/dL"/>',
    )
    reading = read_with(FORMAT, file(made))
    assert [entry["sgv"] for entry in reading.of("entries")] == [130]
    assert [one.why for one in reading.rejected] == [
        "'abc' is no number",
        "glucose in 'g' is in no unit we know",
        "the glucose is no reading",
        "the time is in the future",
        "it does not say whether the insulin was basal or bolus",
        "the insulin is no amount",
        "carbohydrates in 'oz' cannot be counted",
        "it has no time",
    ]
    assert reading.rejected[0].place == "glucose of 2026-03-14 08:10:41 +0200"


def test_a_document_type_no_parser_accepts_costs_nothing(file: MakeFile) -> None:
    reading = read_with(
        FORMAT, file(export(glucose(0, 128, "Loop \x0b of Ada"), glucose(5, 129, "Loop \x0b of Ada"), dtd=BROKEN_DTD))
    )
    assert [entry["sgv"] for entry in reading.of("entries")] == [128, 129]
    assert reading.rejected == []


@pytest.mark.parametrize(
    "declaration",
    ['<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a SYSTEM "http://127.0.0.1/">'],
)
def test_entities_are_refused(file: MakeFile, declaration: str) -> None:
    made = export(glucose(0, 128), dtd=f"<!DOCTYPE HealthData [{declaration}]>")
    with pytest.raises(Unreadable, match="entities"):
        FORMAT.survey(file(made))


def test_an_entity_nobody_declared_ends_the_file(file: MakeFile) -> None:
    made = export(glucose(0, 128), "&bomb;", glucose(5, 129))
    assert "not whole" in FORMAT.survey(file(made)).warnings[0]


def test_a_cut_export_keeps_what_came_before_and_says_so(bringing: Bringing) -> None:
    whole = export(*a_day("Dexcom G7", count=50))
    one = bringing.look(whole[: len(whole) // 2])
    assert one.survey.warnings == ("The export is not whole: It is cut off.",)
    done = bringing.confirm(one)
    assert done.result is not None
    assert 20 < len(bringing.entries()) < 26
    assert done.result.notes[-1] == "The file ends early: It is cut off."


def test_the_same_export_twice_and_a_later_one_add_only_what_is_new(bringing: Bringing) -> None:
    first = list(a_day("Dexcom G7", count=50))
    bringing.bring(zipped(*first, insulin(3, 2, "2"), carbs(4, 30)))
    before = len(bringing.entries()), len(bringing.treatments())
    again = bringing.bring(zipped(*first, insulin(3, 2, "2"), carbs(4, 30)))
    assert again.result is not None
    assert again.result.new.total() == 0
    bringing.bring(zipped(*list(a_day("Dexcom G7", count=60)), insulin(3, 2, "2"), carbs(4, 30), insulin(63, 1, "2")))
    assert (len(bringing.entries()), len(bringing.treatments())) == (before[0] + 10, before[1] + 1)
    assert sum(one.get("insulin", 0) for one in bringing.treatments()) == 3


def test_records_across_the_pieces_of_a_large_file_are_all_there(file: MakeFile) -> None:
    parts = []
    for number in range(2500):
        parts += [
            glucose(5 * number, 100 + number % 90),
            heart(5 * number),
            heart(5 * number + 1),
            heart(5 * number + 2),
        ]
    made = export(*parts)
    assert len(made) > 3 << 20
    reading = read_with(FORMAT, file(made))
    assert [entry["sgv"] for entry in reading.of("entries")] == [100 + number % 90 for number in range(2500)]


def test_nothing_is_kept_of_samples_that_were_taken(file: MakeFile) -> None:
    made = export(*[glucose(number, 120) for number in range(9000)])
    alive = taken = 0
    import gc

    from app.importers.health.xml import Sample

    for sample in samples(file(made), None):
        taken += 1
        if taken % 4000 == 0:
            del sample
            alive = max(alive, sum(type(one) is Sample for one in gc.get_objects()))
    assert taken == 9000
    assert alive < 8000


GOOD = export(heart(0), glucose(0, 128), insulin(10, 3.5, "2"), carbs(11, 45), insulin(60, 0.1, "1", length=5))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.integers(0, len(GOOD)), garbage=st.binary(max_size=40), skipped=st.integers(0, 200), pack=st.booleans())
def test_no_garbage_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes, skipped: int, pack: bool
) -> None:
    path = tmp_path_factory.mktemp("garbled") / "file"
    garbled = GOOD[:cut] + garbage + GOOD[cut + skipped :]
    if pack:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("export.xml", garbled)
        garbled = packed.getvalue()
    path.write_bytes(garbled)
    opened = Opened.at(path)
    if FORMAT.recognises(opened):
        try:
            read_with(FORMAT, opened)
        except Unreadable:
            return
