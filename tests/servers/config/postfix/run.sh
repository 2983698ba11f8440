# Runs as root inside the box.
set -eu
umask 022
mkdir -p "$RUN/box/spool" "$RUN/box/data"
chown postfix "$RUN/box/data"
: >/etc/postfix/dynamicmaps.cf
cp "$RUN/etc/main.cf" "$RUN/etc/master.cf" /etc/postfix/
exec postfix start-fg
