//go:build interop

package kafkatest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPUTime returns how long all brokers together have used processors.
func (c *Cluster) CPUTime() time.Duration {
	c.tb.Helper()
	var ticks int64
	for i, b := range c.brokers {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.cmd.Process.Pid))
		if err != nil {
			c.tb.Fatalf("broker %d: %v", i, err)
		}
		// Fields 14 and 15, counted behind the command's name, which may hold
		// blanks.
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		for _, f := range fields[11:13] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				c.tb.Fatalf("broker %d: %v", i, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * (time.Second / 100) // USER_HZ
}
