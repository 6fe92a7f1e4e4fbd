// Package stracelog reads the lines of sendmsg and its related calls as `strace
// -X raw -v -s 0` writes them, and renders a msghdr in the same words, so that
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
	"slices"
	"strings"
)

// Call is one line.
type Call struct {
	Name  string
	FD    string
	Msg   string            // the address, when the msghdr was not readable
	Parts map[string]string // the fields of the msghdr, by their names
	Flags string
	Ret   string // "-1 EBADF", "8", "?", "? ERESTARTSYS" or Unfinished
	Line  string

	Messages []map[string]string // of sendmmsg and recvmmsg: the fields of each msghdr, and msg_len
	Args     []string            // of calls without a msghdr: all arguments, as they stand
}

// Unfinished is the result of a call whose return strace has not seen, which it may
// do to a thread that ends right after it, on a busy host.
const Unfinished = "? unfinished"

// names are the calls that Parse knows.
var names = []string{"sendmsg", "sendmmsg", "sendto", "recvmsg", "recvmmsg", "recvfrom", "sendfile"}

// only32 is a call of 32-bit programs, and what it is to others.
const only32, wide = "sendfile64", "sendfile"

// Filter is what strace's option trace= has to be for the calls that Parse knows.
func Filter() string { return strings.Join(names, ",") + ",?" + only32 }

// flagsAt is which argument a call's flags are.
var flagsAt = map[string]int{"sendmsg": 2, "recvmsg": 2, "sendmmsg": 3, "recvmmsg": 3, "sendto": 3, "recvfrom": 3}

var (
	comment = regexp.MustCompile(` ?/\* [^*]*\*/`)
	reason  = regexp.MustCompile(` \(.*\)$`)
)

// Parse reads one line; ok is false for the lines about other calls, signals
// and exits.
func Parse(line string) (c Call, ok bool, err error) {
	name, rest, _ := strings.Cut(line, "(")
	if name == only32 {
		name = wide
	}
	if !slices.Contains(names, name) {
		return Call{}, false, nil
	}
	if cut, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
		rest = cut + ") = " + Unfinished
	}
	// The arguments end at the last ") " before "= ": strings may hold both.
	at := strings.LastIndex(rest, " = ")
	if at < 0 {
		return Call{}, true, fmt.Errorf("no result in %q", line)
	}
	list, found := strings.CutSuffix(strings.TrimRight(rest[:at], " "), ")")
	args := split(list)
	if !found || len(args) < max(2, flagsAt[name]+1) {
		return Call{}, true, fmt.Errorf("%d arguments in %q", len(args), line)
	}
	c = Call{Name: name, FD: args[0], Ret: reason.ReplaceAllString(rest[at+3:], ""), Line: line}
	if n, has := flagsAt[name]; has {
		c.Flags = args[n]
	}
	switch name {
	case "sendmsg", "recvmsg":
		if !strings.HasPrefix(args[1], "{") {
			c.Msg = strings.Replace(args[1], "NULL", "0", 1)
			break
		}
		c.Parts = msghdr(args[1])
	case "sendmmsg", "recvmmsg":
		if !strings.HasPrefix(args[1], "[") {
			break
		}
		for _, element := range split(inside(args[1])) {
			if strings.HasPrefix(element, "{msg_hdr={") {
				c.Messages = append(c.Messages, mmsghdr(element))
			}
		}
	default:
		c.Args = args
	}
	return c, true, nil
}

// msghdr reads "{msg_name=NULL, ...}".
func msghdr(text string) map[string]string {
	parts := map[string]string{}
	for _, field := range split(inside(text)) {
		name, value, _ := strings.Cut(field, "=")
		if name == "msg_iov" {
			value = lengths(value)
		}
		parts[name] = comment.ReplaceAllString(value, "")
	}
	return parts
}

// mmsghdr reads "{msg_hdr={...}, msg_len=5}".
func mmsghdr(text string) map[string]string {
	fields := split(inside(text))
	parts := msghdr(strings.TrimPrefix(fields[0], "msg_hdr="))
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		parts[name] = value
	}
	return parts
}

// inside removes the brackets.
func inside(text string) string { return text[1 : len(text)-1] }

// lengths reduces an array of iovecs to their lengths: "[5, 8]".
func lengths(iov string) string {
	if !strings.HasPrefix(iov, "[") {
		return iov
	}
	var out []string
	for _, element := range split(inside(iov)) {
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
