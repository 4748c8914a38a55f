"""The only SQL: a library of scans, readings and their history on disk."""
