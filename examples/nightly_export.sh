#!/bin/sh
# Export all customers; an export that broke off goes on where it stopped. For cron:
#
#     30 2 * * * /opt/enkash/nightly_export.sh /etc/enkash.env /srv/customers.jsonl.gz
#
# The first file sets ENKASH_BASE_URL and credentials, and ENKASH_ASYNC, the path of the command: cron
# hands down next to no environment. Keep it readable by you only. ENKASH_ATTEMPTS (3) is how often
# it is tried, ENKASH_PAUSE (600) the seconds in between. The exit status is that of the last attempt.
set -eu
set -a
. "$1"
set +a

attempt=1
while true; do
    status=0
    "${ENKASH_ASYNC:-enkash-async}" customers export --quiet --resume --output "$2" || status=$?
    case $status in
    # Whole; wrong usage; credentials that were refused, of which a third would lock the account, or
    # may not do this; ended by you.
    0 | 2 | 3 | 129 | 130 | 143) exit "$status" ;;
    esac
    [ "$attempt" -lt "${ENKASH_ATTEMPTS:-3}" ] || exit "$status"
    attempt=$((attempt + 1))
    sleep "${ENKASH_PAUSE:-600}"
done
