"""What the process that holds torch answers, refuses or leaves unsaid; who asks no longer, ends it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from workstation.workflows import learning
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.ml_answer import answer
from workstation.workflows.progress import finish


def program(monkeypatch: pytest.MonkeyPatch, code: str) -> list[subprocess.Popen[bytes]]:
    """In the place of `python -m ml`; the processes that were started."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(arguments: list[str], said: Any, gave: Any) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen([sys.executable, "-S", "-c", code], stdout=gave, stderr=said))
        return begun[-1]

    monkeypatch.setattr(learning, "start", start)
    return begun


def test_an_answer_and_none(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "print('{\"a\": [1]}')")
    assert finish(answer(["x"], "asking")) == {"a": [1]}
    program(monkeypatch, "")
    assert finish(answer(["x"], "asking")) is None


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("import sys; print('one\\nthe reason', file=sys.stderr); sys.exit(3)", WorkflowError, "^the reason$"),
        ("import sys; print('wrong so', file=sys.stderr); sys.exit(2)", CallError, "^wrong so$"),
        ("import os; os.kill(os.getpid(), 9)", WorkflowError, "ended with -9 and said nothing"),
    ],
)
def test_a_refusal(monkeypatch: pytest.MonkeyPatch, code: str, kind: type[WorkflowError], words: str) -> None:
    program(monkeypatch, code)
    with pytest.raises(kind, match=words) as told:
        finish(answer(["x"], "asking"))
    assert type(told.value) is kind


def test_who_asks_no_longer_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = program(monkeypatch, "import time; time.sleep(600)")
    job = answer(["x"], "asking")
    assert next(job).what == next(job).what == "asking"
    assert begun[0].poll() is None
    job.close()
    assert begun[0].poll() is not None
