package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
)

// Errors that callers branch on.
var (
	// ErrNotRecording: there is no record of a recording in the input.
	ErrNotRecording = errors.New("not a sendmsgrec recording")
	// ErrVersion: the recording, or a record in it, has a newer format than
	// this build reads.
	ErrVersion = errors.New("newer format version than this build reads")
	// ErrCut: the input ends within a record, as after a crash of the recorder.
	ErrCut = errors.New("file ends within a record")
	// ErrMissing: records are missing between two intact ones.
	ErrMissing = errors.New("records are missing")
	// ErrOrder: a record is there twice, or behind a later one.
	ErrOrder = errors.New("records are out of order")
)

// Item is what Reader.Next returns: *Segment, *Gap, *Clock, *Counters,
// *Coverage, *Damage or *End.
type Item interface{ item() }

func (*Segment) item()  {}
func (*Gap) item()      {}
func (*Clock) item()    {}
func (*Counters) item() {}
func (*Coverage) item() {}
func (*Damage) item()   {}
func (*End) item()      {}

// Damage is a part of the file that cannot be read. Everything around it can.
type Damage struct {
	Offset, Size int64 // in the file; Size is 0 when records are missing
	Err          error
	// Tail: the damage reaches to the end of the file. With ErrCut it is what
	// a crash of the recorder leaves behind.
	Tail bool
	// Events is the number of events in the damaged part, or -1 when unknown.
	// Next does not know it; Summarize finds it from the sequence numbers
	// around the damage.
	Events int64
}

func (d *Damage) String() string {
	return fmt.Sprintf("%d bytes at offset %d: %v", d.Size, d.Offset, d.Err)
}

// Reader reads a recording item by item. It owns no memory of the items it
// returns: they stay valid. A Reader is not safe for concurrent use, but its
// Decoders may run concurrently with it and with each other.
type Reader struct {
	path   string
	src    source
	at     *atSource // nil for a stream
	closer io.Closer
	id     [16]byte
	header *Header
	first  *Damage // of the header, returned by the first Next

	pos      int64 // of the next record
	resync   int64 // where a search for the next record starts if there is none at pos
	number   uint32
	numbered bool // number is known
	done     bool
	queue    []Item // to be returned before reading on
}

// Open opens a recording. Errors are those of os.Open and NewReader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	var r *Reader
	if info.Mode().IsRegular() {
		r, err = NewReader(f, info.Size())
	} else {
		r, err = NewStreamReader(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.path, r.closer = path, f
	return r, nil
}

// NewReader returns a reader of the recording in src, which is size bytes
// long. A damaged header is an error only when no record at all is found
// (ErrNotRecording) or the format is newer (ErrVersion).
func NewReader(src io.ReaderAt, size int64) (*Reader, error) {
	at := &atSource{src: src, n: size}
	return start(&Reader{src: at, at: at})
}

// NewStreamReader returns a reader of the recording that src delivers. It has
// no index, and a segment's data is kept in memory with the segment.
func NewStreamReader(src io.Reader) (*Reader, error) {
	return start(&Reader{src: &streamSource{src: src}})
}

func start(r *Reader) (*Reader, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	return r, nil
}

// Header returns the file's header. When it was damaged, it has the recording
// id and nothing else.
func (r *Reader) Header() *Header { return r.header }

// FileID returns the recording id.
func (r *Reader) FileID() [16]byte { return r.id }

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// BytesRead returns how many bytes were read from the source so far, by the
// reader and its decoders.
func (r *Reader) BytesRead() int64 {
	if r.at != nil {
		return r.at.read.Load()
	}
	return r.src.(*streamSource).read.Load()
}

// Size returns the length of the input, or -1 for a stream that has not ended.
func (r *Reader) Size() int64 { return r.src.size() }

// Grow tells a reader of NewReader that its source has size bytes by now, whole
// records all of them: Next, which may have returned io.EOF, goes on there.
func (r *Reader) Grow(size int64) {
	r.at.n = size
	r.done = false
}

// start reads preamble and header.
func (r *Reader) start() error {
	pre, err := r.src.bytes(0, len(Preamble))
	if err != nil {
		return err
	}
	var damage error
	if string(pre) != Preamble {
		damage = fmt.Errorf("first bytes are %x", pre)
	}
	r.pos = int64(len(Preamble))
	env, payload, err := r.record(r.pos, nil)
	if err != nil && !isDamage(err) {
		return err
	}
	if err == nil && env.kind == KindHeader {
		r.id = env.id
		if env.format > FormatVersion {
			return fmt.Errorf("format version %d, known is %d: %w", env.format, FormatVersion, ErrVersion)
		}
		h := &Header{}
		if env.payload > MaxHeaderBytes {
			err = fmt.Errorf("file header of %d bytes", env.payload)
		} else if err = json.Unmarshal(payload, h); err == nil {
			var id uuid.UUID
			if id, err = uuid.Parse(h.RecordingID); err == nil && id != uuid.UUID(r.id) {
				err = errors.New("file header names another recording")
			}
		}
		if err == nil {
			r.header = h
			r.pos += env.size()
			r.resync, r.number, r.numbered = r.pos, env.number+1, true
			if damage != nil {
				r.first = &Damage{Offset: 0, Size: int64(len(Preamble)), Err: damage, Events: 0}
			}
			return nil
		}
	}
	return r.startWithoutHeader(err)
}

// startWithoutHeader finds the first intact record of any recording.
func (r *Reader) startWithoutHeader(cause error) error {
	if cause == nil {
		cause = errors.New("first record is not the file header")
	}
	pos, env, err := r.find(0, nil)
	if err != nil {
		return err
	}
	if pos < 0 {
		return ErrNotRecording
	}
	if env.format > FormatVersion {
		return fmt.Errorf("format version %d, known is %d: %w", env.format, FormatVersion, ErrVersion)
	}
	r.id = env.id
	r.header = &Header{FormatVersion: int(env.format), RecordingID: uuid.UUID(r.id).String()}
	r.first = &Damage{Offset: 0, Size: pos, Err: fmt.Errorf("file header: %w", cause), Events: -1}
	r.pos, r.resync = pos, pos
	return nil
}
