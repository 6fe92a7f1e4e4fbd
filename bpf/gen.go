package bpf

//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror" tracepoint tracepoint.bpf.c
