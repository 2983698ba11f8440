# Runs as root inside the box.
set -eu
umask 022
mkdir -p "$RUN/box/spool" "$RUN/box/data" /etc/postfix/sasl
chown postfix "$RUN/box/data"
printf %s "$PASSWORD" | saslpasswd2 -p -c -u cyrus.example.test -f "$RUN/box/sasldb2" "$USER"
chgrp postfix "$RUN/box/sasldb2"
chmod 640 "$RUN/box/sasldb2"
cp "$RUN/../kerberos/etc/krb5.conf" /etc/krb5.conf
install -o postfix -m 400 "$RUN/../kerberos/server.keytab" /etc/krb5.keytab
: >/etc/postfix/dynamicmaps.cf
cp "$RUN/etc/main.cf" "$RUN/etc/master.cf" /etc/postfix/
cp "$RUN/etc/smtpd.conf" /etc/postfix/sasl/
exec postfix start-fg
