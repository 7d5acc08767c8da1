#!/bin/sh
# Installs the programs that the tests (or the demo) talk to, where that can be done: as root on Debian, with apt.
# Elsewhere it says what is missing and what is done without it. Usage: install_servers.sh demo|test|more|image
#
# Nothing is started: the tests start their own servers, on free ports, in folders of their own.
set -eu

POLICY=/usr/sbin/policy-rc.d # asked by Debian's packages whether a daemon may be started (101: no)
KEPT=$POLICY.kept-by-dragoman
OURS="#!/bin/sh
# Written by Dragoman's tests/install_servers.sh, to be gone in a moment.
exit 101"

say() { printf '%s\n' "$*" >&2; }

# name of the package | its proof: a file or a program | what is skipped without it
# What `make demo` needs, what `make test` needs besides, and what `make test-all` needs besides.
DEMO="
apertium|apertium|translation without a translation service
apertium-eng-spa|/usr/share/apertium/modes/eng-spa.mode|translation into Spanish"
TEST="
postgresql|/usr/lib/postgresql/*/bin/initdb initdb|the ledgers on PostgreSQL
redis-server|redis-server valkey-server|a broker that dies and comes back
postfix|/usr/sbin/postfix|mail through a real mail server
dovecot-imapd|/usr/lib/dovecot/imap|answers in the sender's thread, seen by a mail server
dovecot-submissiond|/usr/lib/dovecot/submission|sending with a token in place of a password
swaks|swaks|mail from a real client
curl|curl|an upload from a real client
chromium|chromium chromium-browser google-chrome|the web pages in a browser
nginx-light|/usr/sbin/nginx|a proxy in front, and sign-in through one
caddy|caddy|a proxy in front
tesseract-ocr|tesseract|text recognition
prometheus|promtool|alert rules tried with Prometheus's own tool
poppler-utils|pdftoppm|a second opinion on the translated PDF
qpdf|qpdf|a third opinion on the translated PDF
libimage-exiftool-perl|exiftool|the mark of machine translation, as other programs read it"
MORE="
jq|jq|a command of the docs
s-nail|s-nail|mail from a real client
mutt|mutt|mail from a real client
msmtp|msmtp|mail from a real client
apertium-eng-cat|/usr/share/apertium/modes/eng-cat.mode|translation into Catalan
apertium-fr-es|/usr/share/apertium/modes/fr-es.mode|translation from French
apertium-spa-ita|/usr/share/apertium/modes/spa-ita.mode|translation into Italian"

# The image's build without Docker, and what its services talk to.
IMAGE="
buildah|buildah|the real Dockerfile, built and started
debootstrap|/usr/sbin/debootstrap|the base of the image
postgresql|/usr/lib/postgresql/*/bin/initdb initdb|the image's services
redis-server|redis-server|the image's services
redis-tools|redis-cli|the image's services
wget|wget|the image's services"

wanted() {
    case $1 in
    image) printf '%s\n' "$IMAGE" ;;
    demo) printf '%s\n' "$DEMO" ;;
    test) printf '%s\n' "$DEMO" "$TEST" ;;
    *) printf '%s\n' "$DEMO" "$TEST" "$MORE" ;;
    esac | grep .
}

is_there() {
    for proof in $1; do # a pattern becomes its matches here, or stays as it is
        case $proof in
        /*) [ -e "$proof" ] && return 0 ;;
        *) command -v "$proof" >/dev/null 2>&1 && return 0 ;;
        esac
    done
    return 1
}

missing() {
    wanted "$1" | while IFS='|' read -r package proofs purpose; do
        is_there "$proofs" || printf '%s|%s\n' "$package" "$purpose"
    done
}

is_debian_root() {
    [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release && command -v apt-get >/dev/null 2>&1
}

start_no_daemons() {
    as_before # what a killed run of this script left is put right first
    if [ -e "$POLICY" ]; then cp -p "$POLICY" "$KEPT"; fi
    printf '%s\n' "$OURS" >"$POLICY"
    chmod 755 "$POLICY"
}

as_before() {
    if [ -e "$KEPT" ]; then
        mv -f "$KEPT" "$POLICY"
    elif grep -qs "Dragoman's tests/install_servers.sh" "$POLICY"; then
        rm -f "$POLICY"
    fi
}

# .ci/venv.sh runs beside this script, and may install Python's venv.
alone() { flock /var/lock/dragoman-apt "$@"; }

install() {
    say "Installing: $*"
    trap as_before EXIT
    trap 'exit 130' INT TERM
    start_no_daemons
    # Postfix asks what it is; without an answer it makes a configuration, and a mail server of this machine.
    case " $* " in
    *" postfix "*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
    esac
    alone apt-get update -q >/dev/null
    alone env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >/dev/null
}

what=${1:-test}
lacking=$(missing "$what")
[ -n "$lacking" ] || exit 0
if is_debian_root; then
    # shellcheck disable=SC2046 # one word each
    install $(printf '%s\n' "$lacking" | cut -d'|' -f1)
else
    say "Not installed (this script installs it as root on Debian only):"
    printf '%s\n' "$lacking" | while IFS='|' read -r package purpose; do
        say "  $package (for: $purpose)"
    done
fi
