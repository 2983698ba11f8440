#!/bin/sh
# box.sh ROOT USERS WORK CMD...
#
# Run CMD in private mount and pid namespaces in which the Debian packages unpacked under ROOT are
# laid over /usr, /etc and /var.  Nothing on the host changes: what CMD writes to /etc, /var and
# /run goes to a tmpfs on the empty directory WORK, seen only inside, and is gone when CMD ends.
# USERS holds passwd(5) lines of the accounts that CMD needs.  Inside, names are looked up in files
# only.  Needs root.
#
# CMD gets /dev/null as its input; the input of this script is its lifeline: at its end CMD gets
# TERM, and KILL five seconds later.  When this script's process dies, all inside is killed.
set -eu
R=$1 USERS=$2 W=$3
shift 3
export R USERS W
exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private sh -eu -c '
mount -t tmpfs -o mode=755 smtpwire "$W"
mkdir -p "$W/etc" "$W/etc.work" "$W/var" "$W/var.work"
mount -t overlay overlay -o lowerdir="$R/usr":/usr /usr
mount -t overlay overlay -o lowerdir="$R/etc":/etc,upperdir="$W/etc",workdir="$W/etc.work" /etc
mount -t overlay overlay -o lowerdir="$R/var":/var,upperdir="$W/var",workdir="$W/var.work" /var
mount -t tmpfs -o mode=755 smtpwire /run
mkdir -p -m 1777 /run/lock
rm -f /etc/resolv.conf /etc/hosts /etc/nsswitch.conf
echo "nameserver 127.0.0.1" >/etc/resolv.conf
echo "options timeout:1 attempts:1" >>/etc/resolv.conf
printf "127.0.0.1 localhost mx.example.test" >/etc/hosts
for name in postfix cyrus exim dovecot opensmtpd sendmail; do printf " $name.example.test"; done >>/etc/hosts
echo >>/etc/hosts
for database in passwd group shadow hosts services protocols aliases; do
  echo "$database: files"
done >/etc/nsswitch.conf
while IFS=: read -r name x uid gid rest; do
  sed -i "/^$name:/d" /etc/passwd /etc/group
  echo "$name:x:$uid:$gid:$rest" >>/etc/passwd
  grep -q "^[^:]*:x:$gid:" /etc/group || echo "$name:x:$gid:" >>/etc/group
done <"$USERS"
exec 3<&0
"$@" </dev/null 3<&- & child=$!
{ cat <&3 >/dev/null; kill -TERM $child; sleep 5; kill -KILL -1; } 2>/dev/null &
exec 3<&-
wait $child' box "$@"
