"""Where the bundled program starts. It has no interpreter beside it, so it also answers to `-m` for its own modules."""

from __future__ import annotations

import multiprocessing
import runpy
import sys


def main() -> int:
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["-m"] and sys.argv[2:3] and sys.argv[2].startswith("workstation."):
        module = sys.argv[2]
        sys.argv = [module, *sys.argv[3:]]
        runpy.run_module(module, run_name="__main__")
        return 0
    from workstation import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
