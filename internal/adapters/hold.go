package adapters

import (
	"context"

	"modbot/internal/chat"
)

// Holder is a Core of which there are several: of all processes that serve a
// platform one at a time keeps the connection to it, where there is one. A Core
// that is no Holder is alone.
type Holder interface {
	// Hold runs held while this process is the one, with a context that ends
	// when another may become it: then the connection has to be closed before
	// held returns. It returns when the context ends, or with what held returned
	// by itself.
	Hold(ctx context.Context, p chat.Platform, held func(ctx context.Context) error) error
}

// Hold runs what keeps a platform's connection when this process is to: at
// once, where the Core is alone.
func Hold(ctx context.Context, core Core, p chat.Platform, held func(ctx context.Context) error) error {
	if h, ok := core.(Holder); ok {
		return h.Hold(ctx, p, held)
	}
	return held(ctx)
}

// StandingBy is what Status says while another process keeps the connection:
// everything else works.
const StandingBy = "standing by: another replica of modbot holds the connection, or will in a moment"
