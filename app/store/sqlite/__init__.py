"""The embedded backend: one SQLite file, used by any number of threads and processes of one machine.

A collection is a table of JSON texts with a key column for each indexed path. SQL narrows a search down; where it
cannot decide exactly, the matcher does. Names and operators from outside never become SQL text. Every write is one
transaction that also appends to the change log.
"""
