"""The ``nightlight`` command: serve, and whatever an operator does at the server itself."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

import click
from dotenv import load_dotenv

from app.clock import iso_of
from app.config import TABLE, Setting, Settings, load_settings
from app.errors import NightlightError
from app.house import House
from app.keyring import new_key
from app.logs import configure_logs

Command = TypeVar("Command", bound=Callable[..., Any])

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104


class _Commands(click.Group):
    """Commands whose failures are told in words: what, where, what to do; never a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NightlightError as problem:
            click.echo(f"nightlight: {problem.message}", err=True)
            if problem.hint:
                click.echo(f"  {problem.hint}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands)
def main() -> None:
    """Nightlight: a self-hosted, Nightscout-compatible server for one household.

    Settings come from the environment, and from a file .env in the present folder.
    """
    load_dotenv(Path.cwd() / ".env")


@main.command()
def serve() -> None:
    """Serve everything in one command: pages, API and jobs (for a family; embedded store by default)."""
    from app import processes

    settings = load_settings(os.environ)
    configure_logs(settings["LOG_LEVEL"], settings["LOG_FORMAT"])
    processes.release(settings)
    processes.run_web(settings, with_jobs=True, ready=lambda: _welcome(settings))


@main.command()
def web() -> None:
    """Serve pages and API only; jobs run in `nightlight worker`."""
    from app import processes

    settings = load_settings(os.environ)
    processes.run_web(settings, with_jobs=False, ready=lambda: _welcome(settings))


@main.command()
def worker() -> None:
    """Run the jobs: pull from vendor clouds, tidy up. Any number may run, one works."""
    from app import processes

    processes.run_worker(load_settings(os.environ))


@main.command()
def migrate() -> None:
    """Bring the store up to this version."""
    from app import processes

    for name in processes.release(load_settings(os.environ)):
        click.echo(name)
    click.echo("The store is up to date.")


def _welcome(settings: Settings) -> None:
    from app.identity.setup import is_set_up

    address = settings["HOSTNAME"] if settings["HOSTNAME"] not in EVERY_ADDRESS else "127.0.0.1"
    here = settings["BASE_URL"] or f"http://{address}:{settings['PORT']}"
    click.echo(f"\n  Nightlight is open at  {here}")
    with _opened(settings) as house:
        if not is_set_up(house.store):
            _tell_setup_code(house, here)
    click.echo("", nl=True)
    sys.stdout.flush()


def _tell_setup_code(house: House, here: str) -> None:
    from app.identity.setup import new_setup_code

    click.echo(f"  Nobody has an account yet. Open {here.rstrip('/')}/set-up")
    click.echo(f"  and give this code:  {new_setup_code(house.store, house.clock)}")
    click.echo("  It is good for a day; `nightlight setup-code` makes another.")


class _opened:  # noqa: N801
    """A house for the length of a ``with`` block."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or load_settings(os.environ)

    def __enter__(self) -> House:
        from app import processes

        self._house = processes.open_house(self._settings)
        return self._house

    def __exit__(self, *_: object) -> None:
        self._house.store.close()


@main.command("setup-code")
def setup_code() -> None:
    """Print a new set-up code for the first account."""
    from app.identity.setup import new_setup_code

    with _opened() as house:
        click.echo(new_setup_code(house.store, house.clock))


@main.group(cls=_Commands)
def account() -> None:
    """Accounts: the way back for a lost phone or password."""


@account.command("list")
def list_accounts() -> None:
    """Show who has an account."""
    from app.identity import accounts

    with _opened() as house:
        for each in accounts.list_accounts(house.store):
            click.echo(f"{each.name}\t{each.role}\tsince {iso_of(each.created_at_ms)[:10]}")


@account.command("reset-totp")
@click.argument("name")
def reset_totp(name: str) -> None:
    """Take the authenticator of NAME away: another one is enrolled at the next sign-in with the password."""
    from app.identity import way_back

    with _opened() as house:
        way_back.reset_totp(house.store, house.clock, name)
    click.echo(f"{name} is signed out everywhere and enrols another authenticator at the next sign-in.")


@account.command("reset-password")
@click.argument("name")
@click.password_option(help="The new password; asked for when not given.")
def reset_password(name: str, password: str) -> None:
    """Give NAME another password."""
    from app.identity import way_back

    with _opened() as house:
        way_back.reset_password(house.store, house.clock, name, password)
    click.echo(f"{name} is signed out everywhere and signs in with the new password.")


@main.command("new-key")
def print_new_key() -> None:
    """Print a key for ENCRYPTION_KEYS."""
    click.echo(new_key())


@main.command()
@click.argument("path", type=click.Path(dir_okay=False))
def backup(path: str) -> None:
    """Write a verified copy of the embedded store to PATH while everything goes on running."""
    with _opened() as house:
        house.store.backup(path)
    click.echo(f"Written and checked: {path}. The keys are not in it; keep a copy of them elsewhere.")


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--answer", "answers", multiple=True, metavar="NAME=VALUE", help="Such as zone=Europe/Berlin.")
@click.option("--format", "format", default="", help="Read it as this format.")
@click.option("--yes", is_flag=True, help="Import without asking.")
@click.option("--look", "only_look", is_flag=True, help="Only tell what is in it.")
@click.option("--undo", "undo_id", default="", metavar="ID", help="Take back what an import brought.")
@click.option("--list", "listed", is_flag=True, help="Show the imports there were.")
def import_command(
    file: Path | None, answers: tuple[str, ...], format: str, yes: bool, only_look: bool, undo_id: str, listed: bool
) -> None:
    """Import FILE, an export of another program or portal: tells what is in it, asks, and can take it back."""
    from app import import_command as importing
    from app import processes

    settings = load_settings(os.environ)
    processes.release(settings)
    with _opened(settings) as house:
        if listed:
            importing.list_imports(house)
        elif undo_id:
            importing.undo_import(house, undo_id)
        elif file is None:
            raise click.UsageError(f"Name a file. Formats: {importing.format_names()}.")
        else:
            given = dict(answer.split("=", 1) for answer in answers if "=" in answer)
            importing.import_file(
                house, file, answers=given, format=format, yes=yes, only_look=only_look, ask=click.confirm
            )


@main.command()
@click.option("--days", default=14, show_default=True, type=click.IntRange(1, 400), help="How far back.")
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Times faster.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another fortnight.")
@click.option("--fill-only", is_flag=True, help="Stop when the past is filled.")
@click.option("--force", is_flag=True, help="Even where there is data that is not the demo's.")
def demo(days: int, speed: float, seed: int, fill_only: bool, force: bool) -> None:
    """Fill the store with plausible data, then add a reading every five minutes until stopped."""
    from app import processes
    from app.demo import feeding

    settings = load_settings(os.environ)
    configure_logs(settings["LOG_LEVEL"], settings["LOG_FORMAT"])
    processes.release(settings)
    with _opened(settings) as house:
        click.echo(f"Filling {days} days …")
        feeding.fill(house.store, house.clock, days=days, seed=seed, force=force)
        if fill_only:
            return
        click.echo("Adding readings as time passes. Ctrl-C ends it.")
        stop = threading.Event()
        try:
            feeding.keep_adding(house.store, house.clock, speed=speed, seed=seed, stop=stop)
        except KeyboardInterrupt:
            stop.set()


@main.command()
def health() -> None:
    """Ask the server of this machine whether it is well; for container health checks."""
    settings = load_settings(os.environ)
    connection = HTTPConnection("127.0.0.1", settings["PORT"], timeout=4)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except OSError as problem:
        raise click.ClickException(f"no answer: {problem}") from None
    if status != 200:
        raise click.ClickException(f"answered {status}")
    click.echo("well")


@main.command("settings")
@click.option("--markdown", is_flag=True, help="As the docs page.")
def show_settings(markdown: bool) -> None:
    """Print every setting, its value here, and what it does."""
    if markdown:
        click.echo(settings_page(), nl=False)
        return
    settings = load_settings(os.environ)
    section = ""
    for row in TABLE:
        if row.section != section:
            section = row.section
            click.echo(f"\n{section}")
        value = settings[row.name]
        shown = ("set" if value else "not set") if row.secret else _as_text(value)
        mark = "*" if row.name in settings.given else " "
        click.echo(f" {mark} {row.name}={shown}\n       {row.help}")
    click.echo("\n* = set by you")


def settings_page() -> str:
    """Return ``docs/settings.md``, made from the settings table."""
    lines = [
        "# Settings",
        "",
        "Made from the settings table by `make docs`. Settings are environment variables; a file `.env` in the folder",
        "the program is started in is read too. A secret can come from a file: `<NAME>_FILE` names it. A value that",
        "cannot be used stops the start and names the variable; variables that are not listed here are ignored.",
    ]
    section = ""
    for row in TABLE:
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", "| setting | default | what it does |", "|---|---|---|"]
        lines.append(
            f"| {_names(row)} | {_code(_as_text(row.default))} | {row.help}{' Secret.' if row.secret else ''} |"
        )
    return "\n".join(lines) + "\n"


def _names(row: Setting) -> str:
    return ", ".join(_code(name) for name in (row.name, *row.also))


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value)
    return str(value)
