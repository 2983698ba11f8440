"""The driver of the engine: sockets, TLS and clocks, and nothing about SMTP but names of waits."""
