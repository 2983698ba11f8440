# Runs as root inside the box.
set -eu
mkdir -p "$RUN/box/base"
exec dovecot -F -c "$RUN/etc/dovecot.conf"
