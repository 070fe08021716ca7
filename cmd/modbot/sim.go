package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/im/imsim"
	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// What a simulator is unless it is told otherwise. `modbot im` without any
// setting calls exactly this one, so that the two work together as they are.
const (
	simListen   = "127.0.0.1:14000"
	simSDKAppID = 1400000000
	simAdmin    = "administrator"
	simKey      = "simulator" // no secret: nothing behind it is real
)

// Bounds on the simulator's server.
const (
	simHeaderTimeout = 10 * time.Second
	simIdleTimeout   = 2 * time.Minute
	simDrain         = 5 * time.Second
)

// simAccounts are the people of the demo.
func simAccounts() []string {
	return []string{
		"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "trent",
	}
}

// simFlags is the command line of `modbot sim`.
type simFlags struct {
	listen    string
	anywhere  bool
	sdkAppID  uint64
	key       string
	keyFile   string
	admin     string
	accounts  []string
	webhook   string
	perSecond int
}

func newSimCommand(env *environment) *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated Tencent Chat app as a server",
		Long: `Run a simulated Tencent Chat app: setnospeaking, getnospeaking and
account_check as the vendor documents them, with a clock that can be moved and
faults that can be ordered. Nothing is kept when it ends.

When it is ready it prints {"address":"http://HOST:PORT"} on standard output,
and how to reach it on standard error. It runs until SIGINT or SIGTERM.

Control API, beside the vendor's paths:

` + imsim.ControlHelp,
		Example: `  modbot sim
  modbot im set --account alice --group 7200
  curl -s http://` + simListen + `/sim/state`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSim(cmd.Context(), env, f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", simListen, "loopback `address` to listen on; port 0 takes a free one")
	fl.BoolVar(&f.anywhere, "listen-anywhere", false, "allow an address that is not loopback: whoever reaches it controls the simulator")
	fl.Uint64Var(&f.sdkAppID, "sdk-app-id", simSDKAppID, "SDKAppID `number` of the app")
	fl.StringVar(&f.key, "key", "", "secret `key` of the app (\""+simKey+"\" when neither key is given)")
	fl.StringVar(&f.keyFile, "key-file", "", "`file` that holds the secret key")
	fl.StringVar(&f.admin, "admin", simAdmin, "`identifier` of the app's administrator")
	fl.StringSliceVar(&f.accounts, "accounts", simAccounts(), "accounts that exist, as `a,b,c`")
	fl.StringVar(&f.webhook, "webhook", "", "`URL` to call before a message of an unmuted account is accepted")
	fl.IntVar(&f.perSecond, "rate", imwire.VendorLimit, "calls a second of each API, 0 for no limit")
	return cmd
}

func runSim(ctx context.Context, env *environment, f simFlags) error {
	if err := f.checkListen(); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	sim, err := imsim.New(cfg)
	if err != nil {
		return usageError("sim_flags", strings.ReplaceAll(err.Error(), "\n", "; "), "modbot sim --help")
	}
	defer sim.Close()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return failWith(exitFailed, "listen", fmt.Sprintf("The simulator cannot listen on %s: %v", f.listen, err),
			"modbot sim --listen 127.0.0.1:0", err)
	}
	return f.serve(ctx, env, sim, l)
}

// serve runs the simulator until the context ends.
func (f simFlags) serve(ctx context.Context, env *environment, sim *imsim.Sim, l net.Listener) error {
	server := &http.Server{Handler: sim, ReadHeaderTimeout: simHeaderTimeout, IdleTimeout: simIdleTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()

	address := "http://" + l.Addr().String()
	if err := json.NewEncoder(env.out).Encode(map[string]string{"address": address}); err != nil {
		_ = server.Close()
		return failWith(exitFailed, "output", fmt.Sprintf("The address cannot be written: %v", err), "", err)
	}
	_, _ = fmt.Fprint(env.err, f.hint(address))

	select {
	case err := <-ended:
		return failWith(exitFailed, "serve", fmt.Sprintf("The simulator stopped: %v", err), "", err)
	case <-ctx.Done():
	}
	sim.Close() // what a fault holds would keep the server waiting
	drain, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), simDrain, errors.New("stopping the simulator: calls are still running"))
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		_ = server.Close()
	}
	return nil
}

// hint says how to reach the simulator, as lines for a shell. A key that was
// given is not repeated.
func (f simFlags) hint(address string) string {
	key := simKey
	if f.key != "" || f.keyFile != "" {
		key = "…" // only its giver knows it
	}
	some := make([]string, 0, 2)
	for _, a := range f.accounts[:min(cap(some), len(f.accounts))] {
		some = append(some, shellWord(a))
	}
	return fmt.Sprintf(`Simulated Tencent app, %d accounts. In another terminal:
  export MODBOT_TENCENT_HOST=%s MODBOT_TENCENT_SDK_APP_ID=%d
  export MODBOT_TENCENT_IDENTIFIER=%s MODBOT_TENCENT_SECRET_KEY=%s
  modbot im check %s
`, len(f.accounts), address, f.sdkAppID, shellWord(f.admin), key, strings.Join(some, " "))
}

// checkListen refuses an address that others can reach, unless that is asked
// for by name.
func (f simFlags) checkListen() error {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return usageError("listen", fmt.Sprintf("--listen %q is no address: use HOST:PORT.", f.listen), "modbot sim --listen "+simListen)
	}
	ip := net.ParseIP(host)
	if f.anywhere || host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return usageError("listen", fmt.Sprintf("--listen %s can be reached from other machines, and whoever reaches the simulator controls it.", f.listen),
		"modbot sim --listen "+simListen+", or add --listen-anywhere")
}

func (f simFlags) config() (imsim.Config, error) {
	key, err := secretOf("--key", f.key, "--key-file", f.keyFile)
	if err != nil {
		return imsim.Config{}, err
	}
	if key == "" {
		key = simKey
	}
	cfg := imsim.Config{
		SDKAppID: f.sdkAppID, Key: imwire.NewSecretKey(key), Admin: f.admin, Rate: f.perSecond, Webhook: f.webhook,
	}
	for _, a := range f.accounts {
		cfg.Accounts = append(cfg.Accounts, mute.Account(a))
	}
	return cfg, nil
}
