#!/bin/sh
# Makes .venv in the checkout: a Python, the system libraries a window needs, and the packages of pyproject.toml.
#
#   packaging/bootstrap.sh [run|dev|display|package]
#
# run      what `make run` needs (the default)
# dev      that, and the tools of `make test`
# display  that, and a virtual display where there is no other
# package  that, and what `make package` needs
#
# Quick when nothing changed. On Debian and its kin it installs missing system packages as root or through a sudo that
# asks no password; otherwise it says exactly what to type and stops. PYTHON=/path/to/python picks the interpreter.
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}

say() { printf '%s\n' "$*" >&2; }

# --- Which system packages are missing --------------------------------------------------------------------------------

# A Python of at least 3.11 that can make virtual environments; prints its path.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# What is missing of "library package" pairs; the library decides, because package names differ between releases.
missing_libraries() {
    ldconfig=$(command -v ldconfig || command -v /sbin/ldconfig || true)
    [ -n "$ldconfig" ] || return 0
    known=$("$ldconfig" -p)
    while [ $# -gt 1 ]; do
        case $known in
            *"$1 "*) ;;
            *) printf ' %s' "$2" ;;
        esac
        shift 2
    done
}

missing() {
    find_python >/dev/null || printf ' python3 python3-venv'
    [ "$(uname)" = Linux ] || return 0
    missing_libraries libglib-2.0.so.0 libglib2.0-0 libGL.so.1 libgl1 libEGL.so.1 libegl1 \
        libxkbcommon.so.0 libxkbcommon0 libfreetype.so.6 libfreetype6 libfontconfig.so.1 libfontconfig1 \
        libdbus-1.so.3 libdbus-1-3
    if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$what" = display ] || [ -n "$privilege" ]; then
        missing_libraries libxkbcommon-x11.so.0 libxkbcommon-x11-0 libxcb-cursor.so.0 libxcb-cursor0 \
            libxcb-icccm.so.4 libxcb-icccm4 libxcb-keysyms.so.1 libxcb-keysyms1 libxcb-shape.so.0 libxcb-shape0
    fi
    if [ "$what" = display ] && [ -z "${DISPLAY:-}" ]; then
        command -v xvfb-run >/dev/null 2>&1 || printf ' xvfb xauth'
    fi
    if [ "$what" = package ] && python=$(find_python); then # PyInstaller carries the shared Python along
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        missing_libraries "libpython$version.so.1.0" "libpython$version"
        command -v objdump >/dev/null 2>&1 || printf ' binutils'
    fi
}

# --- Getting them -----------------------------------------------------------------------------------------------------

# How to become root without asking: "env" as root, "sudo -n" where sudo asks no password, nothing elsewhere.
privilege=
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        privilege=env
    elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
        privilege="sudo -n"
    fi
fi

install_system_packages() {
    packages=$(missing)
    packages=${packages# }
    [ -n "$packages" ] || return 0
    if [ -n "$privilege" ]; then
        say "Installing system packages: $packages"
        # shellcheck disable=SC2086  # words on purpose
        { $privilege apt-get update -q &&
            $privilege env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -q --no-install-recommends $packages; } >&2 || {
            say "apt-get could not install them. Mend what it says above, then run make again."
            exit 1
        }
        packages=$(missing)
        [ -z "$packages" ] && return 0
    fi
    say "These system packages are missing: ${packages# }"
    case $packages in
        *python3*) say "(Osteoscope needs Python 3.11 or newer with venv; PYTHON=/path/to/python names another one.)" ;;
    esac
    if command -v apt-get >/dev/null 2>&1; then
        if command -v sudo >/dev/null 2>&1; then root="sudo "; else
            root=""
            say "As root, type:"
        fi
        [ -z "$root" ] || say "Type:"
        say ""
        say "    ${root}apt-get update && ${root}apt-get install -y --no-install-recommends ${packages# }"
        say ""
    else
        say "Install what your system calls them (the names above are Debian's)."
    fi
    say "Then run the same make command again."
    exit 1
}

# --- The virtual environment ------------------------------------------------------------------------------------------

# What the environment was made from: when any of it changes, packages are looked at again.
fingerprint() {
    { pwd && cat pyproject.toml packaging/bootstrap.sh && .venv/bin/python -V; } 2>&1 | cksum
}

stamped() {
    [ -x .venv/bin/osteoscope ] && [ -f ".venv/stamp-$1" ] && [ "$(cat ".venv/stamp-$1")" = "$(fingerprint)" ]
}

install_packages() {
    case $what in
        dev | package) extra="[$what]" stamp=$what ;;
        *) extra="" stamp=run ;;
    esac
    if stamped "$stamp" || { [ "$stamp" = run ] && stamped dev; }; then
        return 0
    fi
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$(find_python)
        say "Making .venv with $python"
        "$python" -m venv --clear .venv
    fi
    say "Installing Python packages into .venv (about 2 GB the first time; several more on Linux where pip brings CUDA along)"
    .venv/bin/python -m pip install --disable-pip-version-check --prefer-binary -e ".$extra" >&2 || {
        say "pip could not install the packages. Check the connection, then run make again: what is done is kept."
        exit 1
    }
    fingerprint >".venv/stamp-$stamp"
}

install_system_packages
install_packages
