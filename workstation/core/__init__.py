"""The words of the field as values and pure functions of arrays: no Qt, no files, no SQL, no clock."""
