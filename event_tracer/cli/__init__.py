"""The command line: what was typed → settings → one command → an exit code."""
