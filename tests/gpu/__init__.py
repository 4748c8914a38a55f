"""What can only be seen on a GPU, as one command: `make gpu`, or `python -m tests.gpu`. Never collected by pytest."""
