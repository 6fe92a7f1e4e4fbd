package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// buildAll fetches the kernels and builds, for each architecture, what runs in
// the guests: paths on the host by name in the guest.
func buildAll(o *options, dir string, list []*machine) (map[string]map[string]string, error) {
	programs := map[string]map[string]string{}
	for _, m := range list {
		if err := m.fetch(o.cache); err != nil {
			return nil, err
		}
		if programs[m.arch] != nil {
			continue
		}
		built := map[string]string{}
		programs[m.arch] = built
		for name, args := range o.builds() {
			arch := m.arch
			if name == path.Join(binDir, workload32) {
				arch = map[string]string{"amd64": "386", "arm64": "arm"}[arch]
			}
			file := filepath.Join(dir, m.arch+"-"+path.Base(name))
			if err := goBuild(arch, file, args); err != nil {
				return nil, err
			}
			built[name] = file
		}
		if o.instructions {
			if err := addTracers(built); err != nil {
				return nil, err
			}
		}
		addBusybox(m.arch, built)
	}
	return programs, nil
}

// The names in the guest of what it runs.
const (
	testProgram  = "guest.test"
	benchProgram = "bench"
	workload32   = "workload32" // the workload as a 32-bit program
)

// builds returns the go command's arguments by the program's name in the guest.
func (o *options) builds() map[string][]string {
	list := map[string][]string{
		initPath:                        {"build", "-ldflags", "-s -w", "./record/internal/guest"},
		path.Join(binDir, "sendmsgrec"): {"build", "-ldflags", "-s -w", "./cmd/sendmsgrec"},
		path.Join(binDir, "workload"):   {"build", "-ldflags", "-s -w", "./record/internal/workload"},
		path.Join(binDir, workload32):   {"build", "-ldflags", "-s -w", "./record/internal/workload"},
	}
	if o.instructions {
		list[path.Join(binDir, benchProgram)] = []string{"build", "-ldflags", "-s -w", "./record/bench"}
	} else {
		list[path.Join(binDir, testProgram)] = []string{"test", "-c", "-ldflags", "-s -w", "-tags", "privileged", o.pkg}
	}
	return list
}

// goBuild builds a static program; args end with the package.
func goBuild(arch, file string, args []string) error {
	last := len(args) - 1
	args = append(append(args[:last:last], "-o", file), args[last])
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s (run this in the repository's root): %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// addBusybox gives guests of the host's own architecture a shell, for a command
// that somebody wants to try by hand; no test needs it.
func addBusybox(arch string, programs map[string]string) {
	if file, err := exec.LookPath("busybox"); err == nil && arch == hostArch {
		programs[path.Join(binDir, "busybox")] = file
	}
}

// makeInitrd writes the machine's initial RAM disk.
func makeInitrd(o *options, m *machine, file string, programs map[string]string, j *job) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	a := &archive{w: f}
	for _, dir := range []string{"/proc", "/sys", "/dev", "/tmp", "/etc"} {
		a.dir(dir)
	}
	for name, source := range programs {
		if err := a.addFile(name, source); err != nil {
			return err
		}
	}
	if _, ok := programs[path.Join(binDir, "busybox")]; ok {
		for _, applet := range []string{"sh", "cat", "ls", "true", "cp", "mkdir", "dmesg", "grep", "sleep", "head", "tail"} {
			a.link(path.Join(binDir, applet), "busybox")
		}
	}
	modules, err := collectModules(filepath.Join(m.dir(o.cache), "modules"), m.modules)
	if err != nil {
		return err
	}
	for _, module := range modules {
		a.add(path.Join(modulesDir, module.name), module.content)
		j.Modules = append(j.Modules, module.name)
	}
	a.add(jobPath, j.encode())
	return a.close()
}
