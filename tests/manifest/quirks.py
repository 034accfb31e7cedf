"""The quirks of ``app/compat``: where each is, which tests show it, and which views come by it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from app import compat
from app.compat.quirks import Quirk, quirks_of
from tests.manifest.asked import TESTS

SURFACE = "app.compat"


@dataclass(frozen=True)
class Kept:
    """A quirk and the function that keeps it."""

    quirk: Quirk
    function: Callable[..., Any]

    @property
    def module(self) -> str:
        return inspect.unwrap(self.function).__module__


def all_kept() -> list[Kept]:
    """Return every quirk of the surface, by module."""
    names = sorted(module.name for module in pkgutil.walk_packages(compat.__path__, f"{SURFACE}."))
    return [
        Kept(quirk, function)
        for module in map(importlib.import_module, names)
        for function in _functions_of(module)
        for quirk in quirks_of(function)
    ]


def _functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions a module defines, and the methods of its classes."""
    for value in vars(module).values():
        for function in vars(value).values() if isinstance(value, type) else [value]:
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function


def shown_by() -> dict[str, list[tuple[str, str]]]:
    """Return the tests that name a quirk with ``@pytest.mark.quirk``, as (file, test), by the quirk's words."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                for words in _marks(node):
                    found[words].append((path.relative_to(TESTS).as_posix(), node.name))
    return found


def _marks(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.quirk":
            yield from (argument.value for argument in decorator.args if isinstance(argument, ast.Constant))


def come_by(view: Callable[..., Any]) -> set[str]:
    """Return the words of the quirks in a view and in all that it calls within the surface."""
    seen: set[FunctionType] = set()
    _walk(view, seen)
    return {quirk.what for function in seen for quirk in quirks_of(function)}


def _walk(function: Any, seen: set[FunctionType]) -> None:
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType) or function in seen or not function.__module__.startswith(SURFACE):
        return
    seen.add(function)
    names = set(_names(function.__code__))
    for name in names & function.__globals__.keys():
        called = function.__globals__[name]
        _walk(called, seen)
        if isinstance(called, ModuleType):
            for inner in names & vars(called).keys():
                _walk(vars(called)[inner], seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
