"""A made-up export of Clarity as large as a real one of ninety days, and how long its import takes.

``python -m bench.clarity_file`` looks at it and imports it into a new embedded store, as a household would.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ROWS, DAYS = 25_000, 90
SEED = 7
ZONE = ZoneInfo("Europe/Berlin")
_HEADER = (
    *("Index", "Timestamp (YYYY-MM-DDThh:mm:ss)", "Event Type", "Event Subtype", "Patient Info", "Device Info"),
    *("Source Device ID", "Glucose Value (mg/dL)", "Insulin Value (u)", "Carb Value (grams)", "Duration (hh:mm:ss)"),
    *("Glucose Rate of Change (mg/dL/min)", "Transmitter Time (Long Integer)", "Transmitter ID"),
)
_PHONE, _APP = "iPhone G6", "Dexcom G6 Mobile App"
_SENSOR_DAYS = 10
_MEALS_AT_H = (7, 12, 16, 19)


def clarity_file(end: datetime, *, rows: int = ROWS, days: int = DAYS) -> bytes:
    """Return the file of an invented child in Berlin up to ``end`` (aware): a reading each five minutes, some missing,
    four meals a day with a dose each, sorted by the time the phone showed.
    """
    chance = random.Random(SEED)
    first = end - timedelta(days=days)
    meals = list(_meals(first, days, chance))
    moments = [first + timedelta(minutes=5 * number, seconds=11) for number in range(days * 288)]
    kept = sorted(chance.sample(moments, min(rows - len(meals), len(moments))))
    shown = sorted([*meals, *_readings(kept, first, chance)], key=lambda one: one[0])
    text = io.StringIO()
    written = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    written.writerow(_HEADER)
    for number, fields in enumerate([*_settings(), *(fields for _, fields in shown)], 1):
        written.writerow((number, *fields))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _readings(moments: list[datetime], first: datetime, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    glucose = 120.0
    for moment in moments:
        glucose = min(max(glucose + chance.gauss((130 - glucose) / 60, 4), 36), 420)
        worn = (moment - first).days // _SENSOR_DAYS
        ticks = int((moment - first - timedelta(days=worn * _SENSOR_DAYS)).total_seconds())
        value = "Low" if glucose < 40 else "High" if glucose > 400 else str(int(glucose))
        local = _local(moment)
        yield local, [local, "EGV", "", "", "", _PHONE, value, "", "", "", "", str(ticks), f"8G{worn:04}"]


def _meals(first: datetime, days: int, chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    for day in range(days):
        for hour in _MEALS_AT_H:
            moment = first + timedelta(days=day, hours=hour, minutes=chance.randrange(40), seconds=chance.randrange(60))
            grams, units = chance.randrange(10, 80), chance.randrange(2, 20) / 2
            local = _local(moment)
            yield local, [local, "Carbs", "", "", "", _PHONE, "", "", str(grams), "", "", "", ""]
            yield local, [local, "Insulin", "Fast-Acting", "", "", _PHONE, "", str(units), "", "", "", "", ""]


def _settings() -> list[list[str]]:
    return [
        ["", "FirstName", "", "Ada", *[""] * 9],
        ["", "LastName", "", "Example", *[""] * 9],
        ["", "Device", "", "", _APP, _PHONE, *[""] * 7],
        ["", "Alert", "Low", "", _APP, _PHONE, "70", *[""] * 6],
    ]


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def import_took(content: bytes) -> tuple[float, float, int]:
    """Return how many seconds the look at a file and its import took on a new embedded store, and how much is new."""
    from app.actor import system_actor
    from app.config import load_settings
    from app.glucose.wall_clock import WallClock
    from app.importers.imports import Imports
    from app.importers.working import Work
    from app.processes import open_house, release

    with tempfile.TemporaryDirectory(prefix="nightlight-bench-") as folder:
        settings = load_settings({"DATA_DIR": folder, "LOG_LEVEL": "warning"})
        release(settings)
        house = open_house(settings)
        actor = system_actor("bench")
        imports = Imports(house.store, house.clock, actor)
        work = Work(house.store, house.clock, actor, lambda: WallClock.in_zone(ZONE))
        began_s = time.monotonic()
        one = imports.receive(io.BytesIO(content), "clarity.csv", most_bytes=1 << 30)
        work.carry_out(one.id)
        looked_s = time.monotonic()
        imports.confirm(one.id)
        work.carry_out(one.id)
        done_s = time.monotonic()
        result = imports.find(one.id).result
        house.store.close()
    return looked_s - began_s, done_s - looked_s, result.new.total() if result else 0


def main() -> None:
    """Print a line."""
    wanted = argparse.ArgumentParser(prog="python -m bench.clarity_file", description=__doc__)
    wanted.add_argument("--rows", type=int, default=ROWS, help=f"rows of the file ({ROWS})")
    asked = wanted.parse_args()
    content = clarity_file(datetime.now(UTC).replace(microsecond=0), rows=asked.rows, days=max(asked.rows // 277, 1))
    looked_s, imported_s, new = import_took(content)
    print("| rows | preview s | import s | together s | records |\n|---|---|---|---|---|")
    print(f"| {asked.rows:,} | {looked_s:.1f} | {imported_s:.1f} | {looked_s + imported_s:.1f} | {new:,} |")


if __name__ == "__main__":
    main()
