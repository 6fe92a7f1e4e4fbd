# A name server, asked by dig, and by glibc's resolver, which sends its two
# questions with one sendmmsg.
set -eu
unbound -d -c "$here/unbound.conf" &
dig +tries=20 +time=1 -p 53 @127.5.3.1 a.example A a.example AAAA >"$work/answers"
grep -q 192.0.2.1 "$work/answers"
grep -q 2001:db8::1 "$work/answers"
echo 'nameserver 127.5.3.1' >"$work/resolv.conf"
unshare -m sh -c 'mount --bind "$work/resolv.conf" /etc/resolv.conf && exec getent ahosts a.example' >"$work/hosts"
grep -q 192.0.2.1 "$work/hosts"
kill $!
wait
