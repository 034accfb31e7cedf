"""Comparing entity tags."""

from __future__ import annotations


def is_among(tag: str, asked: str) -> bool:
    """Tell whether an ``If-None-Match`` header names this tag; weak and strong count as the same."""
    return asked.strip() == "*" or _bare(tag) in {_bare(one.strip()) for one in asked.split(",")}


def _bare(tag: str) -> str:
    return tag.removeprefix("W/")
