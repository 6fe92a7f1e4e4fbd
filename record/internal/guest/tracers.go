package main

import (
	"fmt"
	"os/exec"
	"path"
	"regexp"
)

// stdbufLibrary is what stdbuf has a program load first.
const stdbufLibrary = "/usr/libexec/coreutils/libstdbuf.so"

// addTracers adds this host's perf and trace-cmd, with the libraries that they
// load, under the same paths.
func addTracers(programs map[string]string) error {
	for _, name := range []string{"perf", "trace-cmd", "stdbuf"} {
		file, err := exec.LookPath(name)
		if err != nil {
			return fmt.Errorf("%w (Debian: trace-cmd, linux-perf)", err)
		}
		programs[path.Join(binDir, name)] = file
		if err := addLibraries(file, programs); err != nil {
			return err
		}
	}
	programs[stdbufLibrary] = stdbufLibrary
	return nil
}

var libraryLine = regexp.MustCompile(`(?m)(?:=> |^\s+)(/\S+) \(0x`)

// addLibraries asks ldd.
func addLibraries(file string, programs map[string]string) error {
	out, err := exec.Command("ldd", file).Output()
	if err != nil {
		return fmt.Errorf("ldd %s: %w", file, err)
	}
	for _, m := range libraryLine.FindAllStringSubmatch(string(out), -1) {
		programs[m[1]] = m[1]
	}
	return nil
}
