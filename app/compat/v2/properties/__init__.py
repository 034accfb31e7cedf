"""``/properties``: what Nightscout's plugins say of now, one module per family of them.

``table.py`` names them in Nightscout's order; each is a function from the present to its wire shape. What is worked out
and who is believed is decided in ``live/``.
"""
