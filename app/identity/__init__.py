"""Who is asking and what they may do: accounts, passwords, TOTP, sessions, subjects, roles, tokens, throttling, audit.

Services here take a store, a clock and plain values; only ``door.py`` sees a request, and turns it into an ``Actor``.
What a share link allows is decided in ``sharing/``; what a document is, in ``records/``.

People: ``setup`` makes the first account, ``sign_in`` lets its owner in (``enrolment``, ``second_factor``,
``recovery``), ``sessions`` keeps them in, ``way_back`` is for the operator. Programs: ``nightscout`` says who presents
a secret or a token (``subjects``, ``roles``, ``tokens``, ``web_tokens``). Both: ``throttle``, ``penalties``, ``audit``,
``notices``.
"""
