"""``nightlight import FILE``: the same preview, questions, import and undo as on the page of files, at the server."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import click

from app.actor import system_actor
from app.clock import iso_of
from app.errors import BadRequest
from app.house import House
from app.importers import formats
from app.importers.files import Received
from app.importers.format import Unreadable
from app.importers.formats import format_named
from app.importers.imports import Import, Imports
from app.importers.tally import Tally
from app.importers.working import Work
from app.records.zones import wall_clock

SHOWN_REJECTIONS = 20


def import_file(
    house: House,
    path: Path,
    *,
    answers: dict[str, str],
    format: str,
    yes: bool,
    only_look: bool,
    ask: Callable[[str], bool],
) -> None:
    """Look at a file, tell what is in it, and import it once that is confirmed. Raises ``NightlightError``."""
    if format:
        format_named(format)
    actor = system_actor("operator")
    imports = Imports(house.store, house.clock, actor)
    work = Work(house.store, house.clock, actor, lambda: wall_clock(house.store, house.settings))
    one = imports.begin(path.name, _received(path))
    try:
        work.carry_out(one.id, path)
        one = imports.find(one.id)
        if format or answers:
            imports.answer(one.id, answers, format=format)
            work.carry_out(one.id, path)
            one = imports.find(one.id)
        _tell(one)
        _stop_unless_ready(one)
        if only_look or not (yes or ask("Import this?")):
            imports.discard(one.id)
            click.echo("Nothing was written.")
            return
    except BaseException:
        if imports.find(one.id).stage in ("received", "looking", "asks", "ready", "unreadable"):
            imports.discard(one.id)
        raise
    imports.confirm(one.id)
    work.carry_out(one.id, path)
    done = imports.find(one.id)
    undoing = f"nightlight import --undo {one.id}"
    if done.result is None:
        raise Unreadable(
            f"The import ended early: {done.trouble}", hint=f"To take back what came until then: {undoing}"
        )
    new = done.result.new.total()
    click.echo(f"{new} new records are imported. To take them back: {undoing}")


def undo_import(house: House, import_id: str) -> None:
    """Take back what an import brought. Raises ``NotFound``, ``Conflict``."""
    actor = system_actor("operator")
    imports = Imports(house.store, house.clock, actor)
    imports.undo(import_id)
    Work(house.store, house.clock, actor, lambda: wall_clock(house.store, house.settings)).carry_out(import_id)
    undone = imports.find(import_id)
    click.echo(f"{undone.undone} records are taken back; {undone.left} were changed since and stay.")


def list_imports(house: House) -> None:
    """Print the imports there were."""
    for one in Imports(house.store, house.clock, system_actor("operator")).all():
        new = one.result.new.total() if one.result else 0
        click.echo(f"{one.id}\t{iso_of(one.created_ms)[:16]}\t{one.stage}\t{new} new\t{one.file_name}")


def format_names() -> str:
    """Return the names of all formats, for the command's help."""
    return ", ".join(format.name for format in formats.FORMATS)


def _received(path: Path) -> Received:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    if not size:
        raise Unreadable("The file is empty")
    return Received(size, digest.hexdigest())


def _stop_unless_ready(one: Import) -> None:
    if one.stage == "unreadable":
        raise Unreadable(one.trouble, hint=one.hint)
    if one.stage == "asks":
        asked = "; ".join(
            f"--answer {question.name}={'|'.join(value for value, _ in question.choices) or 'TEXT'} ({question.label})"
            for question in one.open_questions
        )
        raise BadRequest("The file leaves something open", hint=f"Answer with {asked}")


def _tell(one: Import) -> None:
    click.echo(f"{one.file_name}: {one.format or 'no format we know'}{f' ({one.why})' if one.why else ''}")
    for name, value in one.survey.facts:
        click.echo(f"  {name}: {value}")
    for question in one.survey.questions:
        given = one.answers.get(question.name) or question.proposed
        click.echo(f"  {question.label}: {given or ('?' if given is None else 'as entered for the person')}")
    for warning in one.survey.warnings:
        click.echo(f"  ! {warning}", err=True)
    if one.preview is not None:
        _tell_tally(one.preview)


def _tell_tally(tally: Tally) -> None:
    if tally.first_ms is not None and tally.last_ms is not None:
        click.echo(f"  Period: {iso_of(tally.first_ms)[:10]} to {iso_of(tally.last_ms)[:10]} (UTC)")
    for kind, new, known in tally.kinds:
        click.echo(f"  {kind}: {new} new, {known} here already")
    if tally.rejected:
        click.echo(f"  {tally.rejected} records cannot be used:", err=True)
        for one in tally.rejections[:SHOWN_REJECTIONS]:
            click.echo(f"    {one.place}: {one.why}", err=True)
    for note in tally.notes:
        click.echo(f"  {note}")
    if tally.is_doubtful:
        click.echo("  More than one record in twenty is rejected: perhaps an answer is wrong.", err=True)
    sys.stdout.flush()
