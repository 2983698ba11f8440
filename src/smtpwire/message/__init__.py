"""Messages: where their octets come from, what is in them, and how they become octets to send.

Byte transforms and the reading of files; no sockets, no clock, no protocol.  `body` and `source`
are what the rest of the package uses first; each other module does one thing for them.
"""
