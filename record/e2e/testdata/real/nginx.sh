# A web server that sends files with sendfile, from two worker processes.
set -eu
cd "$work"
mkdir www
head -c 300000 /dev/urandom >"$work/www/large"
head -c 100 /dev/urandom >"$work/www/small"
nginx -p . -c "$here/nginx.conf" &
until [ -e "$work/socket" ]; do sleep 0.05; done
for file in large small large; do
	curl -s --unix-socket "$work/socket" "http://localhost/$file" | cmp - "$work/www/$file"
done
kill -QUIT $!
wait
