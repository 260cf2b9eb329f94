"""What all packages share: the exception that people read, files, processes."""
