"""Where documents live: one collection interface, two backends (MongoDB, one embedded file), the change log.

Only this room knows pymongo and sqlite3. It decides nothing about what a document means: normalising, identity and
permissions belong to the services above. Queries arrive here as parsed filters, and what a backend refuses, it refuses
with ``BadQuery`` before anything runs.
"""
