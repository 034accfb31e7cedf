"""Nightscout's subjects: named programs and people, each with roles and an access token derived from the API secret.

The token is not stored: it follows from ``API_SECRET`` and the subject's ``_id``, so an existing database keeps its
tokens. Without an ``API_SECRET`` there are none, and our own device tokens (``tokens``) take their place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hmac import compare_digest

from app.clock import Clock
from app.config import Settings
from app.identity.minting import sha1_of
from app.identity.permissions import listed
from app.identity.stored_documents import StoredDocuments, name_of
from app.store.interface import Document, Store

LEAST_DIGITS = 16
NAME_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject with its credentials; ``digest`` and ``token_digest`` are what a presented token is compared with."""

    id: str
    name: str
    roles: tuple[str, ...]
    access_token: str = field(repr=False)
    digest: str = field(repr=False)
    token_digest: str = field(repr=False)

    def is_meant_by(self, presented: str) -> bool:
        """Tell whether a presented token is this subject's, whole, by its digits alone, or hashed by the app."""
        digits = presented.rpartition("-")[2]
        if len(digits) < LEAST_DIGITS:
            return False
        return _begins(self.token_digest, presented) or _begins(self.digest, digits)


class Subjects:
    """The subjects of this site; ``documents`` writes them and is told when another process did."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        collection = settings["MONGO_AUTHENTICATION_COLLECTIONS_PREFIX"] + "subjects"
        self.documents = StoredDocuments(store, clock, collection, "subject")
        self._secret_digest = sha1_of(settings["API_SECRET"]) if settings["API_SECRET"] else ""
        self._derived: tuple[list[Document], list[Subject]] = ([], [])

    def in_order(self) -> list[Document]:
        """Return ``{_id, name, accessToken, roles}`` of every subject, sorted by name."""
        documents = sorted(self.documents.all(), key=name_of)
        return [
            {
                "_id": document["_id"],
                "name": document.get("name"),
                "accessToken": self._subject_of(document).access_token,
                "roles": document.get("roles"),
            }
            for document in documents
        ]

    def with_token(self, presented: str) -> Subject | None:
        """Return the subject a token belongs to, or None. One that another process made just now is found too."""
        if not self._secret_digest or not presented:
            return None
        return self._meant(self.documents.all(), presented) or self._meant(self.documents.all_anew(), presented)

    def with_id(self, subject_id: str) -> Subject | None:
        """Return the subject of this id as the store has it at this moment, or None."""
        found = (document for document in self.documents.all_anew() if str(document["_id"]) == subject_id)
        return next(map(self._subject_of, found), None)

    def _meant(self, documents: list[Document], presented: str) -> Subject | None:
        derived_from, subjects = self._derived
        if derived_from is not documents:
            subjects = [self._subject_of(document) for document in documents]
            self._derived = (documents, subjects)
        return next((subject for subject in subjects if subject.is_meant_by(presented)), None)

    def _subject_of(self, document: Document) -> Subject:
        name, subject_id = name_of(document), str(document["_id"])
        digest = token = ""
        if self._secret_digest:
            digest = sha1_of(self._secret_digest + subject_id)
            token = f"{_abbreviated(name)}-{digest[:LEAST_DIGITS]}"
        return Subject(subject_id, name, listed(document.get("roles")), token, digest, sha1_of(token))


def _abbreviated(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", name.lower())[:NAME_LETTERS]


def _begins(whole: str, presented: str) -> bool:
    return compare_digest(whole[: len(presented)].encode(), presented.encode("utf-8", "surrogatepass"))
