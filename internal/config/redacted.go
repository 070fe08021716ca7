package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Redacted is the configuration in effect as YAML: defaults and environment
// included, what is not set left out, secrets and the passwords of URLs hidden,
// roles in their order.
func (c *Config) Redacted() (string, error) {
	shown := *c
	shown.Store.URL = maskPasswords(c.Store.URL)
	node, err := yaml.ValueToNode(shown)
	if err != nil {
		return "", fmt.Errorf("writing the configuration as YAML: %w", err)
	}
	prune(node)
	c.sortRoles(node)
	return node.String() + "\n", nil
}

// prune removes what is not set. No setting has an empty value or 0 that means
// anything else; false is kept, because it answers a question.
func prune(n ast.Node) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return
	}
	m.Values = slices.DeleteFunc(m.Values, func(pair *ast.MappingValueNode) bool {
		prune(pair.Value)
		switch v := pair.Value.(type) {
		case *ast.MappingNode:
			return len(v.Values) == 0
		case *ast.SequenceNode:
			return len(v.Values) == 0
		case *ast.NullNode:
			return true
		case *ast.IntegerNode:
			return v.GetToken().Value == "0"
		case ast.ScalarNode:
			return strings.Trim(textOf(v), `"`) == ""
		}
		return false
	})
}

// sortRoles puts the roles of a syntax tree into the order that the policy
// tries them in.
func (c *Config) sortRoles(n ast.Node) {
	root, ok := n.(*ast.MappingNode)
	if !ok {
		return
	}
	for _, pair := range root.Values {
		roles, ok := pair.Value.(*ast.MappingNode)
		if !ok || keyOf(pair) != "roles" {
			continue
		}
		slices.SortFunc(roles.Values, func(a, b *ast.MappingValueNode) int {
			return slices.Index(c.roleNames, keyOf(a)) - slices.Index(c.roleNames, keyOf(b))
		})
	}
}
