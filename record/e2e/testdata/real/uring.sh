# A program that sends through io_uring, with liburing.
set -eu
cc -o "$work/uring" "$here/uring.c" -luring
exec "$work/uring"
