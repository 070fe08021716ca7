package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"modbot/internal/im"
	"modbot/internal/im/imwire"
)

// maxSecretFile bounds what is read of a file that should hold one short value.
const maxSecretFile = 64 << 10

// Environment variables of the connection, named as those of the
// configuration; each also with _FILE.
const (
	envHost       = "MODBOT_TENCENT_HOST"
	envRegion     = "MODBOT_TENCENT_REGION"
	envSDKAppID   = "MODBOT_TENCENT_SDK_APP_ID"
	envIdentifier = "MODBOT_TENCENT_IDENTIFIER"
	envSecretKey  = "MODBOT_TENCENT_SECRET_KEY" //nolint:gosec // the name of a variable, not a secret
)

// connection is where the app is and who calls, as flags say it.
type connection struct {
	host, region, sdkAppID, identifier, key, keyFile string
}

// register adds the flags of the connection.
func (c *connection) register(fl *pflag.FlagSet) {
	fl.StringVar(&c.host, "host", "", "`URL` of the API in place of a region ("+envHost+")")
	fl.StringVar(&c.region, "region", "", "the app's region: "+regionNames()+" ("+envRegion+")")
	fl.StringVar(&c.sdkAppID, "sdk-app-id", "", "SDKAppID `number` of the app ("+envSDKAppID+")")
	fl.StringVar(&c.identifier, "identifier", "", "administrator `account` of the app ("+envIdentifier+", "+simAdmin+")")
	fl.StringVar(&c.key, "key", "", "secret `key` of the app ("+envSecretKey+")")
	fl.StringVar(&c.keyFile, "key-file", "", "`file` that holds the secret key ("+envSecretKey+"_FILE)")
}

func regionNames() string {
	var names []string
	for _, r := range imwire.Regions() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// resolve is the one place where the settings of `modbot im` come together: a
// flag wins over the environment. When nothing at all says which app is meant,
// it is the simulator that `modbot sim` starts, and simulated says so; when
// anything does, nothing is filled in from the simulator, so that half a
// configuration never calls the wrong app.
func (c *connection) resolve(env *environment) (cfg im.Config, simulated bool, err error) {
	key, err := secretOf("--key", c.key, "--key-file", c.keyFile)
	if err != nil {
		return im.Config{}, false, err
	}
	var problems []error
	pick := func(flag, name string) string {
		if flag != "" {
			return flag
		}
		value, err := env.setting(name)
		problems = append(problems, err)
		return value
	}
	cfg.Host, cfg.Region = pick(c.host, envHost), pick(c.region, envRegion)
	cfg.Identifier = pick(c.identifier, envIdentifier)
	app, secret := pick(c.sdkAppID, envSDKAppID), pick(key, envSecretKey)
	if err := errors.Join(problems...); err != nil {
		return im.Config{}, false, err
	}
	switch { // a flag for one of the two outdoes the other in the environment
	case c.host != "" && c.region == "":
		cfg.Region = ""
	case c.region != "" && c.host == "":
		cfg.Host = ""
	}
	if cfg.Host+cfg.Region+app+secret == "" {
		cfg.Host, app, secret, simulated = "http://"+simListen, strconv.Itoa(simSDKAppID), simKey, true
	}
	if cfg.Identifier == "" {
		cfg.Identifier = simAdmin
	}
	cfg.SecretKey = imwire.NewSecretKey(secret)
	if app != "" {
		if cfg.SDKAppID, err = strconv.ParseUint(app, 10, 64); err != nil {
			return im.Config{}, false, failWith(exitConfig, "config",
				fmt.Sprintf("The SDKAppID %q is not a number.", app), "--sdk-app-id "+strconv.Itoa(simSDKAppID), err)
		}
	}
	return cfg, simulated, nil
}

// client makes the client, or says what is wrong with the settings.
func (c *connection) client(env *environment) (*im.Client, error) {
	cfg, simulated, err := c.resolve(env)
	if err != nil {
		return nil, err
	}
	client, err := im.New(zap.NewNop(), cfg)
	if err != nil {
		return nil, failWith(exitConfig, "config", err.Error(), "modbot im --help lists the flags and variables", err)
	}
	if simulated {
		_, _ = fmt.Fprintf(env.err, "No app is configured: calling the simulator at http://%s (start one with `modbot sim`).\n", simListen)
	}
	return client, nil
}

// setting is an environment variable, or the content of the file that its
// _FILE variant names.
func (e *environment) setting(name string) (string, error) {
	value, file := e.getenv(name), e.getenv(name+"_FILE")
	read, err := secretOf(name, value, name+"_FILE", file)
	if err != nil {
		if ce, ok := errors.AsType[*commandError](err); ok {
			ce.exit = exitConfig
		}
		return "", err
	}
	return read, nil
}

// secretOf is a value given directly or by a file, not both; neither is "".
// What the file holds is trimmed, because editors end it with a line break.
func secretOf(valueName, value, fileName, file string) (string, error) {
	if value != "" && file != "" {
		return "", usageError("twice", fmt.Sprintf("Both %s and %s are given: keep one.", valueName, fileName), "leave out "+valueName)
	}
	if file == "" {
		return value, nil
	}
	read, err := readShort(file)
	if err != nil {
		return "", failWith(exitConfig, "file", fmt.Sprintf("%s cannot be used: %v", fileName, err), "ls -l "+shellWord(file), err)
	}
	return read, nil
}

// readShort reads a file that holds one short value.
func readShort(file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxSecretFile {
		return "", fmt.Errorf("%s is over %d bytes", file, maxSecretFile)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return value, nil
}
