# Knot DNS signs three zones, and Unbound validates what it says.  Runs as root inside the box.
#
# example.test is signed by the key that Unbound trusts, bogus.test by another one, and
# unsigned.test is not signed.
set -eu
mkdir -p "$RUN/box/knot"
key() { # ZONE: a key that signs it
    keymgr -c "$RUN/etc/knot.conf" "$1" generate algorithm=ECDSAP256SHA256 ksk=yes zsk=yes >"$RUN/box/key"
}
key example.test
keymgr -c "$RUN/etc/knot.conf" example.test ds >"$RUN/box/anchors"
key bogus.test
sed -n 's/^example\.test\./bogus.test./p' "$RUN/box/anchors" >"$RUN/box/wrong"
cat "$RUN/box/wrong" >>"$RUN/box/anchors"
chmod 755 "$RUN/box"
install -o unbound -m 400 "$RUN/server.key" "$RUN/box/server.key"
knotd -c "$RUN/etc/knot.conf" &
exec unbound -d -c "$RUN/etc/unbound.conf"
