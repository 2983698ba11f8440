# Runs as root inside the box.
set -eu
mkdir -p /run/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
chmod 755 "$RUN/etc/deliver.sh"
exec smtpd -d -f "$RUN/etc/smtpd.conf"
