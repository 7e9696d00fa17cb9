#!/usr/bin/env bash
# Installs what a new Debian machine may lack to build Opsledger: venv, Python's headers, a C compiler.
#   prerequisites.sh PYTHON
set -euo pipefail
python=${1:?usage: prerequisites.sh PYTHON}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Opsledger needs Python 3.11 or newer; $python is $("$python" --version). Set PYTHON=/path/to/python3.11" >&2
  exit 1
}

missing=()
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
headers=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
[ -f "$headers/Python.h" ] || missing+=(python3-dev)
command -v cc >/dev/null || missing+=(build-essential)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Please install: ${missing[*]} (Debian's names), then run this again." >&2
  exit 1
fi
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
echo "Installing ${missing[*]}"
"${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
