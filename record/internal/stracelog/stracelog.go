// Package stracelog reads sendmsg lines as `strace -X raw -v -s 0 -e
// trace=sendmsg` writes them, and renders a call in the same words, so that
// strace can be a witness against a recording.
//
// Both sides are texts field by field: what strace prints of a value is
// compared, not what it means. Where strace prints what no recording can know
// (the bytes behind iov_base, the address in a comment), Parse leaves it out.
package stracelog

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Call is one line.
type Call struct {
	FD    string
	Msg   string            // the address, when the msghdr was not readable
	Parts map[string]string // the fields of the msghdr, by their names
	Flags string
	Ret   string // "-1 EBADF", "8", "?" or "? ERESTARTSYS"
	Line  string
}

var (
	comment = regexp.MustCompile(` ?/\* [^*]*\*/`)
	reason  = regexp.MustCompile(` \(.*\)$`)
)

// Parse reads one line; ok is false for the lines about signals and exits.
func Parse(line string) (c Call, ok bool, err error) {
	rest, ok := strings.CutPrefix(line, "sendmsg(")
	if !ok {
		return Call{}, false, nil
	}
	// The arguments end at the last ") " before "= ": strings may hold both.
	at := strings.LastIndex(rest, " = ")
	if at < 0 {
		return Call{}, true, fmt.Errorf("no result in %q", line)
	}
	args, found := strings.CutSuffix(strings.TrimRight(rest[:at], " "), ")")
	parts := split(args)
	if !found || len(parts) != 3 {
		return Call{}, true, fmt.Errorf("%d arguments in %q", len(parts), line)
	}
	c = Call{FD: parts[0], Flags: parts[2], Ret: reason.ReplaceAllString(rest[at+3:], ""), Line: line}
	if !strings.HasPrefix(parts[1], "{") {
		c.Msg = strings.Replace(parts[1], "NULL", "0", 1)
		return c, true, nil
	}
	c.Parts = map[string]string{}
	for _, field := range split(parts[1][1 : len(parts[1])-1]) {
		name, value, _ := strings.Cut(field, "=")
		if name == "msg_iov" {
			value = lengths(value)
		}
		c.Parts[name] = comment.ReplaceAllString(value, "")
	}
	return c, true, nil
}

// lengths reduces an array of iovecs to their lengths: "[5, 8]".
func lengths(iov string) string {
	if !strings.HasPrefix(iov, "[") {
		return iov
	}
	var out []string
	for _, element := range split(iov[1 : len(iov)-1]) {
		if i := strings.LastIndex(element, ", iov_len="); i >= 0 {
			out = append(out, strings.TrimSuffix(element[i+len(", iov_len="):], "}"))
			continue
		}
		out = append(out, "...")
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// split cuts at the commas that stand in no bracket and no string.
func split(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("([{", s[i]) >= 0:
			depth++
		case strings.IndexByte(")]}", s[i]) >= 0:
			depth--
		case s[i] == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" || len(out) > 0 {
		out = append(out, last)
	}
	return out
}

// ReadDir reads the files that `strace -ff -o dir/NAME` left, one a thread;
// the result is by thread id, in the order of the calls.
func ReadDir(dir string) (map[int][]Call, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	calls := map[int][]Call{}
	for _, file := range files {
		var tid int
		if _, err := fmt.Sscanf(filepath.Ext(file), ".%d", &tid); err != nil {
			return nil, fmt.Errorf("thread id in %s: %w", file, err)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read strace's output: %w", err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			c, ok, err := Parse(line)
			if err != nil {
				return nil, err
			}
			if ok {
				calls[tid] = append(calls[tid], c)
			}
		}
	}
	return calls, nil
}
