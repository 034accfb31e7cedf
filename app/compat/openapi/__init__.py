"""The published contract: OpenAPI documents of Nightscout's surface, made from the routes that run.

Paths, methods, permissions and summaries come from the URL map, from ``@requires`` and from the views' docstrings; what
no code says of itself (parameters, bodies, shapes of answers) stands in ``views.py``, by view. No route is named here.
"""
