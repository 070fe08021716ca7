package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"modbot/internal/config"
)

// defaultConfig is the configuration that is read where -c names none.
const defaultConfig = "modbot.yaml"

// newConfigCommand helps with writing modbot.yaml and shows what holds.
func newConfigCommand(env *environment) *cobra.Command {
	return group("config", "Print a modbot.yaml to begin from, or the one in effect",
		newConfigTemplateCommand(env),
		newConfigShowCommand(env),
	)
}

func newConfigTemplateCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "template",
		Short: "Print a commented modbot.yaml with every setting",
		Long: `Prints a modbot.yaml to begin from. Every setting stands in it once, with what
it means; those that are optional are commented out.`,
		Example: "  modbot config template > modbot.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return printYAML(env, config.Template())
		},
	}
}

func newConfigShowCommand(env *environment) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration in effect, without its secrets",
		Long: `Prints the configuration as modbot understands it: the file with the environment
over it and the defaults below it. Secrets are hidden. A configuration with
mistakes is not shown; all of them are listed, and the exit code is 78.`,
		Example: "  modbot config show -c modbot.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig(env, file)
			if err != nil {
				return err
			}
			shown, err := cfg.Redacted()
			if err != nil {
				return err
			}
			return printYAML(env, shown)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", defaultConfig, "configuration `file`")
	return cmd
}

// printYAML prints a text of YAML; for machines as one JSON object around it.
func printYAML(env *environment, text string) error {
	if env.json {
		return json.NewEncoder(env.out).Encode(map[string]string{"yaml": text})
	}
	_, err := fmt.Fprint(env.out, text)
	return err
}
