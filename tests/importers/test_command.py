"""``nightlight import``: at the server, with the file where it lies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.actor import NOBODY
from app.cli import main
from app.clock import SystemClock, iso_of
from app.config import load_settings
from app.importers.imports import Imports
from app.processes import open_house
from app.records.entries import Entries

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.endswith("_URI") or name.startswith("MONGO"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["import", *arguments], input=typed)

    return run


@pytest.fixture
def export(tmp_path: Path) -> Path:
    times = [SystemClock().now_ms() - 300_000 * place for place in range(1, 13)]
    entries = [{"type": "sgv", "sgv": 100, "date": at_ms, "dateString": iso_of(at_ms)} for at_ms in times]
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(entries))
    return path


def kept(tmp_path: Path) -> tuple[int, list[str]]:
    house = open_house(load_settings({"DATA_DIR": str(tmp_path / "data")}))
    try:
        stages = [one.stage for one in Imports(house.store, house.clock, NOBODY).all()]
        return Entries(house.store, house.clock, NOBODY).count(), stages
    finally:
        house.store.close()


def test_it_tells_what_is_in_the_file_asks_and_imports(command: Command, export: Path, tmp_path: Path) -> None:
    result = command(str(export), typed="y\n")
    assert result.exit_code == 0, result.output
    assert "entries.json: nightscout-json" in result.output
    assert "glucose: 12 new, 0 here already" in result.output
    assert "12 new records are imported. To take them back: nightlight import --undo " in result.output
    assert kept(tmp_path) == (12, ["done"])


def test_without_a_yes_nothing_is_written(command: Command, export: Path, tmp_path: Path) -> None:
    assert "Nothing was written." in command(str(export), typed="n\n").output
    assert "Nothing was written." in command(str(export), "--look").output
    assert kept(tmp_path) == (0, [])


def test_what_it_brought_is_taken_back(command: Command, export: Path, tmp_path: Path) -> None:
    done = command(str(export), "--yes")
    import_id = done.output.split("--undo ")[1].split()[0]
    assert import_id in command("--list").output
    assert "12 records are taken back" in command("--undo", import_id).output
    assert kept(tmp_path) == (0, ["undone"])


def test_a_file_we_do_not_know_is_said_and_ends_with_an_error(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff nothing")
    result = command(str(path), "--yes")
    assert result.exit_code == 1
    assert "No format we know" in result.output
    assert kept(tmp_path) == (0, [])


def test_a_format_that_is_none_is_said(command: Command, export: Path) -> None:
    result = command(str(export), "--format", "stone tablets")
    assert result.exit_code == 1
    assert "no file format" in result.output


def test_without_a_file_it_names_the_formats(command: Command) -> None:
    result = command()
    assert result.exit_code == 2
    assert "nightscout-json" in result.output
