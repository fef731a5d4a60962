"""The command line: parses, validates, calls one pipeline, prints."""
