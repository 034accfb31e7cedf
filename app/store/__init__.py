"""Where documents live: one collection interface, two backends (MongoDB, one embedded file), the change log.

Only this room knows pymongo and sqlite3. It decides nothing about what a document means: normalising, identity and
permissions belong to the services above. Queries arrive here as parsed filters, and what a backend refuses, it refuses
with ``BadQuery`` before anything runs.
"""

from bson import ObjectId

from app.store.interface import (
    Change,
    Collection,
    DeleteOne,
    Document,
    Filter,
    Health,
    Index,
    InsertOne,
    Lease,
    Operation,
    Outcome,
    ReplaceOne,
    Sort,
    Store,
    Subscription,
    Update,
    UpdateOne,
)
from app.store.migrating import migrate
from app.store.opening import open_store

__all__ = [
    "Change",
    "Collection",
    "DeleteOne",
    "Document",
    "Filter",
    "Health",
    "Index",
    "InsertOne",
    "Lease",
    "ObjectId",
    "Operation",
    "Outcome",
    "ReplaceOne",
    "Sort",
    "Store",
    "Subscription",
    "Update",
    "UpdateOne",
    "migrate",
    "open_store",
]
