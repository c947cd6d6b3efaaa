#!/bin/sh
# Installs Mailstead into /opt/mailstead, or upgrades what is there, and hands over to it.
#
# What lies in /opt/mailstead afterwards:
#   apps/NAME/    the program: a copy of screens/, wizard/ and backends/, its launcher, and a link to its venv
#   venvs/NAME/   the Python environments; `.built-from` is written last and says what one was made of
#   app           a link to the app in use: the one thing that an upgrade switches, in one rename
#   bin, venv     links through `app`, with names that stay
# Nothing in use is ever changed in place, so an install that is interrupted or fails leaves the old program
# working, and the next one clears away what it left.

set -eu

readonly HOME_DIR=/opt/mailstead
readonly LOG_DIR=/var/log/mailstead
readonly LOG=$LOG_DIR/install.log
readonly LINK=/usr/local/bin/mailstead
readonly NEEDED_KIB=1953125 # 2 GB
readonly APT_WAITS=600      # seconds, for another apt to finish
readonly INSTALL_WAITS=900  # seconds, for another install.sh to finish

usage() {
    cat <<'TEXT'
Usage: install.sh [--answers FILE | --quickstart] [--yes] [--no-launch]

Installs Mailstead into /opt/mailstead (or upgrades it), links /usr/local/bin/mailstead, then:

  --answers FILE  sets the mail server up as FILE says, without a person
  --quickstart    sets a mail server up with defaults and this host's name, without a person
  (neither)       says what to do next

  --yes           says yes to what would be asked before changing the machine
  --no-launch     only installs the program
  --help          shows this

Needs root, Debian 12 or 13, Python 3.11 or newer, and 2 GB free in /opt and /var.
Exits with 0: done; 1: failed or refused; 2: wrong call; 4: another install is running.
TEXT
}

say() {
    printf '%s\n' "$*" >&2
}

# refuse EXIT MESSAGE: one line, before anything is touched or when nothing more can be done
refuse() {
    code=$1
    shift
    say "install.sh: $*"
    exit "$code"
}

main() {
    umask 022 # root will run what is written here: nobody else may write to it
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
    unset PYTHONHOME PYTHONPATH PIP_PREFIX PIP_ROOT PIP_TARGET PIP_USER CDPATH

    read_arguments "$@"
    source_dir=$(dirname -- "$(readlink -f -- "$0")")
    check_machine
    check_source

    take_lock
    open_log
    trap clear_debris EXIT
    clear_debris
    get_venv_module
    install_program
    prune
    trap - EXIT
    clear_debris
    hand_over
}

read_arguments() {
    answers='' quickstart='' yes='' launch=yes
    while [ $# -gt 0 ]; do
        case $1 in
        --answers)
            [ -n "${2:-}" ] || refuse 2 '--answers needs a file'
            answers=$2
            shift
            ;;
        --answers=?*) answers=${1#--answers=} ;;
        --quickstart) quickstart=yes ;;
        --yes) yes=--yes ;;
        --no-launch) launch='' ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) refuse 2 "unknown argument '$1' (install.sh --help shows what there is)" ;;
        esac
        shift
    done
    [ -z "$answers" ] || [ -z "$quickstart" ] || refuse 2 '--answers and --quickstart exclude each other'
}

check_machine() {
    [ "$(id -u)" -eq 0 ] || refuse 1 'must run as root (try: sudo ./install.sh)'
    # shellcheck disable=SC1091 # the machine's file
    release=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${VERSION_ID:-}") || release=''
    case $release in
    'debian 12' | 'debian 13') ;;
    *) refuse 1 "needs Debian 12 or 13; /etc/os-release says '${release:-nothing}'" ;;
    esac
    find_python
    for room in /opt /var; do
        free=$(df --output=avail -k "$room" 2>/dev/null || df --output=avail -k /)
        free=$(printf '%s\n' "$free" | tail -n 1)
        [ "$free" -ge "$NEEDED_KIB" ] || refuse 1 "needs 2 GB free in $room; there are $((free / 1000)) MB"
    done
    if [ -n "$answers" ] && { [ -d "$answers" ] || [ ! -r "$answers" ]; }; then
        refuse 2 "cannot read the answers file '$answers'"
    fi
    if [ -e "$LINK" ] && [ "$(readlink "$LINK")" != "$HOME_DIR/bin/mailstead" ]; then
        refuse 1 "$LINK is there and not Mailstead's; move it away first"
    fi
}

# Sets $python, its whole path: Debian's own first, else any other on PATH.
find_python() {
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        python=$("$candidate" -I -c \
            'import sys; print(sys.executable) if sys.version_info >= (3, 11) else sys.exit(1)' 2>/dev/null) \
            && return
    done
    refuse 1 'needs Python 3.11 or newer; install it with: apt-get install python3-venv'
}

check_source() {
    for part in screens/command_line.py wizard backends requirements.txt requirements-build.txt; do
        [ -e "$source_dir/$part" ] || refuse 1 "$source_dir/$part is missing; run install.sh where it was unpacked"
    done
}

# Held (as file descriptor 9) until the program takes over. pip inherits it: should this script be killed, the
# next one waits until pip is gone too, and then clears away what it left.
take_lock() {
    mkdir -p "$HOME_DIR"
    exec 9>>"$HOME_DIR/.install-lock"
    flock --nonblock 9 && return
    say 'Another install.sh is running; waiting for it.'
    flock --wait "$INSTALL_WAITS" 9 || refuse 4 'another install.sh is still running'
}

open_log() {
    mkdir -p "$LOG_DIR"
    (umask 077 && : >"$LOG")
}

# Removes what an interrupted or failed install left. Nothing in use is ever without its mark.
clear_debris() {
    rm -rf "$HOME_DIR/tmp" "$HOME_DIR"/*.new
    for made in "$HOME_DIR"/venvs/* "$HOME_DIR"/apps/*; do
        [ ! -d "$made" ] || [ -e "$made/.built-from" ] || rm -rf "$made"
    done
}

# Debian keeps the part of venv that brings pip in a package of its own.
get_venv_module() {
    "$python" -I -c 'import ensurepip, venv' 2>/dev/null && return
    say 'Installing python3-venv.'
    apt_get install --yes --no-install-recommends python3-venv && return
    refresh_package_lists
    apt_get install --yes --no-install-recommends python3-venv || fail 'apt-get could not install python3-venv' '^E:'
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -o "DPkg::Lock::Timeout=$APT_WAITS" "$@" >>"$LOG" 2>&1 </dev/null 9>&-
}

# apt-get waits for dpkg's lock by itself, but not for that of the package lists.
refresh_package_lists() {
    waited=0
    until apt_get update || [ "$waited" -ge "$APT_WAITS" ]; do
        tail -n 5 "$LOG" | grep -q 'lists/lock' || return 0 # one list may fail and the rest do
        sleep 5
        waited=$((waited + 5))
    done
}

# fail MESSAGE PATTERN: adds the log's last line that matches, and where the rest is
fail() {
    reason=$(grep -E "$2" "$LOG" | tail -n 1 | tr -cd '[:print:]' | cut -c 1-300)
    refuse 1 "$1${reason:+ ($reason)}; all of it is in $LOG"
}

install_program() {
    stamp=$(date -u +%Y%m%dT%H%M%SZ)-$$
    venv_key=$(key_of_venv)
    app_key=$(key_of_app "$source_dir")
    current=$(readlink -e "$HOME_DIR/app") || current=''
    if is_up_to_date "$current" && starts "$current"; then
        say 'The program is up to date.'
    else
        mkdir -p "$HOME_DIR/apps" "$HOME_DIR/venvs"
        app=$HOME_DIR/apps/$stamp
        find_venv && make_app
        if ! starts "$app"; then # no venv of this kind yet, or a damaged one
            say "Installing Mailstead's Python environment."
            make_venv
            make_app
            starts "$app" || fail 'the program does not start' 'Error'
        fi
        finish_app
        switch "apps/$stamp" "$HOME_DIR/app"
        renew_service
    fi
    switch app/bin "$HOME_DIR/bin"
    switch app/venv "$HOME_DIR/venv"
    mkdir -p "$(dirname "$LINK")"
    switch "$HOME_DIR/bin/mailstead" "$LINK"
}

# What runs for good goes on with the program as it is now: the one before may soon be gone.
renew_service() {
    service=mailstead-tls-policy
    if [ -d /run/systemd/system ]; then
        systemctl try-restart "$service.service" >>"$LOG" 2>&1 || true
    elif [ -x "/etc/init.d/$service" ] && "/etc/init.d/$service" status >>"$LOG" 2>&1; then
        "/etc/init.d/$service" restart >>"$LOG" 2>&1 || true
    fi
}

# What a venv is made of: the locked requirements and the Python.
key_of_venv() {
    {
        cat "$source_dir/requirements-build.txt" "$source_dir/requirements.txt"
        "$python" -I -c 'import sys; print(sys.executable, sys.version_info[:2])'
    } | sha256sum | cut -c 1-64
}

# key_of_app DIR: what the program in DIR is made of, byte for byte
key_of_app() {
    (
        cd "$1"
        find screens wizard backends -name __pycache__ -prune -o -type f -print0 | LC_ALL=C sort -z \
            | xargs -0 sha256sum | sha256sum | cut -c 1-64
    )
}

# is_up_to_date APP: also that nobody changed it since
is_up_to_date() {
    [ "$(cat "$1/.built-from" 2>/dev/null)" = "$app_key $venv_key" ] && [ "$(key_of_app "$1")" = "$app_key" ]
}

# starts APP: whether the program there runs, with all that it is built on
starts() {
    [ -x "$1/bin/mailstead" ] && "$1/bin/mailstead" --help >>"$LOG" 2>&1 </dev/null
}

# Sets $venv to the newest one that is made of the same.
find_venv() {
    venv=''
    for made in "$HOME_DIR"/venvs/*; do
        [ "$(cat "$made/.built-from" 2>/dev/null)" != "$venv_key" ] || venv=$made
    done
    [ -n "$venv" ]
}

# A venv holds its own path in its scripts, so it is made in its place and marked when it is whole.
make_venv() {
    venv=$HOME_DIR/venvs/$stamp
    mkdir -p "$HOME_DIR/tmp" # /tmp may be small
    TMPDIR=$HOME_DIR/tmp "$python" -I -m venv "$venv" >>"$LOG" 2>&1 || fail 'the Python environment could not be made' 'Error'
    pip_install --only-binary=:all: --requirement "$source_dir/requirements-build.txt"
    pip_install --only-binary=:all: --no-binary=dkimpy --use-pep517 --no-build-isolation \
        --requirement "$source_dir/requirements.txt"
    # It was there to build dkimpy, and would slow every start down.
    "$venv/bin/python" -I -m pip uninstall --quiet --yes setuptools >>"$LOG" 2>&1
    mark "$venv" "$venv_key"
}

pip_install() {
    TMPDIR=$HOME_DIR/tmp "$venv/bin/python" -I -m pip install --no-input --disable-pip-version-check --require-hashes \
        "$@" >>"$LOG" 2>&1 </dev/null \
        || fail 'pip could not install what Mailstead is built on' '^ *ERROR:'
}

# Copies the program to $app, to run on $venv. Finished and marked by finish_app.
make_app() {
    rm -rf "$app"
    mkdir -p "$app/bin"
    cp -R "$source_dir/screens" "$source_dir/wizard" "$source_dir/backends" "$app/"
    find "$app" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$app"
    ln -s "../../venvs/${venv##*/}" "$app/venv"
    # The launcher names its own app, not the link: a program that runs keeps to its own files while an upgrade
    # switches the link.
    cat >"$app/bin/mailstead" <<LAUNCHER
#!$app/venv/bin/python -I
import sys

sys.path.insert(0, "$app")

from screens.command_line import main

sys.exit(main())
LAUNCHER
    chmod 755 "$app/bin/mailstead"
}

finish_app() {
    "$app/venv/bin/python" -I -m compileall -q -j 0 "$app/screens" "$app/wizard" "$app/backends" >>"$LOG" 2>&1 \
        || fail 'the program could not be compiled' 'Error'
    mark "$app" "$app_key $venv_key"
}

# mark DIR TEXT: says that DIR is whole, once all of it is on the disk
mark() {
    sync --file-system "$HOME_DIR"
    printf '%s\n' "$2" >"$1/.built-from.new"
    sync "$1/.built-from.new"
    mv "$1/.built-from.new" "$1/.built-from"
}

# switch TARGET LINK: makes LINK point to TARGET in one step
switch() {
    [ "$(readlink "$2")" != "$1" ] || return 0
    rm -f "$2.new"
    ln -s "$1" "$2.new"
    mv --no-target-directory "$2.new" "$2"
}

# Keeps what is in use and the one before it.
prune() {
    current=$(readlink -f "$HOME_DIR/app")
    previous=$(find "$HOME_DIR/apps" -mindepth 1 -maxdepth 1 -type d ! -path "$current" | LC_ALL=C sort | tail -n 1)
    for app in "$HOME_DIR"/apps/*; do
        [ "$app" = "$current" ] || [ "$app" = "$previous" ] || rm -rf "$app"
    done
    for venv in "$HOME_DIR"/venvs/*; do
        [ "$venv" = "$(readlink -f "$current/venv")" ] || [ "$venv" = "$(readlink -f "$previous/venv")" ] \
            || rm -rf "$venv"
    done
}

hand_over() {
    exec 9>&- # another install may start from here on
    if [ -z "$launch" ]; then
        say "Mailstead is installed: $LINK"
    elif [ -n "$answers" ]; then
        exec "$LINK" replay --answers "$answers" ${yes:+"$yes"}
    elif [ -n "$quickstart" ]; then
        exec "$LINK" replay --quickstart ${yes:+"$yes"}
    elif [ -t 0 ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
        exec "$LINK" # the wizard; the console where a server is set up already
    else
        say "Mailstead is installed: $LINK"
        say 'Next, write down what you want, see what would change, and let it happen:'
        say '  mailstead answers init --hostname HOST --domain DOMAIN --admin ADDRESS -o answers.toml'
        say '  mailstead plan --answers answers.toml --diff'
        say '  mailstead replay --answers answers.toml'
    fi
}

main "$@"
