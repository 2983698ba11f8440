"""smtpwire: submit mail."""

__version__ = "0.1.0"
