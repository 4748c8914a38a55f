"""A trained network in one file that anybody can be given: safetensors, its card in the header. No torch, no pickle.

    8 bytes   how long the header is, little-endian
    header    JSON, padded with spaces to a multiple of 8: a line for each tensor {dtype, shape, data_offsets}, and
              "__metadata__": {osteoscope_model: "1", card: the card as JSON, sha256: the content's hash}
    tensors   behind one another without gaps, the largest items first, then by name; little-endian

Any program that reads safetensors reads the weights. The hash is of the card and of every tensor's name, type, shape
and bytes; it names the model wherever the file goes, whatever it is called. The header is written in one way only and
held to that, so a file in which a single byte was changed is told from one that was not. A tensor of two or more
dimensions may be float16, which halves the file; all are given as they lie there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from ml import model_card
from ml.config import Config
from ml.model_card import FORMAT, ModelError

__all__ = ["FORMAT", "Arrays", "Model", "ModelError", "canonical", "packed", "read"]

SUFFIX = ".safetensors"
DTYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
LONGEST_HEADER = 16 << 20
"""Bytes: a card has two hashes, 64 letters each, for every patient and scan learnt from."""
MOST = 4 << 30  # bytes of a file

Arrays = Mapping[str, NDArray[Any]]
_VERSION, _CARD, _HASH = "osteoscope_model", "card", "sha256"


@dataclass(frozen=True, eq=False)
class Model:
    """A model file that was read. hash: names its content. tensors: its weights, empty where they were only checked.

    card: see `ml.model_card`. config: the settings it was trained with.
    """

    path: Path
    hash: str
    card: Mapping[str, Any]
    config: Config
    bytes: int
    tensors: Arrays = field(default_factory=dict)

    @property
    def trained_on(self) -> str:
        """ "simulated" or "clinical"."""
        return str(self.card["trained_on"])


def packed(card: Mapping[str, Any], tensors: Arrays) -> tuple[bytes, str]:
    """The file's bytes and its hash. Raises ModelError for tensors or a card that `read` would refuse."""
    told = canonical(card)
    model_card.hold(card, "The network")
    kept = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    kinds = {np.dtype(code): name for name, code in DTYPES.items()}
    if strange := next((name for name, array in kept.items() if array.dtype not in kinds), None):
        raise ModelError(f"The tensor {strange} is of {kept[strange].dtype}, which a model file does not hold.")
    entries = {name: (kinds[array.dtype], array.shape) for name, array in kept.items()}
    digest = _begun(told)
    body = []
    for name in _order(entries):
        data = kept[name].tobytes()
        _hold_to_numbers(kept[name], name, "The network")
        _note(digest, name, *entries[name], data)
        body.append(data)
    return b"".join([_header(told, digest.hexdigest(), entries), *body]), digest.hexdigest()


def read(path: Path, weights: bool = True) -> Model:
    """Read a model file and hold every byte of it to its hash. weights: keep the tensors, not only check them.

    Raises ModelError in words for what is no such file, was changed or cut off, or is of another version.
    """
    try:
        with _opened(path) as stream:
            return _read(path, stream, weights)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error


def canonical(card: Mapping[str, Any]) -> str:
    """A card as the one text that is hashed: keys in order, no spaces, ASCII. ModelError where JSON cannot hold it."""
    try:
        return json.dumps(card, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelError(f"The card cannot be written as JSON: {error}.") from error


def _read(path: Path, stream: BinaryIO, weights: bool) -> Model:
    size = os.fstat(stream.fileno()).st_size
    if size > MOST:
        raise ModelError(f"{path} is larger than {MOST >> 30} GiB: no network of ours is.")
    raw, told = _metadata(path, stream, size)
    entries = {name: _entry(path, name, entry) for name, entry in raw.items()}
    card = _card(path, told)
    if _header(told[_CARD], told[_HASH], entries) != _again(stream):
        raise ModelError(f"{path} was changed after it was written: its header is not as this program writes it.")
    lengths = {name: _length(*entry) for name, entry in entries.items()}
    if stream.tell() + sum(lengths.values()) != size:
        raise ModelError(f"{path} is cut off or has something behind its end. Copy it anew.")
    digest, kept, infinite = _begun(told[_CARD]), {}, ""
    for name in _order(entries):
        kind, shape = entries[name]
        data = stream.read(lengths[name])
        if len(data) != lengths[name]:
            raise ModelError(f"{path} is cut off. Copy it anew.")
        _note(digest, name, kind, shape, data)
        array = np.frombuffer(data, DTYPES[kind]).reshape(shape)
        infinite = infinite or (name if not np.isfinite(array).all() else "")
        if weights:
            kept[name] = array
    if digest.hexdigest() != told[_HASH]:
        raise ModelError(
            f"{path} was changed after it was written, or damaged: its hash does not fit. Get the file anew from where "
            "it was exported."
        )
    if infinite:
        raise ModelError(f"{path} holds weights that are no numbers, in {infinite}: such a network says nothing.")
    return Model(path, digest.hexdigest(), card, model_card.hold(card, str(path)), size, kept)


def _opened(path: Path) -> BinaryIO:
    """A plain file, to be read; OSError with words otherwise. A link is refused: what it names may change."""
    if path.is_symlink():
        raise OSError(errno.EINVAL, "it is a link; name the file itself")
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        kind = "a folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "a device or a pipe"
        os.close(handle)
        raise OSError(errno.EINVAL, f"it is {kind}, not a file")
    return os.fdopen(handle, "rb")


def _again(stream: BinaryIO) -> bytes:
    """The header as it lies there; the stream stands behind it."""
    behind = stream.tell()
    stream.seek(0)
    return stream.read(behind)


def _metadata(path: Path, stream: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The header's tensors, and what is told of them."""
    begin = stream.read(8)
    length = int.from_bytes(begin, "little")
    if len(begin) < 8 or length > size - 8 or stream.read(1) != b"{":
        raise ModelError(f"{path} is no model file: it is not of the form safetensors.")
    if length > LONGEST_HEADER:
        raise ModelError(f"{path} has a header of {length >> 20} MiB; no model's is longer than 16.")
    stream.seek(8)
    try:
        raw = json.loads(stream.read(length).decode("ascii"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: its header cannot be read ({error}).") from error
    told = raw.pop("__metadata__", None) if isinstance(raw, dict) else None
    if not isinstance(told, dict) or _VERSION not in told:
        raise ModelError(
            f"{path} is no model of Osteoscope: it has no card. The weights inside a run's folder are not one; export "
            "the run instead."
        )
    if told[_VERSION] != str(FORMAT):
        raise ModelError(
            f"{path} has format {told[_VERSION]!r}; this version reads format {FORMAT}. Use the version of Osteoscope "
            "it was exported with, or export it anew with this one."
        )
    if set(told) != {_VERSION, _CARD, _HASH} or not all(isinstance(text, str) for text in told.values()):
        raise ModelError(f"{path} was changed after it was written: its header has something else than a card.")
    return raw, told


def _entry(path: Path, name: str, entry: Any) -> tuple[str, tuple[int, ...]]:
    kind, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
    good = isinstance(shape, list) and len(shape) <= 8 and all(type(side) is int and side > 0 for side in shape)
    if kind not in DTYPES or not good:
        raise ModelError(f"{path} is damaged: its header does not say what the tensor {name!r:.100} is.")
    return str(kind), tuple(shape)  # type: ignore[arg-type]


def _card(path: Path, told: Mapping[str, str]) -> dict[str, Any]:
    try:
        card = json.loads(told[_CARD], parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: its card cannot be read ({error}).") from error
    if not isinstance(card, dict):
        raise ModelError(f"{path} is damaged: its card is no table of names and values.")
    return card


def _header(card: str, digest: str, entries: Mapping[str, tuple[str, tuple[int, ...]]]) -> bytes:
    told: dict[str, Any] = {"__metadata__": {_VERSION: str(FORMAT), _CARD: card, _HASH: digest}}
    at = 0
    for name in _order(entries):
        kind, shape = entries[name]
        told[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + _length(kind, shape)]}
        at += _length(kind, shape)
    text = json.dumps(told, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _order(entries: Mapping[str, tuple[str, tuple[int, ...]]]) -> list[str]:
    """Large items first, so that each lies at a multiple of its size."""
    return sorted(entries, key=lambda name: (-np.dtype(DTYPES[entries[name][0]]).itemsize, name))


def _length(kind: str, shape: tuple[int, ...]) -> int:
    return math.prod(shape) * np.dtype(DTYPES[kind]).itemsize


def _begun(card: str) -> Any:
    return hashlib.sha256(f"osteoscope model {FORMAT}\n{card}\n".encode())


def _note(digest: Any, name: str, kind: str, shape: tuple[int, ...], data: bytes) -> None:
    digest.update(f"{json.dumps(name)} {kind} {list(shape)}\n".encode())
    digest.update(data)


def _hold_to_numbers(array: NDArray[Any], name: str, whose: str) -> None:
    if not np.isfinite(array).all():
        raise ModelError(f"{whose} has weights that are no numbers, in {name}: train it again, or keep it as float32.")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number JSON knows")
