"""The course: assignments cut from the package, student versions, their tests and the grader. Not for students."""
