"""Measure the whole server: start, memory, requests, pages, and the delay from upload to screen, on each backend."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cases import cases
from bench.load import Measured, measure
from bench.page import page_costs
from bench.processes import running_server
from bench.screen import write_to_screen_ms


def main() -> None:
    """Print a table for each backend asked for."""
    wanted = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    wanted.add_argument("--backend", choices=("sqlite", "mongodb", "both"), default="both")
    wanted.add_argument("--days", type=int, default=90, help="days of data to fill in first (90)")
    wanted.add_argument("--seconds", type=float, default=5, help="most seconds a case (5)")
    asked = wanted.parse_args()
    for backend in ("sqlite", "mongodb") if asked.backend == "both" else (asked.backend,):
        with tempfile.TemporaryDirectory(prefix="nightlight-bench-") as folder, _store(backend, Path(folder)) as store:
            _bench(backend, Path(folder), *store, days=asked.days, seconds=asked.seconds)


@contextmanager
def _store(backend: str, folder: Path) -> Iterator[tuple[str, int | None]]:
    if backend == "sqlite":
        yield f"sqlite:///{folder}/nightlight.db", None
        return
    from tests.mongodb import running_mongod, with_database

    with running_mongod(folder / "mongodb") as (server, pid):
        yield with_database(server, "nightlight"), pid


def _bench(backend: str, folder: Path, store_uri: str, database_pid: int | None, *, days: int, seconds: float) -> None:
    print(f"\n## {backend}, {days} days\n")
    began = time.monotonic()
    _fill(folder, store_uri, days)
    print(f"filled in {time.monotonic() - began:.0f} s")
    with running_server(folder, store_uri, database_pid) as server:
        print(f"first 200 after {server.first_answer_s:.2f} s")
        time.sleep(2)
        print(f"resident, idle: {_mib(server.resident_mib())}")
        idle_before = server.cpu_s()
        time.sleep(10)
        print(f"processor, idle: {10 * (server.cpu_s() - idle_before):.1f} %\n")
        now_ms = int(time.time() * 1000)  # the data was filled up to about now
        print("| request | CPU ms | a second | p50 ms | p95 ms | bytes | requests |\n|---|---|---|---|---|---|---|")
        for case in cases(now_ms):
            print(_row(measure(server, case, seconds=seconds)), flush=True)
        print("\n| page of now | chart ms | second visit ms | bytes | requests |\n|---|---|---|---|---|")
        for cost in page_costs(server):
            print(
                f"| {cost.visit.name} | {cost.first_ms:.0f} | {cost.second_ms:.0f} "
                f"| {cost.transferred_bytes:,} | {cost.requests} |"
            )
        delays = write_to_screen_ms(server, now_ms)
        print(
            f"\nupload to open page: p50 {delays[len(delays) // 2]:.0f} ms, worst {delays[-1]:.0f} ms of {len(delays)}"
        )
        print(f"resident, after load: {_mib(server.resident_mib())}")


def _fill(folder: Path, store_uri: str, days: int) -> None:
    command = [str(Path(sys.executable).with_name("nightlight")), "demo", "--fill-only", "--days", str(days)]
    environment = {**os.environ, "STORE_URI": store_uri, "DATA_DIR": str(folder), "LOG_LEVEL": "warning"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _row(got: Measured) -> str:
    return (
        f"| {got.case.name} | {got.cpu_ms:.2f} | {got.per_second:.0f} | {got.p50_ms:.1f} | {got.p95_ms:.1f} "
        f"| {got.answer_bytes:,} | {got.requests} |"
    )


def _mib(resident: tuple[float, float]) -> str:
    own, database = resident
    return f"{own:.0f} MiB" + (f", database {database:.0f} MiB" if database else "")


if __name__ == "__main__":
    main()
