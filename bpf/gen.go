package bpf

// An object for each tier and build.
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror" fentry fentry.bpf.c
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror" kprobe kprobe.bpf.c
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror" tracepoint tracepoint.bpf.c
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror -DPORTABLE" fentryPortable fentry.bpf.c
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror -DPORTABLE" kprobePortable kprobe.bpf.c
//go:generate go tool bpf2go -cc clang-14 -strip llvm-strip-14 -no-global-types -target amd64,arm64 -cflags "-O2 -g -mcpu=v3 -Wall -Werror -DPORTABLE" tracepointPortable tracepoint.bpf.c
