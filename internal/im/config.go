package im

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"modbot/internal/im/imwire"
	"modbot/internal/mute"
)

// Rates, in calls a second of each API.
const (
	DefaultRate = 100
	// MaxRate stays under the vendor's 200 a second for the whole app
	// (imwire.VendorLimit), so that calls which bunch on their way do not cross
	// it.
	MaxRate = 195
)

// Validity of a UserSig. The vendor advises 24 hours or more (text of code
// 70001) and documents no maximum.
const (
	DefaultSigValidity = 24 * time.Hour
	minSigValidity     = time.Minute
	maxSigValidity     = 180 * 24 * time.Hour // what the vendor's samples use
)

// Config says which app to call, as whom, and how fast. Exactly one of Region
// and Host is set.
type Config struct {
	// Region is a name of imwire.Regions.
	Region string
	// Host is the base URL in place of a region: https://HOST[:PORT]. http is
	// taken for loopback addresses only, because the URL carries a credential.
	Host string
	// SDKAppID is the app's number in the vendor's console.
	SDKAppID uint64
	// Identifier is an administrator account of the app.
	Identifier string
	// SecretKey signs the UserSigs.
	SecretKey imwire.SecretKey
	// RatePerSecond is the limit for each API; 0 is DefaultRate.
	RatePerSecond int
	// Slots is where the turns come from when the rate is shared with other
	// clients; they keep to RatePerSecond. nil is a rate of this client's own.
	Slots Slots
	// SigValidity is how long a UserSig is good; 0 is DefaultSigValidity. A new
	// one is made when a quarter of it is left.
	SigValidity time.Duration
	// RootCAs replaces the system's certificate roots; nil keeps them.
	RootCAs *x509.CertPool
	// Dial makes the connections; nil is a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (cfg Config) rate() int {
	if cfg.RatePerSecond == 0 {
		return DefaultRate
	}
	return cfg.RatePerSecond
}

func (cfg Config) sigValidity() time.Duration {
	if cfg.SigValidity == 0 {
		return DefaultSigValidity
	}
	return cfg.SigValidity
}

// check reports everything that is wrong, each with its key and a fix.
func (cfg Config) check() (endpoint, error) {
	at, err := cfg.endpoint()
	problems := []error{err}
	if cfg.SDKAppID == 0 {
		problems = append(problems, errors.New("tencent.sdk_app_id is missing: take the SDKAppID from the vendor's console"))
	}
	if _, err := mute.ParseAccount(cfg.Identifier); err != nil {
		problems = append(problems, fmt.Errorf("tencent.identifier: %w: use the id of an administrator account of the app", err))
	}
	if cfg.SecretKey.IsZero() {
		problems = append(problems, errors.New("tencent.secret_key is missing: take the SecretKey of the app from the vendor's console, or name a file in tencent.secret_key_file"))
	}
	if r := cfg.rate(); r < 1 || r > MaxRate {
		problems = append(problems, fmt.Errorf("tencent.rate_per_second is %d: use a number from 1 to %d", r, MaxRate))
	}
	if v := cfg.sigValidity(); v < minSigValidity || v > maxSigValidity {
		problems = append(problems, fmt.Errorf("the validity of a UserSig is %s: use between %s and %s", v, minSigValidity, maxSigValidity))
	}
	return at, errors.Join(problems...)
}

func (cfg Config) endpoint() (endpoint, error) {
	switch {
	case cfg.Region != "" && cfg.Host != "":
		return endpoint{}, errors.New("tencent.region and tencent.host are both set: keep one")
	case cfg.Host != "":
		return parseHost(cfg.Host)
	}
	host, ok := imwire.HostOf(cfg.Region)
	if ok {
		return endpoint{scheme: "https", host: host}, nil
	}
	var names []string
	for _, r := range imwire.Regions() {
		names = append(names, r.Name)
	}
	if cfg.Region == "" {
		return endpoint{}, fmt.Errorf("tencent.region is missing: use the app's region, one of %s, or set tencent.host", strings.Join(names, ", "))
	}
	return endpoint{}, fmt.Errorf("tencent.region %q is unknown: use one of %s, or set tencent.host", cfg.Region, strings.Join(names, ", "))
}

// parseHost never repeats the text: a pasted URL may carry a UserSig.
func parseHost(text string) (endpoint, error) {
	const form = "use the form https://HOST or https://HOST:PORT"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return endpoint{}, errors.New("tencent.host is no URL: " + form)
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return endpoint{}, errors.New("tencent.host has more than a host and a port: " + form)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return endpoint{}, errors.New("tencent.host is http, which would show the UserSig to the network: use https (http is for loopback addresses)")
	case u.Scheme != "https" && u.Scheme != "http":
		return endpoint{}, errors.New("tencent.host has an unknown scheme: " + form)
	}
	return endpoint{scheme: u.Scheme, host: u.Host}, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
