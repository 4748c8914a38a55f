"""A cohort with truth, and empty libraries whose keys lie in a home of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows.studies import cohort_folder
from workstation.store.library import Library


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort_folder(tmp_path_factory)


@pytest.fixture
def library(tmp_path: Path, tmp_library_home: Path) -> Iterator[Library]:
    """An empty research library."""
    made = Library.create(tmp_path / "library")
    yield made
    made.close()


@pytest.fixture
def clinical(tmp_path: Path, tmp_library_home: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "clinical", "clinical")
    yield made
    made.close()
