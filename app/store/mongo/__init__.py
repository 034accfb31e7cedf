"""The MongoDB backend: an existing Nightscout database is used as it is, and a person can go back.

Acknowledged writes are in the journal of a majority. Our own collections begin with ``nl_``; documents of others are
never rewritten unasked.
"""
