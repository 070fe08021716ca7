package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Limits of a server. A platform sends a few kilobytes and waits three seconds
// for its answer; whoever is slower is no platform.
const (
	headerTime  = 5 * time.Second
	readTime    = 10 * time.Second
	writeTime   = 15 * time.Second // from the end of the header on, the handler included
	idleTime    = 2 * time.Minute
	headerBytes = 32 << 10
	// DrainTime is how long requests that have begun may take when the server is
	// told to end. A platform has turned away from one that takes longer.
	DrainTime = 3 * time.Second
)

// Server is one listener with its handler.
type Server struct {
	log      *zap.Logger
	name     string
	listener net.Listener
	server   *http.Server
}

// Listen takes an address (host:port; port 0 takes a free one) to serve on. It
// accepts connections from now on; Serve answers them. The name says in the log
// which server it is.
func Listen(ctx context.Context, log *zap.Logger, name, address string, handler http.Handler) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for the %s listener: %w", name, err)
	}
	log = log.With(zap.String("listener", name))
	complaints, err := zap.NewStdLogAt(log, zapcore.WarnLevel)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the log of the %s listener: %w", name, err), l.Close())
	}
	return &Server{log: log, name: name, listener: l, server: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          complaints,
	}}, nil
}

// Address is where the server listens, as host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close gives the address back. It is for a server that never came to Serve.
func (s *Server) Close() error { return s.listener.Close() }

// Serve answers until the context ends; requests that have begun then get
// DrainTime. It returns nil after that, and else why it could not go on.
func (s *Server) Serve(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(s.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the %s listener on %s: %w", s.name, s.Address(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), DrainTime, errors.New("requests took too long to end"))
	defer cancel()
	if err := s.server.Shutdown(drain); err != nil {
		s.log.Warn("requests were cut off", zap.Error(context.Cause(drain)))
		_ = s.server.Close() // what it says is about connections that nobody uses any more
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the %s listener on %s: %w", s.name, s.Address(), err)
	}
	return nil
}
