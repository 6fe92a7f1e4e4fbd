//go:build !linux

package traffic

import (
	"context"
	"errors"
	"fmt"
)

// Run makes everything again; it needs Linux.
func (r *Replay) Run(context.Context) error {
	r.outcome = newOutcome(&r.o)
	return fmt.Errorf("making sends again needs Linux: %w", errors.ErrUnsupported)
}
