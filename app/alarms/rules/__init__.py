"""The rules: what should be said of the present. Pure functions, one module for each thing they watch.

``table`` names them in the order in which Nightscout's plugins check, and asks those whose feature is on.
"""
