package config

import _ "embed"

//go:embed template.yaml
var template string

// Template is a modbot.yaml to begin from: every setting once, with what it
// means. Settings that are not needed are commented out by a # at the
// beginning of the line's text; prose has a space after its #.
func Template() string { return template }
