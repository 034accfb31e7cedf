"""What changes a store from one version to the next:

``NNNN_name.py``, each with ``up(store)``, run by ``store/migrating.py``.
"""
