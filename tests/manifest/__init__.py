"""The page ``docs/manifest.md``: each route with its statuses, the quirks it keeps, and the tests that ask it.

``python -m tests.manifest`` prints it. Everything is read from where it is true: routes and statuses from the published
contract, quirks from their decorators and from who calls whom, tests from what their files request.
"""
