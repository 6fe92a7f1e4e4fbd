package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/record/internal/truth"
	"golang.org/x/sys/unix"
)

// Numbers of <linux/nbd.h>.
const (
	nbdSetSock    = 0xab00
	nbdSetBlksize = 0xab01
	nbdDoIt       = 0xab03
	nbdSetBlocks  = 0xab07
	nbdDisconnect = 0xab08

	nbdReply      = 0x67446698
	nbdRead       = 0
	nbdWrite      = 1
	nbdDisc       = 2
	nbdRequest    = 28
	nbdDevice     = "/dev/nbd0"
	nbdBlock      = 512
	nbdDeviceSize = 1 << 20
)

// runNBD makes the kernel send: a network block device whose server is this
// program, on the other end of a socket pair. It writes and reads a few blocks,
// and prints which socket the kernel has sent on and how many bytes came out of it.
func runNBD([]string) error {
	device, err := os.OpenFile(nbdDevice, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENXIO) {
		fmt.Printf("absent: %v\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer device.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(pair[0], &st); err != nil {
		return err
	}
	for _, c := range []struct{ request, value int }{
		{nbdSetBlksize, nbdBlock}, {nbdSetBlocks, nbdDeviceSize / nbdBlock}, {nbdSetSock, pair[0]},
	} {
		if err := unix.IoctlSetInt(int(device.Fd()), uint(c.request), c.value); err != nil {
			return fmt.Errorf("ioctl %#x: %w", c.request, err)
		}
	}
	client := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		client <- unix.IoctlSetInt(int(device.Fd()), nbdDoIt, 0)
	}()
	server := &nbdServer{socket: os.NewFile(uintptr(pair[1]), "server"), store: make([]byte, nbdDeviceSize)}
	served := make(chan error, 1)
	go func() { served <- server.serve() }()
	if err := waitForDevice(); err != nil {
		return err
	}
	if err := useDevice(); err != nil {
		return err
	}
	if err := unix.IoctlSetInt(int(device.Fd()), nbdDisconnect, 0); err != nil {
		return fmt.Errorf("disconnect: %w", err)
	}
	if err := <-served; err != nil {
		return err
	}
	if err := <-client; err != nil {
		return fmt.Errorf("client: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(truth.Load{PID: os.Getpid(), Calls: server.requests, Bytes: server.bytes, Inodes: []int64{int64(st.Ino)}})
}

// waitForDevice waits until the client has given the device its size.
func waitForDevice() error {
	want := strconv.Itoa(nbdDeviceSize / 512)
	for range 60_000 {
		size, err := os.ReadFile("/sys/block/nbd0/size")
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(size)) == want {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("the device has got no size")
}

// useDevice writes blocks and reads others, past the page cache.
func useDevice() error {
	direct, err := unix.Open(nbdDevice, unix.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer unix.Close(direct)
	block, err := unix.Mmap(-1, 0, 8*nbdBlock, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	for i := range int64(8) {
		if _, err := unix.Pwrite(direct, block, i*8*nbdBlock); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if _, err := unix.Pread(direct, block[:nbdBlock], (64+i)*nbdBlock); err != nil {
			return fmt.Errorf("read: %w", err)
		}
	}
	return nil
}

// nbdServer answers the kernel's requests.
type nbdServer struct {
	socket          *os.File
	store           []byte
	requests, bytes int64
}

func (s *nbdServer) serve() error {
	defer s.socket.Close()
	for {
		var r [nbdRequest]byte // magic, type, handle, offset, length
		if _, err := io.ReadFull(s.socket, r[:]); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		s.requests++
		s.bytes += nbdRequest
		kind := binary.BigEndian.Uint32(r[4:]) & 0xffff
		if kind == nbdDisc {
			return nil
		}
		offset, length := binary.BigEndian.Uint64(r[16:]), binary.BigEndian.Uint32(r[24:])
		data := s.store[offset:][:length]
		if kind == nbdWrite {
			if _, err := io.ReadFull(s.socket, data); err != nil {
				return fmt.Errorf("read data: %w", err)
			}
			s.bytes += int64(length)
		}
		reply := binary.BigEndian.AppendUint32(nil, nbdReply)
		reply = append(binary.BigEndian.AppendUint32(reply, 0), r[8:16]...)
		if kind == nbdRead {
			reply = append(reply, data...)
		}
		if _, err := s.socket.Write(reply); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
}
