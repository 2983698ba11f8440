# MIT Kerberos: a realm, with the keys of its user and of a mail server.  Runs as root inside the box.
#
# wrong.keytab holds a key that the KDC does not have any more.
set -eu
umask 077
export KRB5_CONFIG="$RUN/etc/krb5.conf" KRB5_KDC_PROFILE="$RUN/etc/kdc.conf"
kdb5_util create -s -r EXAMPLE.TEST -P "$PASSWORD" >/dev/null
admin() { kadmin.local -r EXAMPLE.TEST "$@" >/dev/null; }
admin addprinc -pw "$PASSWORD" "$USER"
admin ktadd -k "$RUN/wrong.keytab" "$USER"
admin ktadd -k "$RUN/client.keytab" "$USER"
admin addprinc -randkey smtp/localhost
admin ktadd -k "$RUN/server.keytab" smtp/localhost
exec krb5kdc -n
