#!/bin/sh
# Makes the Python environment of the interop tests, outside the tree, and
# prints its interpreter's path. Does nothing when it is there already.
set -eu

venv="${XDG_CACHE_HOME:-$HOME/.cache}/sendmsgrec/interop-venv"
packages="duckdb>=1.1 pyarrow>=15"

if ! "$venv/bin/python" -c 'import duckdb, pyarrow.parquet' 2>/dev/null; then
	python3 -m venv "$venv" >&2
	# shellcheck disable=SC2086 # one word a package
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check $packages >&2
fi
echo "$venv/bin/python"
