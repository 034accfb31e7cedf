"""API v3: documents by identifier, in six collections, and what has changed in them since a moment.

Routes translate; what a document is and how two writes meet is decided in ``records``. Only a web token, as bearer,
opens this version.
"""
