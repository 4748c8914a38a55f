"""Work on all cores: in order, whoever is killed, and nobody left computing when the parent is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflows import orders
from workstation.workflows import processes
from workstation.workflows.processes import in_order

posix = pytest.mark.skipif(os.name != "posix", reason="kills processes")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_results_come_in_the_order_of_the_orders(number: int) -> None:
    asked = list(range(25))
    assert list(in_order(orders.slowly_squared, asked, number)) == [each * each for each in asked]


def test_one_process_is_this_one_and_none_is_started_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("a process was started"))
    assert list(in_order(orders.squared, [2, 3], 1)) == [4, 9]
    assert list(in_order(orders.squared, [3], 8)) == [9]
    assert list(in_order(orders.squared, [], 8)) == []


@pytest.mark.parametrize("number", [1, 2])
def test_what_goes_wrong_in_the_work_is_told_as_it_is(number: int) -> None:
    came = []
    with pytest.raises(OSError, match="No space left"):
        for result in in_order(orders.refused, list(range(8)), number):
            came.append(result)
    assert came == [0, 1, 2]


@posix
def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    asked = [(number, tmp_path) for number in range(12)]
    assert list(in_order(orders.killed_once, asked, 2)) == list(range(12))
    assert (tmp_path / "killed").exists()


def test_where_no_process_can_be_had_this_one_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    assert list(in_order(orders.squared, [1, 2, 3], 2)) == [1, 4, 9]


def test_every_process_has_one_thread_for_numbers() -> None:
    found = list(in_order(orders.told, list(range(6)), 2))
    assert os.getpid() not in {process for process, _, _ in found}
    assert all(threads == os.environ.get("OMP_NUM_THREADS", "1") and not early for _, threads, early in found)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:  # what is dead but not yet buried computes nothing
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(workers: list[int]) -> bool:
    """Whether none of these processes computes any more, at once or soon."""
    until = time.monotonic() + 5
    while any(alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(alive(worker) for worker in workers)


@posix
def test_leaving_early_stops_what_is_under_way(tmp_path: Path) -> None:
    job = in_order(orders.busy, [(number, tmp_path) for number in range(9)], 2)
    assert next(job) == 0
    started = time.monotonic()
    job.close()
    assert time.monotonic() - started < 5
    assert gone([int(path.name) for path in tmp_path.iterdir()])


@posix
def test_when_the_parent_dies_nobody_goes_on_computing(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\nfrom tests.workflows import orders\n"
        "from workstation.workflows.processes import in_order\n"
        "if __name__ == '__main__':\n"
        f"    list(in_order(orders.busy, [(n, Path({str(tmp_path)!r})) for n in range(9)], 2))\n"
    )
    script = tmp_path.parent / "program.py"
    script.write_text(program, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, script], env=environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 20
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        workers = [int(path.name) for path in tmp_path.iterdir()]
        assert len(workers) == 2 and all(alive(worker) for worker in workers)
        parent.kill()
        parent.wait(10)
        assert gone(workers)
    finally:
        parent.kill()
        parent.wait()
