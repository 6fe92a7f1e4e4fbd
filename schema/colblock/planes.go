package colblock

// Byte planes: plane p holds byte p of every difference, lowest first, so that
// a compressor sees bytes of one significance side by side.

func splitValues(planes []byte, vals []int64, f frame) {
	n := len(vals)
	switch f.width {
	case 1:
		p0 := planes[:n]
		for i, v := range vals {
			p0[i] = byte(v - f.base)
		}
	case 2:
		p0, p1 := planes[:n], planes[n:2*n]
		for i, v := range vals {
			u := uint64(v - f.base)
			p0[i], p1[i] = byte(u), byte(u>>8)
		}
	case 3:
		p0, p1, p2 := planes[:n], planes[n:2*n], planes[2*n:3*n]
		for i, v := range vals {
			u := uint64(v - f.base)
			p0[i], p1[i], p2[i] = byte(u), byte(u>>8), byte(u>>16)
		}
	default:
		p0, p1, p2, p3 := planes[:n], planes[n:2*n], planes[2*n:3*n], planes[3*n:4*n]
		for i, v := range vals {
			u := uint64(v - f.base)
			p0[i], p1[i], p2[i], p3[i] = byte(u), byte(u>>8), byte(u>>16), byte(u>>24)
		}
		for p := 4; p < f.width; p++ {
			plane, shift := planes[p*n:(p+1)*n], uint(8*p)
			for i, v := range vals {
				plane[i] = byte(uint64(v-f.base) >> shift)
			}
		}
	}
}

func splitDeltas(planes []byte, vals []int64, f frame) {
	n := len(vals) - 1
	switch f.width {
	case 0: // a line
	case 1:
		p0 := planes[:n]
		prev := vals[0]
		for i, v := range vals[1:] {
			p0[i] = byte(v - prev - f.base)
			prev = v
		}
	case 2:
		p0, p1 := planes[:n], planes[n:2*n]
		prev := vals[0]
		for i, v := range vals[1:] {
			u := uint64(v - prev - f.base)
			prev = v
			p0[i], p1[i] = byte(u), byte(u>>8)
		}
	case 3:
		p0, p1, p2 := planes[:n], planes[n:2*n], planes[2*n:3*n]
		prev := vals[0]
		for i, v := range vals[1:] {
			u := uint64(v - prev - f.base)
			prev = v
			p0[i], p1[i], p2[i] = byte(u), byte(u>>8), byte(u>>16)
		}
	default:
		p0, p1, p2, p3 := planes[:n], planes[n:2*n], planes[2*n:3*n], planes[3*n:4*n]
		prev := vals[0]
		for i, v := range vals[1:] {
			u := uint64(v - prev - f.base)
			prev = v
			p0[i], p1[i], p2[i], p3[i] = byte(u), byte(u>>8), byte(u>>16), byte(u>>24)
		}
		for p := 4; p < f.width; p++ {
			plane, shift := planes[p*n:(p+1)*n], uint(8*p)
			prev := vals[0]
			for i, v := range vals[1:] {
				plane[i] = byte(uint64(v-prev-f.base) >> shift)
				prev = v
			}
		}
	}
}

// joinValues writes differences plus base to out. Its planes are those of a longer
// column of stride values, from the first one to write on.
func joinValues(out []int64, planes []byte, stride int, f frame) {
	n := len(out)
	switch f.width {
	case 0: // a line
		for i := range out {
			out[i] = f.base
		}
	case 1:
		p0 := planes[:n]
		for i := range out {
			out[i] = f.base + int64(p0[i])
		}
	case 2:
		p0, p1 := planes[:n], planes[stride:][:n]
		for i := range out {
			out[i] = f.base + int64(uint64(p0[i])|uint64(p1[i])<<8)
		}
	case 3:
		p0, p1, p2 := planes[:n], planes[stride:][:n], planes[2*stride:][:n]
		for i := range out {
			out[i] = f.base + int64(uint64(p0[i])|uint64(p1[i])<<8|uint64(p2[i])<<16)
		}
	default:
		p0, p1, p2, p3 := planes[:n], planes[stride:][:n], planes[2*stride:][:n], planes[3*stride:][:n]
		for i := range out {
			out[i] = f.base + int64(uint64(p0[i])|uint64(p1[i])<<8|uint64(p2[i])<<16|uint64(p3[i])<<24)
		}
		for p := 4; p < f.width; p++ {
			plane, shift := planes[p*stride:][:n], uint(8*p)
			for i := range out {
				out[i] += int64(uint64(plane[i]) << shift)
			}
		}
	}
}
