"""The command line. Exit codes: 0 done, 1 done with refusals or findings, 2 called wrongly, 3 failed.

Every import beyond argparse is late, so that help comes at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from workstation.cli import registry, window
from workstation.cli.asked import Commands
from workstation.cli.codes import FAILED, WRONG_CALL
from workstation.cli.said import plain, say_wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; its exit code."""
    _make_streams_safe()
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        code = _carry_out(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has gone; what was still to be written must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return say_wrong("Stopped.", FAILED)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; what it parses has `run`, which carries it out."""
    from workstation import __version__

    parser = argparse.ArgumentParser(
        prog="osteoscope",
        description="A workstation for whole-body bone scintigraphy. Without a command it opens the window. "
        "For research; not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"Osteoscope {__version__}")
    window.add(parser)
    commands = Commands(parser)
    for module in registry.COMMANDS:
        module.add(commands)
    return parser


def _make_streams_safe() -> None:
    """A missing stream, as without a console, is an empty one for good; a letter one lacks is spelled out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _carry_out(arguments: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        from workstation.workflows.errors import CallError, in_words
        from workstation.workflows.home import log_mistake

        words = in_words(error)
        if words is not None:
            return say_wrong(plain(words), WRONG_CALL if isinstance(error, CallError) else FAILED)
        return say_wrong(
            f"Something went wrong inside the program ({type(error).__name__}); nothing that was finished is lost. "
            f"Where it happened is written in {log_mistake(error)}.",
            FAILED,
        )
