"""Pictures read in a thread: each that was asked for comes, whenever it was asked for, of the library shown now."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtGui import QImage

from workstation.app.lazy_pictures import LazyPictures


@pytest.fixture
def pictures(qtbot) -> Iterator[tuple[LazyPictures, list[str]]]:
    """Each picture takes a millisecond or two, and is as wide as its library's number says; and what was read."""
    order: list[str] = []
    draw = random.Random(3)

    def read(library: Any, scan: str) -> QImage:
        order.append(scan)
        time.sleep(draw.uniform(0.0, 0.003))
        return QImage(library, 1, QImage.Format.Format_Grayscale8)

    made = LazyPictures(read, 1_000)
    yield made, order
    made.close()


def test_whatever_is_asked_for_comes(qtbot, pictures: tuple[LazyPictures, list[str]]) -> None:
    """While one is being read, after a rest, and after another library took the place of the first."""
    source, _ = pictures
    draw = random.Random(5)
    for library in (1, 2, 3):
        source.show(library)  # type: ignore[arg-type]
        asked = []
        for number in range(60):
            asked.append(f"{library} {number}")
            source.get(asked[-1])
            if draw.random() < 0.5:
                qtbot.wait(draw.choice([0, 1, 24, 26, 30]))
            if library < 3 and number == 40:
                break  # the next library comes while this one's are on their way
    qtbot.waitUntil(lambda: all(source.get(name) is not None for name in asked), timeout=5_000)
    assert {source.get(name).width() for name in asked} == {3}


def test_nothing_is_read_while_a_list_moves_and_the_last_asked_for_comes_first(
    qtbot, pictures: tuple[LazyPictures, list[str]]
) -> None:
    source, order = pictures
    source.show(1)  # type: ignore[arg-type]
    names = [str(number) for number in range(30)]
    for name in names:
        source.get(name)
    assert not order
    qtbot.waitUntil(lambda: len(order) == 30, timeout=5_000)
    assert order == names[::-1]
