"""Remote commands to Loop: what one is, how Apple carries it to the phone, and what became of it.

A command is stored before anything is pushed, pushed at most once, and followed until the phone's own uploads say what
Loop made of it (``command`` → ``keeping`` → ``apns`` → ``evidence``, ``settling``). Nothing is called done that no
upload proves. One-time passwords pass through and are kept nowhere. What a treatment is, is ``records``' business; who
may give a command, ``identity``'s.
"""
