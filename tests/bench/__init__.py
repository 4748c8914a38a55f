"""How fast it is, on this machine: `make bench` prints the table and writes docs/benchmarks.md. No test is timed."""
