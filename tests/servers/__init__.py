"""Real mail servers on loopback, for the tests: started on demand, ended for certain.

README.md says what each server is good for.  `farm` is the way in; `fixtures` makes it pytest's.
"""
