package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckpointEvery(t *testing.T) {
	for text, c := range map[string]struct {
		seconds int64
		problem string
	}{
		"12h": {12 * 3600, ""}, "1m": {60, ""}, "never": {0, ""},
		"59s": {0, "a minute is the least"}, "permanent": {0, "would be never"}, "often": {0, "ledger.checkpoint_every"},
	} {
		t.Run(text, func(t *testing.T) {
			file := "tencent: {region: tokyo, sdk_app_id: 1, secret_key: k}\nledger: {origin: o, checkpoint_every: " + text + "}\n"
			cfg, err := LoadBytes("modbot.yaml", []byte(file), testOptions())
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, Term{Text: text, Seconds: c.seconds}, cfg.Ledger.CheckpointEvery)
		})
	}
}
