# What the set-up scripts share; sourced, from the root of the checkout.

note() { printf '[setup] %s\n' "$*" >&2; }

# Installs the Debian or Ubuntu packages named in a file, one a line, or names the command that does.
install_system_packages() {
    local list=$1
    if ! command -v dpkg-query >/dev/null; then
        note "This is not Debian or Ubuntu: please see that the libraries of $list are there under your system's names."
        return
    fi
    local wanted missing=() state
    mapfile -t wanted < <(grep -vE '^\s*(#|$)' "$list")
    for package in "${wanted[@]}"; do
        # libglib2.0-0 is called libglib2.0-0t64 on newer systems.
        state=$(dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null) || true
        [[ "$state" == *"install ok installed"* ]] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            note "These system packages are missing. Please run this once, then repeat your command:"
            note "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
            exit 1
        fi
        as_root=(sudo)
    fi
    note "installing system packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# The first of the named interpreters that is there and of a version Telltale takes.
find_python() {
    for candidate in "$@"; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    note "None of these was found: $*. Please install one of them, with its package for virtual environments."
    exit 1
}

# Creates a virtual environment with PyTorch in it: install_torch FOLDER CONSTRAINTS INTERPRETER...
install_torch() {
    local python
    python=$(find_python "${@:3}")
    [ -x "$1/bin/python" ] || "$python" -m venv "$1"
    "$1/bin/python" -m pip install --quiet --upgrade pip
    if ! command -v nvidia-smi >/dev/null; then
        # Without a CUDA device the plain build is enough; set PIP_INDEX_URL / PIP_EXTRA_INDEX_URL to PyTorch's CPU index where the default
        # one only carries CUDA builds. Installed first, because a looser requirement would fetch gigabytes of CUDA packages.
        "$1/bin/python" -m pip install --quiet --constraint "$2" torch
    fi
}
