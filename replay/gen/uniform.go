package gen

import "math/rand/v2"

// uniform is the load that the recorder's costs are compared on: one thread
// sends 64 bytes in one iovec on a Unix datagram socket, over and over.
type uniform struct {
	durations *lognormal
}

func newUniform() *uniform { return &uniform{newLognormal(1_900, 0.12)} }

func (m *uniform) start(*rand.Rand, int) {}

func (m *uniform) next(rng *rand.Rand, cpu int, s *sample) {
	*s = sample{
		program: &uniformProgram, socket: socketUnix, name: nameNone,
		call:       callRow{kind: kindUnix, socket: socketUnix, iovlen: 1, control: controlNone},
		callID:     callUnix,
		durationNS: m.durations.draw(rng.Uint64()),
		ret:        64,
		iovBase:    [3]int64{0x7ffd_0000_4000},
		iovLen:     [3]int64{64},
		sndbufUsed: 1,
	}
}

var uniformProgram = program{kindUnix, "loadgen", 4242, 1, 0, 4001, 4026531840, 100}
