# Runs as root inside the box.
set -eu
umask 022
mkdir -p /etc/mail/tls /etc/mail/sasl /etc/sasl2 "$RUN/box/queue"
cp "$PKI/ca.pem" /etc/mail/tls/ca.pem
cp "$RUN/server-chain.pem" /etc/mail/tls/server.pem
cp "$RUN/server.key" /etc/mail/tls/server.key
chmod 600 /etc/mail/tls/server.key
: >/etc/mail/local-host-names
: >/etc/mail/access
echo "$PASSWORD" | saslpasswd2 -p -c -u sendmail.example.test -f /etc/sasldb2 "$USER"
chmod 600 /etc/sasldb2
for f in /etc/sasl2/Sendmail.conf /etc/mail/sasl/Sendmail.conf /etc/mail/sasl/Sendmail.conf.2; do
  printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\n' >"$f"
done
chown smmta:smmta "$RUN/box/queue"
chmod 700 "$RUN/box/queue"
m4 "$RUN/etc/sendmail.mc" >/etc/mail/sendmail.cf
for d in /usr/libexec/sendmail/sendmail /usr/lib/sm.bin/sendmail; do
  [ ! -x "$d" ] || exec "$d" -bD -C/etc/mail/sendmail.cf
done
echo "no sendmail binary found"
exit 1
