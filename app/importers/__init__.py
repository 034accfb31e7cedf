"""Files people bring: exports of portals, of apps and of other Nightscouts; a module or a package for each format.

A format says whether a file is one of its own and why, what has to be known before it can be read, and yields records
one by one, in constant memory, whatever is in the file. What is done with them is the same for all: everything is
looked at first, nothing is written before somebody has seen what it would be, and all of it can be taken back.
"""
