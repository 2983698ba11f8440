"""The command `smtp`: command line, outputs, exit codes."""
