package gen

import (
	"math/rand/v2"
)

// numTasks is the number of threads of all programs.
const numTasks = 67

// Call ids: one per socket and number of iovecs, then the calls with control,
// then the ones without a socket.
const (
	callPlain   = 0
	callUnix    = callPlain + numSockets*3
	callQUIC    = callUnix + 64*(controlCount+1)
	callNoSock  = callQUIC + 4096*3
	callBadHdr  = callNoSock + 1
	callNotSock = callBadHdr + 1
	numCalls    = callNotSock + 1
)

// mix is the realistic load. A thread that returns on a CPU keeps sending to
// the same peer for some calls (a burst), then another takes its place.
type mix struct {
	durations [numKinds]*lognormal
	firstTask []int
	flows     []flow
	draw      []uint8 // program by percentile
}

type flow struct {
	program int
	thread  int64
	socket  int
	left    int
}

func newMix() *mix {
	m := &mix{}
	medians := [numKinds]float64{9_000, 11_000, 6_500, 14_000, 5_200, 3_900, 900}
	for k := range m.durations {
		m.durations[k] = newLognormal(medians[k], 0.45)
	}
	first := 0
	for i, p := range programs {
		m.firstTask = append(m.firstTask, first)
		first += int(p.threads)
		for range p.weightPct {
			m.draw = append(m.draw, uint8(i))
		}
	}
	return m
}

func (m *mix) start(rng *rand.Rand, cpus int) {
	m.flows = append(m.flows[:0], make([]flow, cpus)...)
}

func (m *mix) next(rng *rand.Rand, cpu int, s *sample) {
	f := &m.flows[cpu]
	if f.left == 0 {
		f.program = int(m.draw[rng.IntN(len(m.draw))])
		p := &programs[f.program]
		f.thread = rng.Int64N(p.threads)
		f.left = 1 + rng.IntN(16)
		if n := socketCount[p.kind]; n > 0 {
			f.socket = firstSocket[p.kind] + rng.IntN(n)
		} else {
			f.socket = -1
		}
	}
	f.left--
	p := &programs[f.program]
	*s = sample{
		program: p, thread: f.thread, taskID: m.firstTask[f.program] + int(f.thread),
		socket: f.socket, name: nameNone,
		call: callRow{kind: p.kind, socket: f.socket, iovlen: 1, control: controlNone, flags: 0x4000},
	}
	m.drawArguments(rng, s)
	m.drawResult(rng, s)
}

// typicalSizes are message sizes that protocols like; one call in two has one.
var typicalSizes = [8]int64{64, 128, 256, 512, 1448, 1448, 4096, 16384}

func (m *mix) drawArguments(rng *rand.Rand, s *sample) {
	u := rng.Uint64()
	s.callID = callPlain + s.socket*3
	switch k := s.program.kind; k {
	case kindTCP, kindTCP6:
		if u&7 == 0 {
			s.call.iovlen = 2 + int64(u>>3&1)
			s.callID += int(s.call.iovlen) - 1
		}
		s.toctou = 1
	case kindDNS:
		s.name, s.call.hasName, s.call.namelen = int(u>>8%(nameCount-1)), true, 16
	case kindQUIC:
		s.call.control = controlSegment + int(u>>8%3)
		s.callID = callQUIC + (s.socket-socketQUIC)*3 + s.call.control - controlSegment
	case kindUnix:
		m.drawControl(u, s)
		s.callID = callUnix + (s.socket-socketUnix)*(controlCount+1) + s.call.control + 1
	case kindNetlink:
		s.name, s.call.hasName, s.call.namelen = nameNetlink, true, 12
	case kindBroken:
		s.callID = callNoSock + int(u>>8%3)
		s.call.badMsghdr = s.callID == callBadHdr
		s.call.flags = int64(s.callID - callNoSock)
	}
	if s.call.control >= 0 {
		s.call.ctllen = int64(len(worldControls[s.call.control]))
	}
	size := typicalSizes[u>>40&7]
	if u>>43&1 == 1 {
		size = 1 + int64(u>>44&8191)
	}
	for i := range s.call.iovlen {
		s.iovLen[i] = size >> (2 * i)
		s.iovBase[i] = 0x5600_0000_0000 + int64(s.taskID)<<20 + int64(u>>(20+4*i)&63)<<14
	}
}

// drawControl gives one Unix message in eight a control buffer.
func (m *mix) drawControl(u uint64, s *sample) {
	switch {
	case u&7 != 0:
	case u>>8&63 == 0:
		s.call.control = controlMalformed
	case u>>8&63 == 1:
		s.call.control = controlEmpty
	case u>>8&7 == 2:
		s.call.control = controlCreds
	default:
		s.call.control = controlRights + int(u>>16&31)
	}
}

func (m *mix) drawResult(rng *rand.Rand, s *sample) {
	u := rng.Uint64()
	s.durationNS = m.durations[s.program.kind].draw(u)
	s.sndbufUsed = int64(u>>10&15) * 2304
	for i := range s.call.iovlen {
		s.ret += s.iovLen[i]
	}
	switch {
	case s.program.kind == kindBroken:
		s.ret = []int64{-9, -14, -88}[s.callID-callNoSock] // EBADF, EFAULT, ENOTSOCK
	case s.call.control == controlMalformed:
		s.ret = -22
	case u>>32&65535 == 0:
		s.noReturn = true
	case u>>32&1023 < 8:
		s.ret = -11 // EAGAIN
	case u>>32&4095 < 36:
		s.ret = -32 // EPIPE
	case u>>32&8191 < 74:
		s.ret = -512 // ERESTARTSYS
		s.durationNS *= 100
	case u>>32&1023 < 12:
		s.durationNS *= 1 + int64(u>>52) // waited for room in the send buffer
	case u>>32&1023 < 14:
		s.ret = (s.ret + 1) / 2 // a short send
	}
}
