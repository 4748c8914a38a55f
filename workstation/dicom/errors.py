"""The one kind of error that files can cause; its text is shown to the user as it is."""


class DicomError(Exception):
    """A file cannot be used: what it is, why, and what to do. Never raised for a mistake of ours."""
