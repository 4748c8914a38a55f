"""The networks of the three papers and those they are compared with, a family a file."""
