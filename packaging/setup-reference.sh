#!/usr/bin/env bash
# Sets up the environment of the reference extractor in .venv-reference, beside that of `make setup`: its packages want older ones of numpy
# and OpenCV than the base takes. Safe to repeat.
#
#   packaging/setup-reference.sh                        everything
#   packaging/setup-reference.sh --without-detectron2   what registries carry as wheels: no compiler needed
#
# detectron2 is in no registry; it is built from its own repository, or from the checkout that the variable DETECTRON2 names. It needs a
# C++ compiler and the headers of Python. A CUDA toolkit is not needed: the detector uses none of the operations that it would compile.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/common.sh
. packaging/common.sh

with_detectron2=true
case "${1:-}" in
    "") ;;
    --without-detectron2) with_detectron2=false ;;
    *)
        note "usage: packaging/setup-reference.sh [--without-detectron2]"
        exit 2
        ;;
esac

environment=.venv-reference
constraints=packaging/constraints-reference.txt
install() { "$environment/bin/python" -m pip install --quiet --constraint "$constraints" "$@"; }

install_system_packages packaging/system-packages.txt
stamp=$environment/telltale-setup
fingerprint=$(cat pyproject.toml "$constraints" packaging/setup-reference.sh packaging/common.sh | sha256sum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$fingerprint" ]; then
    note "installing the reference extractor's Python packages into $environment (a few minutes the first time)"
    # xtcocotools 1.14.3 comes as a wheel for 3.11, not for 3.12.
    install_torch "$environment" "$constraints" python3.11
    install 'setuptools<81' wheel
    install --editable '.[reference-dev]'
    # Without their requirements: mmpose asks for chumpy, which does not build any more and is used by none of what runs here.
    install --no-deps mmpose mmdet
    # Two packages fill OpenCV's folder, and the last one wins: it has to be the one with everything.
    install --no-deps --force-reinstall opencv-contrib-python
    printf '%s' "$fingerprint" >"$stamp"
fi
$with_detectron2 || exit 0

detectron2=${DETECTRON2:-git+https://github.com/facebookresearch/detectron2}
[ -z "${DETECTRON2:-}" ] || detectron2=$(cd "$DETECTRON2" && pwd)
# Its compiled part belongs to one build of torch.
stamp=$environment/telltale-detectron2
fingerprint="$detectron2 $("$environment/bin/python" -c 'import sys, torch; print(sys.version_info[:2], torch.__version__)')"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ]; then
    exit 0
fi
if ! command -v g++ >/dev/null || ! "$environment/bin/python" -c 'import sysconfig; open(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
    note "detectron2 is compiled here and needs a C++ compiler and the headers of Python; on Debian and Ubuntu: sudo apt-get install g++ python3-dev"
    exit 1
fi
note "building detectron2 from $detectron2 (about two minutes)"
install --no-build-isolation "$detectron2"
printf '%s' "$fingerprint" >"$stamp"
note "done"
