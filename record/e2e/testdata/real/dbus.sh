# A client passes two descriptors to the bus daemon, which passes them on to a
# monitor.
set -eu
exec dbus-run-session --config-file="$here/dbus.conf" -- sh -euc '
	dbus-monitor >"$work/seen" &
	until grep -q NameAcquired "$work/seen"; do sleep 0.05; done
	/usr/bin/python3 "$here/pass.py"
	until grep -q member=Take "$work/seen"; do sleep 0.05; done
	kill $!'
