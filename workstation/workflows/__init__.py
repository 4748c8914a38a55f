"""One file per job, without Qt: used by the command line and by the window."""
