"""Links for people outside the household: role, data kinds, expiry, passcode, revocation, and the list of them.

``shares`` makes, lists and ends links; ``visits`` opens one and says, at every use, what may still be seen. Who makes
a link and that a code was shown for it is ``identity``'s business.
"""
