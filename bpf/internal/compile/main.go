// Command compile makes the BPF objects that the loader embeds: every tier in
// every build for every architecture, stripped of what only debuggers read and
// compressed with zstd. It runs in the folder of the C sources:
//
//	go generate ./bpf
//
// The same compiler makes the same bytes in any folder. An object of half a
// megabyte is mostly BTF and repeats itself: compressed it is a tenth, in the
// binary as in the history of the sources.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	compiler = "clang-14"
	stripper = "llvm-strip-14"
	output   = "objects"
)

var tiers = []string{"fentry", "kprobe", "tracepoint"}

// builds has the flags of each build; what they mean, read.h and state.h say.
var builds = map[string][]string{
	"typed":    nil,
	"mixed":    {"-DMIXED"},
	"portable": {"-DPORTABLE"},
}

// architectures has the kernel's name of each of Go's.
var architectures = map[string]string{"amd64": "x86", "arm64": "arm64"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(1)
	}
}

func run() error {
	// What is no longer made must not stay behind.
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	if err := os.Mkdir(output, 0o755); err != nil {
		return err
	}
	running := make(chan struct{}, runtime.NumCPU())
	var wait sync.WaitGroup
	var failed errorList
	for _, tier := range tiers {
		for build, flags := range builds {
			for goarch, arch := range architectures {
				name := fmt.Sprintf("%s_%s_%s.o.zst", tier, build, goarch)
				flags := append(slices.Clone(flags), "-D__TARGET_ARCH_"+arch)
				wait.Go(func() {
					running <- struct{}{}
					defer func() { <-running }()
					if err := compile(tier+".bpf.c", filepath.Join(output, name), flags); err != nil {
						failed.add(fmt.Errorf("%s: %w", name, err))
					}
				})
			}
		}
	}
	wait.Wait()
	return errors.Join(failed.errs...)
}

// errorList is what may go wrong in several goroutines.
type errorList struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func compile(source, destination string, flags []string) error {
	dir, err := os.MkdirTemp("", "compile")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	object := filepath.Join(dir, "object.o")
	working, err := os.Getwd()
	if err != nil {
		return err
	}
	args := append([]string{
		"-target", "bpfel", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror",
		// Nothing of the compiler's version or of this machine's folders.
		"-fno-ident", "-fdebug-prefix-map=" + working + "=.", "-fdebug-compilation-dir", ".",
		"-c", source, "-o", object,
	}, flags...)
	if err := command(compiler, args...); err != nil {
		return err
	}
	if err := command(stripper, "-g", object); err != nil {
		return err
	}
	elf, err := os.ReadFile(object)
	if err != nil {
		return err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return os.WriteFile(destination, encoder.EncodeAll(elf, nil), 0o644)
}

func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
