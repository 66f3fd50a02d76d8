#!/usr/bin/env bash
# Sets up everything Telltale needs to run and be tested: system packages, a virtual environment, Python packages. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/common.sh
. packaging/common.sh

install_system_packages packaging/system-packages.txt
stamp=.venv/telltale-setup
fingerprint=$(cat pyproject.toml packaging/constraints.txt packaging/setup.sh packaging/common.sh | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ]; then
    exit 0
fi
note "installing Python packages into .venv (a few minutes the first time)"
install_torch .venv packaging/constraints.txt python3.11 python3.12 python3
.venv/bin/python -m pip install --quiet --constraint packaging/constraints.txt --editable '.[dev]'
printf '%s' "$fingerprint" >"$stamp"
note "done"
