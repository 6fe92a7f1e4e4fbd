package bpf

import "embed"

//go:embed objects/*_arm64.o.zst
var objects embed.FS
