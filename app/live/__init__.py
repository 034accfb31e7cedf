"""The picture of now: the last two days kept current from the change log, and what it says in words.

What the page, its event stream, the sockets and the alarms know of the present is read here and nowhere else. The
picture is built from ``records/``; it stores nothing and decides nothing about who may see it.
"""
