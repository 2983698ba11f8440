"""The smtplib script that everybody writes: `smtplib_send.py HOST PORT MESSAGE`.

A MESSAGE whose name ends in .list holds names of messages, one a line; all go on one connection.
smtplib sends octets as they are, so the files must have CRLF line ends.
"""

import smtplib
import sys

host, port, source = sys.argv[1:]
if source.endswith(".list"):
    with open(source, encoding="utf-8") as names:
        messages = names.read().splitlines()
else:
    messages = [source]

server = smtplib.SMTP(host, int(port), local_hostname="bench.example.org")
for name in messages:
    with open(name, "rb") as message:
        server.sendmail("a@example.org", ["u0@example.org"], message.read())
server.quit()
