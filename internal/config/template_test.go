package config

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// commented finds a setting that is commented out; prose has a space there.
var commented = regexp.MustCompile(`(?m)^( *)#([a-z])`)

// leaves lists the paths of every setting; the names in tables are NAME.
func leaves(section reflect.Type, path string) []string {
	var out []string
	for _, s := range settingsOf(section) {
		p, t := join(path, s.name), s.typ
		if isTable(t) && isSection(t.Elem()) {
			p, t = p+".NAME", t.Elem()
		}
		if isSection(t) {
			out = append(out, leaves(t, p)...)
			continue
		}
		out = append(out, p)
	}
	return out
}

func TestTheTemplateLoads(t *testing.T) {
	dir := in(t, map[string]string{"modbot.yaml": Template(), "tencent.key": "k"})
	c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, []string{"moderator", "admin"}, c.RoleNames())
}

func TestTheTemplateLoadsWithEverySettingUsed(t *testing.T) {
	all := commented.ReplaceAllString(Template(), "$1$2")
	all = strings.Replace(all, "  host: https://adminapisgp.im.qcloud.com\n", "", 1) // instead of region
	dir := in(t, map[string]string{
		"modbot.yaml": all, "tencent.key": "k", "store.password": "k", "discord-bot.token": "k",
		"slack-signing.key": "k", "slack-bot.token": "k", "slack-app.token": "k",
	})
	c, err := Load(filepath.Join(dir, "modbot.yaml"), testOptions())
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, "E0123ABCD", c.Slack.Enterprise)
}

func TestTheTemplateHasEverySettingOnce(t *testing.T) {
	all := []byte(commented.ReplaceAllString(Template(), "$1$2"))
	r := newReport("template", all)
	var c Config
	decodeFile(r, all, reflect.ValueOf(&c).Elem())
	require.NoError(t, r.err())

	given := map[string]bool{}
	for path := range r.origins {
		given[regexp.MustCompile(`^roles\.[a-z]+`).ReplaceAllString(path, "roles.NAME")] = true
	}
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		if strings.HasPrefix(path, "protect") {
			continue // its elements have two forms; the list itself is there
		}
		require.True(t, given[path], "the template lacks %s", path)
	}
	// The decoder refuses a key that is there twice; keys that are commented
	// out beside the same key in use would be such.
	require.True(t, given["protect"])
}

// What the template shows as the default is the default.
func TestTheTemplateShowsTheDefaults(t *testing.T) {
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		s, ok := settingAt(path)
		require.True(t, ok, path)
		if s.initial == "" {
			continue
		}
		line := regexp.MustCompile(`(?m)^ *#?` + s.name + `: *` + regexp.QuoteMeta(s.initial) + ` *$`)
		require.Regexp(t, line, Template(), path)
	}
}

func TestEverySettingHasAnExampleThatIsRight(t *testing.T) {
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		s, ok := settingAt(path)
		require.True(t, ok, path)
		require.NotEmpty(t, s.example, "%s has no example tag", path)
		file := ""
		for i, key := range strings.Split(strings.Replace(path, "NAME", "moderator", 1), ".") {
			file += strings.Repeat("  ", i) + key + ":\n"
		}
		file = strings.TrimSuffix(file, "\n") + " " + s.example + "\n"
		_, err := LoadBytes("modbot.yaml", []byte(file), testOptions())
		for _, item := range items(t, err) {
			require.Contains(t, item, "is missing", "%s: the example is refused", path)
			require.NotContains(t, item, " "+path+":", "%s: the example is not taken", path)
		}
	}
}

func TestEverySettingHasItsVariable(t *testing.T) {
	seen := map[string]string{}
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		path = strings.Replace(path, "NAME", "moderator", 1)
		if path == "slack.short_forms" {
			path += ".modmute"
		}
		require.Empty(t, seen[envName(path)], "%s and %s have one variable", path, seen[envName(path)])
		seen[envName(path)] = path
		tg, ok := find(reflect.TypeFor[Config](), reflect.Value{}, strings.TrimPrefix(envName(path), envPrefix))
		require.True(t, ok, path)
		require.Equal(t, strings.Split(path, "."), tg.keys)
		require.False(t, tg.fromFile)
		tg, ok = find(reflect.TypeFor[Config](), reflect.Value{}, strings.TrimPrefix(envName(path+fileSuffix), envPrefix))
		require.True(t, ok, path)
		if !slices.Equal([]string{"slack", "short_forms", "modmute_file"}, tg.keys) {
			require.True(t, tg.fromFile, path)
		}
	}
}
