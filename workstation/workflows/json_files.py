"""JSON from anybody, read with care: too large, too deep, in another encoding or broken is said in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from workstation.workflows import plain_file
from workstation.workflows.errors import CallError

MAX_BYTES = 1 << 30


def read(file: Path) -> Any:
    """What the file holds. CallError in words, with the line where there is one, where that is no plain JSON."""
    try:
        with plain_file.opened(file, MAX_BYTES) as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise CallError(f"The labels in {file} cannot be read: {error.strerror}.") from error
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise CallError(f"{file} is no JSON in UTF-8; save it in that encoding.") from error
    except json.JSONDecodeError as error:
        raise CallError(f"{file} is broken: line {error.lineno}: {error.msg}.") from error
    except RecursionError as error:
        raise CallError(f"{file} is nested too deeply for a file of labels.") from error
    except ValueError as error:  # a number of thousands of digits
        raise CallError(f"{file} is broken: {error}.") from error


def write(value: Any) -> bytes:
    """UTF-8, one value; the same value gives the same bytes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def finite(value: Any) -> Any:
    """The value with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number JSON knows")
