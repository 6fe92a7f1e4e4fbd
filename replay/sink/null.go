package sink

import "context"

// null takes everything and looks at nothing.
type null struct{}

func openNull(_ context.Context, t *Target, _ *Options) (Sink, error) {
	if t.Rest != "" {
		return nil, usageErrorf("null: takes nothing behind it")
	}
	return null{}, nil
}

func (null) Send(_ context.Context, _ *Batch, ack func(error)) { ack(nil) }
func (null) Close(context.Context) error                       { return nil }
func (null) Traits() Traits                                    { return Traits{} }
