package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

// killedEvents is the size of the recording that is replayed and killed.
const killedEvents = 60_000

// receiver notes the ids of what arrives, by run of the replay and by unit: a
// request, or what one connection brought.
type receiver struct {
	// next reads the id of the next record; a record that is cut is an error.
	next  func(in *bufio.Reader) (string, error)
	mu    sync.Mutex
	run   int
	units []receivedUnit
}

type receivedUnit struct {
	run int
	ids []string
}

// nextLine reads the id of a JSON line.
func nextLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return "", err
	}
	var record struct{ ID string }
	return record.ID, json.Unmarshal(line, &record)
}

// nextMessage reads the id of a protobuf message, which is its first field.
func nextMessage(in *bufio.Reader) (string, error) {
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return "", err
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(in, message); err != nil {
		return "", err
	}
	number, kind, n := protowire.ConsumeTag(message)
	if n < 0 || number != 1 || kind != protowire.BytesType {
		return "", fmt.Errorf("no id in front of %x", message)
	}
	id, n := protowire.ConsumeString(message[n:])
	return id, protowire.ParseError(min(n, 0))
}

// take reads records to the end.
func (r *receiver) take(body io.Reader) {
	unit := receivedUnit{}
	in := bufio.NewReader(body)
	for {
		id, err := r.next(in)
		if err != nil {
			break
		}
		unit.ids = append(unit.ids, id)
	}
	r.mu.Lock()
	unit.run = r.run
	r.units = append(r.units, unit)
	r.mu.Unlock()
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // killed within a request: nothing was acknowledged
	}
	r.take(bytes.NewReader(body))
	w.WriteHeader(http.StatusNoContent)
}

// listen takes connections until the test ends.
func (r *receiver) listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				r.take(c)
				c.Close()
			}()
		}
	}()
	return l
}

// replayCommand is this test binary as sendmsgrec.
func replayCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"sendmsgrec", "replay"}, args...)
	return cmd
}

func writeRecording(t *testing.T, o gen.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "killed.smr")
	var b bytes.Buffer
	if _, err := gen.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// killUntilDone replays to the target and kills the replay after a random
// part of the time that a whole replay takes, again and again, until one run
// comes to its end. Later runs get more time, so that there is an end.
func killUntilDone(t *testing.T, r *receiver, whole time.Duration, args ...string) (kills int) {
	t.Helper()
	for {
		cmd := replayCommand(args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(whole/4+rand.N(whole/2+whole*time.Duration(kills)/8), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return kills
		case errors.As(err, &exit) && exit.ExitCode() < 0:
		default:
			t.Fatalf("%v: %s", err, stderr.String())
		}
		kills++
		if r != nil {
			r.mu.Lock()
			r.run++
			r.mu.Unlock()
		}
	}
}

func TestAKilledReplayGoesOnWithoutALoss(t *testing.T) {
	path := writeRecording(t, gen.Options{Events: killedEvents, Seed: 3, SegmentEvents: 1000, CPUs: 2, GapEvery: 5})
	common := []string{path, "--max", "--batch", "250", "--id", "--fields", "cpu,seq", "--resume"}
	started := time.Now()
	whole, err := replayCommand(path, "--max", "--id", "--fields", "cpu,seq", "--to", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	all := receiver{next: nextLine}
	all.take(bytes.NewReader(whole))
	want := all.units[0].ids
	if len(want) < killedEvents {
		t.Fatalf("%d records", len(want))
	}

	t.Run("file: has every record once", func(t *testing.T) {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.jsonl")
		kills := killUntilDone(t, nil, took, append(common, "--checkpoint", filepath.Join(dir, "ckpt"), "--to", "file:"+out)...)
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("after %d kills the file has %d bytes, and is not the %d of a replay without", kills, len(got), len(whole))
		}
		t.Logf("%d kills", kills)
	})
	t.Run("file: has every protobuf message once", func(t *testing.T) {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.pb")
		whole, err := replayCommand(path, "--max", "--id", "--fields", "cpu,seq", "--format", "protobuf", "--to", "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		kills := killUntilDone(t, nil, took, append(common, "--format", "protobuf", "--checkpoint", filepath.Join(dir, "ckpt"), "--to", "file:"+out)...)
		got, err := os.ReadFile(out)
		if err != nil || !bytes.Equal(got, whole) {
			t.Errorf("after %d kills the file has %d bytes (%v), and is not the %d of a replay without", kills, len(got), err, len(whole))
		}
		r := receiver{next: nextMessage}
		r.take(bytes.NewReader(got))
		if !slices.Equal(r.units[0].ids, want) {
			t.Errorf("%d ids, want those of the %d JSON objects", len(r.units[0].ids), len(want))
		}
	})
	for _, kind := range []string{"http", "tcp", "unix", "http with protobuf", "tcp with protobuf"} {
		t.Run(kind+": misses nothing and repeats the last batch only", func(t *testing.T) {
			r, flags := &receiver{next: nextLine}, slices.Clone(common)
			kind, compact := strings.CutSuffix(kind, " with protobuf")
			if compact {
				r.next, flags = nextMessage, append(flags, "--format", "protobuf")
			}
			dir := t.TempDir()
			var to string
			switch kind {
			case "http":
				s := httptest.NewServer(r)
				defer s.Close()
				to = s.URL + "/"
			case "tcp":
				to = "tcp:" + r.listen(t, "tcp", "127.0.0.1:0").Addr().String()
			case "unix":
				to = "unix:" + r.listen(t, "unix", filepath.Join(dir, "socket")).Addr().String()
			}
			kills := killUntilDone(t, r, took, append(flags, "--checkpoint", filepath.Join(dir, "ckpt"), "--to", to)...)
			t.Logf("%d kills", kills)
			r.check(t, want, kills, 250)
		})
	}
}

// check requires that all ids are there, and that what is there twice was sent
// again by the run after a kill, at most a batch of it.
func (r *receiver) check(t *testing.T, want []string, kills, batch int) {
	t.Helper()
	complete := func() (map[string]int, int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		first, twice := map[string]int{}, 0
		for _, u := range r.units {
			for _, id := range u.ids {
				if _, ok := first[id]; ok {
					twice++
				} else {
					first[id] = u.run
				}
			}
		}
		return first, twice
	}
	first, twice := complete()
	for deadline := time.Now().Add(20 * time.Second); len(first) < len(want) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // what a connection brought is noted at its end
		first, twice = complete()
	}
	var missing []string
	for _, id := range want {
		if _, ok := first[id]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 || len(first) != len(want) {
		t.Errorf("after %d kills %d of %d records are missing, for example %s", kills, len(missing), len(want), strings.Join(missing[:min(3, len(missing))], " "))
	}
	// A kill between acknowledgement and checkpoint repeats that batch, a kill
	// before repeats what had arrived of it.
	if twice > kills*batch {
		t.Errorf("%d records are there twice after %d kills with batches of %d", twice, kills, batch)
	}
	slices.SortStableFunc(r.units, func(x, y receivedUnit) int { return x.run - y.run })
	t.Logf("%d units, %d records twice", len(r.units), twice)
}
