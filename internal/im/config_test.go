package im

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"modbot/internal/im/imwire"
)

func goodConfig() Config {
	return Config{Region: "singapore", SDKAppID: testApp, Identifier: testAdmin, SecretKey: imwire.NewSecretKey(testKey)}
}

func TestEndpointOfTheConfiguration(t *testing.T) {
	for _, region := range imwire.Regions() {
		cfg := goodConfig()
		cfg.Region = region.Name
		at, err := cfg.check()
		require.NoError(t, err)
		require.Equal(t, endpoint{"https", region.Host}, at)
	}
	hosts := map[string]endpoint{
		"https://adminapiksa.im.qcloud.com": {"https", "adminapiksa.im.qcloud.com"},
		"https://proxy.example:8443/":       {"https", "proxy.example:8443"},
		"http://127.0.0.1:8080":             {"http", "127.0.0.1:8080"},
		"http://127.9.9.9":                  {"http", "127.9.9.9"},
		"http://[::1]:8080":                 {"http", "[::1]:8080"},
		"http://localhost:1":                {"http", "localhost:1"},
	}
	for host, want := range hosts {
		cfg := goodConfig()
		cfg.Region, cfg.Host = "", host
		at, err := cfg.check()
		require.NoError(t, err, host)
		require.Equal(t, want, at)
	}
}

func TestConfigurationThatIsRefused(t *testing.T) {
	host := func(h string) func(*Config) { return func(c *Config) { c.Region, c.Host = "", h } }
	tests := []struct {
		name   string
		change func(*Config)
		says   []string
	}{
		{"no region", func(c *Config) { c.Region = "" }, []string{"tencent.region is missing", "singapore", "tencent.host"}},
		{"unknown region", func(c *Config) { c.Region = "Mumbai" }, []string{`tencent.region "Mumbai" is unknown`, "china, singapore, seoul, tokyo, frankfurt, silicon-valley, jakarta"}},
		{"region and host", func(c *Config) { c.Host = "https://a.example" }, []string{"tencent.region and tencent.host are both set"}},
		{"host without scheme", host("adminapisgp.im.qcloud.com"), []string{"tencent.host is no URL", "https://HOST"}},
		{"host without name", host("https://"), []string{"tencent.host is no URL"}},
		{"host that is no URL", host("https://a b"), []string{"tencent.host is no URL"}},
		{"http to the network", host("http://10.0.0.7"), []string{"tencent.host is http", "use https"}},
		{"http to a name that begins like loopback", host("http://localhost.example"), []string{"tencent.host is http"}},
		{"another scheme", host("ftp://a.example"), []string{"tencent.host has an unknown scheme"}},
		{"host with a path", host("https://a.example/v4"), []string{"more than a host and a port"}},
		{"host with a query", host("https://a.example?usersig=SECRET"), []string{"more than a host and a port"}},
		{"host with a password", host("https://me:SECRET@a.example"), []string{"more than a host and a port"}},
		{"no app", func(c *Config) { c.SDKAppID = 0 }, []string{"tencent.sdk_app_id is missing", "console"}},
		{"no identifier", func(c *Config) { c.Identifier = "" }, []string{"tencent.identifier: account is empty", "administrator"}},
		{"no key", func(c *Config) { c.SecretKey = imwire.SecretKey{} }, []string{"tencent.secret_key is missing", "secret_key_file"}},
		{"rate over the limit", func(c *Config) { c.RatePerSecond = 196 }, []string{"tencent.rate_per_second is 196: use a number from 1 to 195"}},
		{"rate below zero", func(c *Config) { c.RatePerSecond = -1 }, []string{"tencent.rate_per_second is -1"}},
		{"validity too short", func(c *Config) { c.SigValidity = time.Second }, []string{"validity"}},
		{"validity too long", func(c *Config) { c.SigValidity = 365 * 24 * time.Hour }, []string{"validity"}},
		{"all at once", func(c *Config) { *c = Config{RatePerSecond: 1000} }, []string{"tencent.region", "tencent.sdk_app_id", "tencent.identifier", "tencent.secret_key", "tencent.rate_per_second"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := goodConfig()
			tt.change(&cfg)
			_, err := New(zap.NewNop(), cfg)
			for _, want := range tt.says {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "SECRET")
			require.NotContains(t, err.Error(), testKey)
		})
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(zap.NewNop(), goodConfig())
	require.NoError(t, err)
	defer c.Close()
	for _, api := range imwire.APIs() {
		require.Equal(t, time.Second/DefaultRate, c.limits[api].interval)
	}
	usersig, err := c.UserSig()
	require.NoError(t, err)
	require.Equal(t, DefaultSigValidity, verified(t, usersig).Validity)
	require.Equal(t, DefaultRate, c.transport.MaxIdleConnsPerHost)
}

func TestAClockThatCannotSignIsFoundAtOnce(t *testing.T) {
	cfg := goodConfig()
	cfg.Now = func() time.Time { return time.Time{} }
	_, err := New(zap.NewNop(), cfg)
	require.ErrorContains(t, err, "clock")
}
