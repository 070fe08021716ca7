package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"modbot/internal/im"
	"modbot/internal/im/imwire"
)

// sigView is what `im usersig --json` prints. Times are unix seconds.
type sigView struct {
	UserSig    string `json:"usersig"`
	Identifier string `json:"identifier"`
	SDKAppID   uint64 `json:"sdk_app_id"`
	Expires    int64  `json:"expires"`
}

// verdictView is what `im usersig --verify --json` prints. What is not known
// of a signature that does not verify is null.
type verdictView struct {
	Valid      bool    `json:"valid"`
	Problem    *string `json:"problem"`
	Identifier *string `json:"identifier"`
	SDKAppID   *uint64 `json:"sdk_app_id"`
	Issued     *int64  `json:"issued"`
	Expires    *int64  `json:"expires"`
}

func newIMUserSigCommand(env *environment, c *connection) *cobra.Command {
	var verify string
	var validity time.Duration
	cmd := &cobra.Command{
		Use:   "usersig",
		Short: "Make or check the signature that every call carries",
		Long: `Print a UserSig of the identifier, for other tools; or, with --verify, say
whether one is good for this app, identifier and key, and why not (exit 1).
Nothing is called. A UserSig opens the whole app to whoever has it.`,
		Example: "  modbot im usersig\n  modbot im usersig --verify 'eJyrVgr…'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := c.resolve(env)
			if err != nil {
				return err
			}
			if cfg.SecretKey.IsZero() || cfg.SDKAppID == 0 {
				return failWith(exitConfig, "config", "A UserSig needs the app's SDKAppID and its secret key.",
					"modbot im usersig --sdk-app-id 1400000000 --key-file tencent.key", nil)
			}
			if cmd.Flags().Changed("verify") {
				return verifySig(env, cfg, verify, time.Now())
			}
			return makeSig(env, cfg, validity, time.Now())
		},
	}
	cmd.Flags().StringVar(&verify, "verify", "", "`UserSig` to check")
	cmd.Flags().DurationVar(&validity, "validity", im.DefaultSigValidity, "how long a new UserSig is good")
	return cmd
}

func makeSig(env *environment, cfg im.Config, validity time.Duration, now time.Time) error {
	claims := imwire.Claims{Identifier: cfg.Identifier, SDKAppID: cfg.SDKAppID, Issued: now.Truncate(time.Second), Validity: validity}
	sig, err := imwire.Sign(cfg.SecretKey, claims)
	if err != nil {
		return usageError("usersig", err.Error(), "modbot im usersig --validity 24h")
	}
	if env.json {
		return json.NewEncoder(env.out).Encode(sigView{
			UserSig: sig, Identifier: cfg.Identifier, SDKAppID: cfg.SDKAppID, Expires: claims.Expires().Unix(),
		})
	}
	_, err = fmt.Fprintln(env.out, sig)
	return err
}

func verifySig(env *environment, cfg im.Config, sig string, now time.Time) error {
	claims, err := imwire.Verify(cfg.SecretKey, cfg.SDKAppID, cfg.Identifier, sig, now)
	view := verdictView{Valid: err == nil}
	line := fmt.Sprintf("good: %s of app %d", cfg.Identifier, cfg.SDKAppID)
	if err != nil {
		view.Problem = new(explainSig(err, cfg, claims))
		line = "not good: " + *view.Problem
	}
	if err == nil || errors.Is(err, imwire.ErrUserSigExpired) {
		view.Identifier, view.SDKAppID = &claims.Identifier, &claims.SDKAppID
		view.Issued, view.Expires = new(claims.Issued.Unix()), new(claims.Expires().Unix())
		line += fmt.Sprintf("\n  issued  %s\n  expires %s", claims.Issued.UTC().Format(time.RFC3339), claims.Expires().UTC().Format(time.RFC3339))
	}
	var printErr error
	if env.json {
		printErr = json.NewEncoder(env.out).Encode(view)
	} else {
		_, printErr = fmt.Fprintln(env.out, line)
	}
	if err != nil && printErr == nil {
		return exitSilently(exitFailed)
	}
	return printErr
}

// explainSig says what is wrong with a signature, with the code that Tencent
// would answer.
func explainSig(err error, cfg im.Config, claims imwire.Claims) string {
	switch {
	case errors.Is(err, imwire.ErrUserSigExpired):
		return fmt.Sprintf("it expired at %s (Tencent: %d)", claims.Expires().UTC().Format(time.RFC3339), imwire.CodeSigExpired)
	case errors.Is(err, imwire.ErrUserSigIdentifier):
		return fmt.Sprintf("it is for another identifier than %q (Tencent: %d)", cfg.Identifier, imwire.CodeSigIdentifier)
	case errors.Is(err, imwire.ErrUserSigSDKAppID):
		return fmt.Sprintf("it is for another app than %d (Tencent: %d)", cfg.SDKAppID, imwire.CodeSigSDKAppID)
	case errors.Is(err, imwire.ErrUserSigForged):
		return fmt.Sprintf("it was made with another key, or altered (Tencent: %d)", imwire.CodeSigWrongKey)
	default:
		return fmt.Sprintf("it cannot be read: %v (Tencent: %d)", err, imwire.CodeSigIllegal)
	}
}
