// Command modbot mutes accounts of a Tencent Chat app from where moderators
// live, and writes every action to a durable audit log.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is main without the exit, so that deferred clean-up happens.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks to drain; with the handler gone, a second one ends
	// the process at once.
	context.AfterFunc(ctx, stop)
	return execute(ctx, &environment{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, lookupEnv: os.LookupEnv,
	}, args)
}
