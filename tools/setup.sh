#!/bin/sh
# Makes .venv with everything in requirements.txt and the package itself, editable.
# Needs any Python 3.11, 3.12 or 3.13; says in one sentence what is missing. Run by the Makefile.
set -eu
cd "$(dirname "$0")/.."

log=.venv/install.log
what=requirements.txt # where the packages stand that are being installed
size='3.9 GB' # what .venv takes; tests/book/test_setup.py measures it
seconds=0

stop() {
    echo "$1" >&2
    exit 1
}

# Prints "3.12" when the command runs a Python that works (a pyenv shim may exist and fail).
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

find_python() {
    no_venv='' too_old=''
    for candidate in ${PYTHON:-} python3 python python3.13 python3.12 python3.11; do
        version=$(version_of "$candidate")
        case $version in
            3.11 | 3.12 | 3.13)
                if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
                    python=$candidate
                    return
                fi
                no_venv=${no_venv:-$version}
                ;;
            ?*) too_old=${too_old:-$version} ;;
        esac
    done
    if [ -n "$no_venv" ]; then
        stop "Python $no_venv is here without its venv module: install it (Debian and Ubuntu: apt install python$no_venv-venv), then run make again."
    elif [ -n "$too_old" ]; then
        stop "Found Python $too_old only, and this needs Python 3.11, 3.12 or 3.13: install one and run make again, or name it with PYTHON=/path/to/python."
    fi
    stop "No Python found: install Python 3.11, 3.12 or 3.13 and run make again, or name it with PYTHON=/path/to/python."
}

# Says every ten seconds what the log says last, until this script has ended.
show_life() {
    while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + 10))
        echo "  $seconds s: $(tail -n 1 "$log" 2>/dev/null | cut -c 1-60)"
    done
}

# Runs a command with its output in the log; on failure says whether the network is the reason.
quietly() {
    if "$@" >>"$log" 2>&1; then
        return
    fi
    if grep -qiE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|dns error|failed to lookup|name resolution|connection (error|refused|timed out)|failed to establish a new connection|network is unreachable|error sending request|timed out' "$log"; then
        stop "No network: the packages in $what could not be downloaded; connect and run make again (details in $log)."
    fi
    tail -n 20 "$log" >&2
    stop "Installing failed: the lines above are the end of $log."
}

show_life &
life=$!
trap 'kill $life 2>/dev/null || true' EXIT
trap 'exit 130' INT

packages=$(grep -c '^[a-z].*==' requirements.txt || true)
case $(version_of .venv/bin/python) in
    3.11 | 3.12 | 3.13) echo "Bringing .venv to the $packages packages of requirements.txt." ;;
    *)
        find_python
        echo "Installing $packages packages into .venv, once: it takes $size of the disk and a minute or two, on a slow line longer."
        "$python" -m venv --clear .venv
        new=yes
        ;;
esac

: >"$log"
if ! .venv/bin/python -m uv --version >/dev/null 2>&1; then
    # uv's own entry of requirements.txt, with its hashes.
    awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.txt >.venv/uv.txt
    quietly .venv/bin/python -m pip install --quiet --retries 1 --require-hashes -r .venv/uv.txt
fi
export VIRTUAL_ENV="$PWD/.venv"
quietly .venv/bin/uv pip install --require-hashes --compile-bytecode -r requirements.txt
quietly .venv/bin/uv pip install --no-deps --no-build-isolation --compile-bytecode --editable .

# What bundles and checks the playground's JavaScript; node came with the packages of Python.
what=tools/js/package-lock.json
mkdir -p .venv/js
cp tools/js/package.json tools/js/package-lock.json tools/js/.npmrc .venv/js
quietly .venv/bin/npm ci --prefix .venv/js
if [ -n "${new:-}" ]; then
    echo "Installed: .venv has $(du -sh .venv | cut -f 1)."
fi

# The tests of the site read it with Chromium, and `make pdf` prints with it. A machine that is there
# for tests alone says so, and gets it; nobody else's system is changed.
for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$browser" >/dev/null; then
        exit 0
    fi
done
if [ -n "${RAVINE_INSTALL_BROWSER:-}" ] && command -v apt-get >/dev/null; then
    apt-get update >>"$log" 2>&1 || true
    quietly apt-get install -y --no-install-recommends chromium
    exit 0
fi
echo "No Chromium or Chrome found: the tests of the site in a browser are skipped (Debian: apt install chromium)."
