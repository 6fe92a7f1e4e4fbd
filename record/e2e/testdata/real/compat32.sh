# A 32-bit busybox, linked with a C library of its own: it sets up an interface by
# netlink, pings it, copies a file, and asks a name server.
set -eu
unbound -d -c "$here/unbound.conf" &
echo 'nameserver 127.5.3.1' >"$work/resolv.conf"
unshare -n sh -c '
	"$busybox32" ip link set lo up
	"$busybox32" ip address add 10.1.2.3/8 dev lo
	"$busybox32" ip address show >"$work/addresses"
	"$busybox32" ping -c 1 -W 10 10.1.2.3
'
grep -q 10.1.2.3 "$work/addresses"
"$busybox32" cat "$work/addresses" >"$work/copy"
cmp "$work/addresses" "$work/copy"
# The name is found or not: what counts is that it is asked for.
unshare -m sh -c 'mount --bind "$work/resolv.conf" /etc/resolv.conf && exec "$busybox32" nc -w 1 a.example 9' || :
kill $!
wait
