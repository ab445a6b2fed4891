#!/bin/sh
# Runs the environment's Python with the arguments given, after finding, making and setting up that environment:
#     sh .ci/env.sh -m cxvalue report --all
# The environment is the active virtual one, else an active conda one that is not base, else .venv in the project.
# Without arguments it only sets up and says with which Python.
set -eu
unset CDPATH PYTHONPATH PYTHONHOME
root=$(cd "$(dirname "$0")/.." && pwd -P)
own=$root/.venv

# Prints: version, whether it fits, whether it can make environments, its path. Also understood by Python 2.
probe='
import sys
fits = (3, 11) <= sys.version_info[:2] <= (3, 13) and sys.implementation.name == "cpython" and "t" not in sys.abiflags
try:
    import ensurepip, venv
    makes = True
except ImportError:
    makes = False
print("%d.%d %s %s %s" % (sys.version_info[0], sys.version_info[1], fits, makes, sys.executable))
'

ask() { # a path or a command that may be missing, or be there and fail: sets version, fits, makes, path
    answer=$("$1" -c "$probe" 2>/dev/null </dev/null) || answer=
    read -r version fits makes path <<END
$answer
END
    [ -n "$path" ]
}

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

find_python() { # sets python
    seen= bare=
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        ask "$candidate" || continue
        case "$fits $makes" in
        "True True")
            python=$path
            return
            ;;
        "True False") bare=$version ;;
        *) seen="$seen $candidate is $version;" ;;
        esac
    done
    [ -z "$bare" ] || die \
        "Python $bare is here, but without the part that makes environments (venv and ensurepip)." \
        "On Debian or Ubuntu: sudo apt install python$bare-venv. Then run the same command again."
    [ -z "$seen" ] || seen=" Found:${seen%;}."
    die "cxvalue needs Python 3.11, 3.12 or 3.13, and no command python3, python3.13, python3.12, python3.11 or python runs one.$seen" \
        "Install one (macOS: brew install python@3.13; Debian or Ubuntu: sudo apt install python3 python3-venv)," \
        "or activate an environment that has one (conda env create -f environment.yml; conda activate cxvalue)."
}

active=
if [ -n "${VIRTUAL_ENV:-}" ]; then
    active=$VIRTUAL_ENV
elif [ -n "${CONDA_PREFIX:-}" ] && [ -n "${CONDA_DEFAULT_ENV:-}" ] && [ "$CONDA_DEFAULT_ENV" != base ]; then
    active=$CONDA_PREFIX
fi

if [ -z "$active" ] || [ "$active" = "$own" ] || [ "$active" -ef "$own" ]; then
    env=$own
    # One that cannot run, or that came along when the project's folder was moved, is made anew.
    if [ -f "$own/.cxvalue-setup" ] && ! grep -qxF -e "$root" "$own/.cxvalue-setup"; then
        find_python
    elif ask "$own/bin/python" && [ "$fits" = True ]; then
        python=$own/bin/python
    else
        find_python
    fi
else
    env=$active
    ask "$env/bin/python" || die "The active environment $env has no Python that runs." \
        "Deactivate it and run the same command again: the project then makes its own .venv."
    [ "$fits" = True ] || die "The active environment $env has Python $version; cxvalue needs 3.11, 3.12 or 3.13." \
        "Deactivate it and run the same command again: the project then makes its own .venv."
    python=$env/bin/python
fi

# Nothing of the user's site may stand in for the locked packages, nor another kernel for this environment's.
export PYTHONNOUSERSITE=1 JUPYTER_PREFER_ENV_PATH=1
"$python" -I "$root/.ci/install.py" "$root" "$env"
PATH=$env/bin:$PATH
export PATH
if [ $# -gt 0 ]; then
    exec "$env/bin/python" "$@"
fi
printf '%s is ready.\n' "$env"
