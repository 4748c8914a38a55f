"""Statistics: pure functions of arrays. 0/0 gives nan, never an exception; what makes no sense raises ValueError."""
