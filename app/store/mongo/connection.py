"""The way to one database: the client, the names of its collections, made anew after a fork."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.errors import BadSetting
from app.store.interface import Document
from app.store.mongo.codec import OPTIONS

DEFAULT_DATABASE = "test"
"""What Node's driver uses when the URI names none: there an existing Nightscout has put its documents."""
_SELECTION_TIMEOUT_MS = 5_000
_CONNECT_TIMEOUT_MS = 5_000
_SOCKET_TIMEOUT_MS = 120_000

_abandoned: list[object] = []
"""Clients of a parent process: a child must not touch them."""


class Connection:
    """A database and its collections, safe to use from many threads. Nothing is contacted before the first use."""

    def __init__(
        self, uri: str, names: Mapping[str, str], *, pool_size: int, min_pool_size: int, max_idle_ms: int
    ) -> None:
        """Raise ``BadSetting`` for a URI that cannot be used."""
        self._uri = uri
        self._names = dict(names)
        self._logical = {physical: name for name, physical in names.items()}
        options: dict[str, Any] = {
            "maxPoolSize": pool_size,
            "minPoolSize": min_pool_size,
            "maxIdleTimeMS": max_idle_ms or None,
            "serverSelectionTimeoutMS": _SELECTION_TIMEOUT_MS,
            "connectTimeoutMS": _CONNECT_TIMEOUT_MS,
            "socketTimeoutMS": _SOCKET_TIMEOUT_MS,
            "appname": "nightlight",
            "connect": False,
        }
        in_uri = uri.partition("?")[2].lower()
        self._options = {name: value for name, value in options.items() if f"{name.lower()}=" not in in_uri}
        self._reopening = threading.Lock()
        self._open()

    @property
    def client(self) -> MongoClient[Document]:
        """Return this process's client."""
        if self._process != os.getpid():
            with self._reopening:
                if self._process != os.getpid():
                    _abandoned.append(self._client)
                    self._open()
        return self._client

    @property
    def database(self) -> Database[Document]:
        """Return the database: reads from the primary, writes journalled by a majority."""
        return self.client.get_default_database(
            DEFAULT_DATABASE,
            codec_options=OPTIONS,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True),
        )

    def collection(self, name: str) -> Collection[Document]:
        """Return the collection of ours with this name, whatever it is called in the database."""
        return self.database[self.physical(name)]

    def physical(self, name: str) -> str:
        """Return what a collection is called in the database."""
        return self._names.get(name, name)

    def logical(self, physical: str) -> str:
        """Return what we call a collection of the database."""
        return self._logical.get(physical, physical)

    def close(self) -> None:
        """Close this process's connections. Idempotent."""
        if self._process == os.getpid():
            self._client.close()

    def _open(self) -> None:
        self._process = os.getpid()
        try:
            self._client: MongoClient[Document] = MongoClient(self._uri, **self._options)
        except (PyMongoError, ValueError):  # whose words may repeat parts of a password
            raise BadSetting(
                "STORE_URI: its value names no MongoDB",
                hint="Wanted: mongodb://user:password@host:port/database, with special characters percent-encoded.",
            ) from None
