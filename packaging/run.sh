#!/usr/bin/env bash
# Opens the bundled sample: in the window where there is a display, else as a headless analysis with a report.
set -euo pipefail
cd "$(dirname "$0")/.."
sample=resources/sample/telltale_sample.mp4
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec .venv/bin/python main.py "$sample"
fi
echo "There is no display: analysing the sample without a window." >&2
.venv/bin/python main.py analyze "$sample" --out out --format json,html
echo "The report lies at out/telltale_sample/report.html"
