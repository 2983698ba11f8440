"""MTA-STS: the policy by which a domain says who takes its mail, and that they have TLS (RFC 8461).

`policy` reads what a domain publishes, `fetch` has it from the web, `cache` keeps it until it
expires, and `discovery` puts the three together.
"""
