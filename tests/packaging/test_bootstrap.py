"""The bootstrap script on machines that are not here: a bare Debian and others, played by stand-in commands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "bootstrap.sh"
BASE = "libglib2.0-0 libgl1 libegl1 libxkbcommon0 libfreetype6 libfontconfig1 libdbus-1-3"
WINDOW = "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no POSIX shell here")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout on a machine that has a shell, apt-get and nothing else; apt-get writes down how it was called."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "env"):
        found = shutil.which(name)
        assert found is not None
        (commands / name).symlink_to(found)
    command(commands, "uname", "echo Linux")
    command(commands, "id", "echo 1000")
    command(commands, "ldconfig", "echo '0 libs found'")
    command(commands, "apt-get", f'echo "$*" >>"{tmp_path}/apt"')
    (tmp_path / "packaging").mkdir()
    shutil.copy(SCRIPT, tmp_path / "packaging")
    return tmp_path


def command(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def bootstrap(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables: Mapping[str, str] = {"PATH": str(root / "bin"), **environment}
    script = ["sh", str(root / "packaging" / "bootstrap.sh"), *arguments]
    return subprocess.run(script, env=variables, capture_output=True, text=True, timeout=30)


def test_without_rights_it_says_what_to_type(bare: Path) -> None:
    done = bootstrap(bare)
    assert done.returncode == 1
    packages = f"python3 python3-venv {BASE}"
    typed = f"    apt-get update && apt-get install -y --no-install-recommends {packages}\n"
    assert "As root, type:\n" in done.stderr
    assert typed in done.stderr
    assert not (bare / "apt").exists()


def test_where_sudo_wants_a_password_it_says_sudo(bare: Path) -> None:
    command(bare / "bin", "sudo", "exit 1")
    done = bootstrap(bare, DISPLAY=":0")
    assert done.returncode == 1
    assert f"sudo apt-get install -y --no-install-recommends python3 python3-venv {BASE} {WINDOW}\n" in done.stderr


def test_as_root_it_installs_them_itself(bare: Path) -> None:
    command(bare / "bin", "id", "echo 0")
    done = bootstrap(bare, "display")
    called = (bare / "apt").read_text(encoding="utf-8").splitlines()
    assert called[0].startswith("update")
    assert called[1].startswith("install -y")
    assert called[1].endswith(f"python3 python3-venv {BASE} {WINDOW} xvfb xauth")
    assert done.returncode == 1, "apt-get put nothing there, so it must not go on as if it had"
    assert "These system packages are missing" in done.stderr


def test_only_what_is_missing_is_asked_for(bare: Path) -> None:
    have = "libGL.so.1 libEGL.so.1 libxkbcommon.so.0 libfreetype.so.6 libfontconfig.so.1 libdbus-1.so.3"
    lines = "; ".join(f"echo '	{name} (libc6,x86-64) => /lib/{name}'" for name in have.split())
    command(bare / "bin", "ldconfig", lines)
    done = bootstrap(bare)
    assert "--no-install-recommends python3 python3-venv libglib2.0-0\n" in done.stderr


def test_another_system_is_told_what_it_needs(bare: Path) -> None:
    (bare / "bin" / "apt-get").unlink()
    done = bootstrap(bare)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "apt-get" not in done.stderr
