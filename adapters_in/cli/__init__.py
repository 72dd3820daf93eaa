"""The command line: every command is one use case or one process."""
