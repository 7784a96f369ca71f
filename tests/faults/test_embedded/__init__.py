"""The embedded database under kill -9, stale files, races, foreign users, awkward folders.

Each holder is a process of its own, because it must be possible to kill it. Run as root, most tests
are made twice: by root, whose server runs as a system user, and by an ordinary user. Run as an
ordinary user, only the second form exists.
"""
