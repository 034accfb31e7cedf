"""The properties as JSON, made once for everybody who asks until the present is another."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from app.compat.answers import json_bytes
from app.compat.v2.properties.table import properties_of
from app.compat.wire import SECRET_NAMES, on_wire
from app.features import Features
from app.live.present import Present


class PropertyTexts:
    """The properties of the latest present that was asked for, as JSON texts by name. Safe for many threads."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._lock = threading.Lock()
        self._present: Present | None = None
        self._texts: Mapping[str, bytes] = {}

    def chosen(self, present: Present, names: Iterable[str] = ()) -> bytes:
        """Return a JSON object of the properties with these names that there are, of all of them without a name."""
        texts = self._of(present)
        wanted = [name for name in dict.fromkeys(names) if name in texts] if names else list(texts)
        return b"{%b}" % b",".join(b"%b:%b" % (json_bytes(name), texts[name]) for name in wanted)

    def _of(self, present: Present) -> Mapping[str, bytes]:
        with self._lock:
            if self._present is not present:
                offered = on_wire(properties_of(present, self._features), hidden=SECRET_NAMES)
                self._texts = {name: json_bytes(value) for name, value in offered.items()}
                self._present = present
            return self._texts
