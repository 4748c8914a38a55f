"""Decompresses pictures in a process of its own, because gdcm ends its process on some damaged streams.

The parent calls `decode`; the child runs this file's `main`. A request and its answer are each a length and that many
bytes: JSON and the encapsulated pixel data there, a status byte and the pixels (C order, little endian) back.
The child is started with the first compressed picture, answers within LIMIT_SECONDS or is ended, and goes when the
parent's end of the pipe closes. It imports nothing of ours.
"""

from __future__ import annotations

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from typing import Any, BinaryIO

LIMIT_SECONDS = 8.0
_LIMIT_BYTES = 1 << 30
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_OK, _DAMAGED, _UNKNOWN = b"+", b"-", b"?"

_lock = threading.Lock()
_child: subprocess.Popen[bytes] | None = None


class Damaged(Exception):
    """The stream could not be decoded."""


class Unsupported(Exception):
    """No decoder for this compression."""


def decode(described: dict[str, Any], data: bytes) -> bytes:
    """The frames of encapsulated `data` as bytes, decoded in the child process.

    described: keyword options of pydicom's decoders, `transfer_syntax_uid` among them. Raises Damaged or Unsupported.
    """
    with _lock:
        child = _running()
        assert child.stdin is not None and child.stdout is not None
        watchdog = threading.Timer(LIMIT_SECONDS, child.kill)
        watchdog.start()
        try:
            _send(child.stdin, json.dumps(described).encode())
            _send(child.stdin, data)
            answer = _receive(child.stdout)
        except (OSError, EOFError) as error:
            _stop()
            raise Damaged from error
        finally:
            watchdog.cancel()
    if answer[:1] == _OK:
        return answer[1:]
    raise Unsupported if answer[:1] == _UNKNOWN else Damaged


def _running() -> subprocess.Popen[bytes]:
    global _child
    if _child is None or _child.poll() is not None:
        _stop()
        # A packaged program has no interpreter: there the program itself answers to these words (see cli).
        command = (
            [sys.executable, "-m", "workstation.dicom.decoder"]
            if getattr(sys, "frozen", False)
            else [sys.executable, "-P", os.path.abspath(__file__)]
        )
        _child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1 << 16
        )
        atexit.register(_stop)
    return _child


def _stop() -> None:
    global _child
    child, _child = _child, None
    atexit.unregister(_stop)
    if child is None:
        return
    child.kill()
    for pipe in (child.stdin, child.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass  # what was still to be written has no reader any more
    child.wait()


def _send(pipe: BinaryIO | Any, data: bytes) -> None:
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: BinaryIO | Any) -> bytes:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    length = struct.unpack("<Q", head)[0]
    data: bytes = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """The child: answers requests until its input ends. Whatever libraries print does not get into the answers."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, _LIMIT_BYTES))
    except (ImportError, OSError, ValueError):
        pass  # not on this system; the sizes were checked before
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    while True:
        try:
            described, data = json.loads(_receive(requests)), _receive(requests)
        except EOFError:
            return
        try:
            _send(answers, _OK + _decoded(described, data))
        except NotImplementedError:
            _send(answers, _UNKNOWN)
        except Exception:
            _send(answers, _DAMAGED)


def _decoded(described: dict[str, Any], data: bytes) -> bytes:
    import numpy as np
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    if described["transfer_syntax_uid"] == _JPEG_EXTENDED and described["bits_allocated"] == 16:
        return _extended(described, data)
    options = described | {"transfer_syntax_uid": UID(described["transfer_syntax_uid"])}
    decoder = get_decoder(options["transfer_syntax_uid"])
    values, _ = decoder.as_array(data, raw=True, decoding_plugin="gdcm", **options)
    kind = f"<{'i' if described['pixel_representation'] else 'u'}{described['bits_allocated'] // 8}"
    return np.ascontiguousarray(values).astype(kind, copy=False).tobytes()


def _extended(described: dict[str, Any], data: bytes) -> bytes:
    """Lossy 12-bit JPEG, which gdcm decodes but pydicom does not ask it to."""
    import gdcm
    from pydicom.encaps import generate_frames

    stored = described["bits_stored"]
    frames = []
    for stream in generate_frames(data, number_of_frames=described["number_of_frames"]):
        fragment = gdcm.Fragment()
        fragment.SetByteStringValue(stream)
        fragments = gdcm.SequenceOfFragments.New()
        fragments.AddFragment(fragment)
        element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
        element.SetValue(fragments.__ref__())
        image = gdcm.Image()
        image.SetNumberOfDimensions(2)
        image.SetDimensions((described["columns"], described["rows"], 1))
        image.SetDataElement(element)
        image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
        image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
        image.SetPixelFormat(gdcm.PixelFormat(1, 16, stored, stored - 1, 0))
        frames.append(image.GetBuffer().encode("utf-8", "surrogateescape"))
    return b"".join(frames)


if __name__ == "__main__":
    main()
