"""What the name of a pump's event says happened, in the words clouds and files have for it."""

from __future__ import annotations

from collections.abc import Sequence

_DONE = ("chang", "fill", "load", "prim", "insert", "replac", "activat")
_NOT_DONE = ("deactivat", "remind", "soon", "due", "expir", "fail", "error", "low", "need", "miss", "incompl", "not")
_SITE = ("Site Change", "site")
_INSULIN = ("Insulin Change", "insulin")


def changes_in(words: str) -> Sequence[tuple[str, str]]:
    """Return the event types, each with a short name, of the changes a pump's event means.

    A new pod is a new site and new insulin. Words that speak of no change, or of one still to come (``Change pod
    soon``), mean none.
    """
    plain = "".join(letter for letter in words.lower() if letter.isalnum())
    if any(word in plain for word in _NOT_DONE) or not any(word in plain for word in _DONE):
        return ()
    if "pod" in plain:
        return (_SITE, _INSULIN)
    if any(word in plain for word in ("site", "cannula", "infusionset")):
        return (_SITE,)
    if any(word in plain for word in ("reservoir", "cartridge", "insulin")):
        return (_INSULIN,)
    return ()
