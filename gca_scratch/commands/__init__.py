"""The command line, a file for each of its larger commands."""
