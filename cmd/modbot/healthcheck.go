package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Bounds of one look at a running modbot.
const (
	healthcheckTime  = 5 * time.Second
	healthcheckBytes = 64 << 10
)

func newHealthcheckCommand(env *environment) *cobra.Command {
	var file, address string
	var ready bool
	cmd := &cobra.Command{
		Use:   "healthcheck [-c FILE | --url URL]",
		Short: "Ask a running modbot whether it lives",
		Long: `Asks the admin listener of a modbot on this machine for /healthz, or with
--ready for /readyz, and prints the answer: for containers without a shell. Where
the listener is says the configuration (admin_listen; no secret is needed), or
--url.

Exit codes: 0 it lives (is ready), 69 it does not (is not), 64 and 78 when where
it listens is not known.`,
		Example: "  modbot healthcheck -c modbot.yaml\n  modbot healthcheck --ready --url http://127.0.0.1:9090",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := adminURL(env, file, address)
			if err != nil {
				return err
			}
			return askHealth(cmd.Context(), env, base, ready)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration `file`")
	cmd.Flags().StringVar(&address, "url", "", "`URL` of the admin listener, instead of a configuration")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it can do its work, not only whether it lives")
	cmd.MarkFlagsMutuallyExclusive("config", "url")
	return cmd
}

// adminURL is where the admin listener is reached from this machine.
func adminURL(env *environment, file, given string) (string, error) {
	if given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "", usageError("url", fmt.Sprintf("--url %q is no URL of a listener.", given), "modbot healthcheck --url http://127.0.0.1:9090")
		}
		return strings.TrimSuffix(given, "/"), nil
	}
	cfg, err := loadConfig(env, file, "listen")
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(cfg.AdminListen)
	if err != nil {
		return "", failWith(exitConfig, "config", fmt.Sprintf("admin_listen: %v", err), "admin_listen: 127.0.0.1:9090", err)
	}
	// Listening everywhere includes here.
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
		if a.Is6() {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// askHealth asks once.
func askHealth(ctx context.Context, env *environment, base string, ready bool) error {
	path := "/healthz"
	if ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeoutCause(ctx, healthcheckTime, errors.New("modbot took too long to answer"))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return usageError("url", err.Error(), "modbot healthcheck --help")
	}
	if env.json {
		req.Header.Set("Accept", "application/json")
	}
	// No proxy: what is asked is on this machine.
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return failWith(exitUnavailable, "unreachable", fmt.Sprintf("modbot does not answer at %s: %v.", base, err), "is modbot serve running?", err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(env.out, io.LimitReader(res.Body, healthcheckBytes)); err != nil {
		return failWith(exitUnavailable, "unreachable", fmt.Sprintf("modbot's answer broke off: %v.", err), "", err)
	}
	if res.StatusCode != http.StatusOK {
		return failWith(exitUnavailable, "not_ready", fmt.Sprintf("modbot answers %s.", res.Status), "", nil)
	}
	return nil
}
