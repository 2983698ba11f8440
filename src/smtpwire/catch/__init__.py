"""`smtp-catch`: a mail server that takes every message, for people without a server at hand."""
