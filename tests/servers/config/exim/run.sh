# Runs as root inside the box.
set -eu
mkdir -p "$RUN/box/spool"
chown -R Debian-exim:Debian-exim "$RUN/box/spool" "$RUN/log"
chown root:Debian-exim "$RUN/server.key"
chmod 640 "$RUN/server.key"
exec exim4 -C "$RUN/etc/exim.conf" -bdf
