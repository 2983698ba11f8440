"""SMTP and nothing else: no input, no output, no clock."""
