"""What becomes of grades: who handed in, tables, files for the LMS, pages to read, what resembles what."""
