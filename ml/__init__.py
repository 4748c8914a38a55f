"""Learning: a program of its own that reads snapshots and never imports the workstation or its window."""
