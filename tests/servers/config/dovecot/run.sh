# Runs as root inside the box.
set -eu
mkdir -p "$RUN/box/base"
# The key of access tokens, by issuer ("default"), algorithm and name.
mkdir -p "$RUN/etc/keys/default/HS256"
printf %s "$TOKEN_KEY" >"$RUN/etc/keys/default/HS256/default"
exec dovecot -F -c "$RUN/etc/dovecot.conf"
