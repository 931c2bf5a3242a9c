package lexicon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// permission returns the model of one permission of the set with the given
// NSID.
func permission(o object, set string) Permission {
	inherit, _ := o.get("inheritAud").(bool)
	return Permission{
		Resource:   text(o, "resource"),
		Collection: list[string](o, "collection"),
		Action:     list[string](o, "action"),
		LXM:        list[string](o, "lxm"),
		Aud:        text(o, "aud"),
		InheritAud: inherit,
		Accept:     list[string](o, "accept"),
		Ignored:    ignored(o, set),
	}
}

// ignored says why an authorization server ignores a permission of a set, or
// returns "" if it does not. A server must ignore what it does not understand,
// since an unknown parameter might narrow what the others grant.
func ignored(o object, set string) string {
	resource := text(o, "resource")
	parameters, ok := map[string][]string{
		"repo": {"collection", "action"},
		"rpc":  {"lxm", "aud", "inheritAud"},
	}[resource]
	if !ok {
		return fmt.Sprintf("a set cannot grant the resource %q", resource)
	}
	for _, m := range o {
		if m.name != "type" && m.name != "resource" && !slices.Contains(parameters, m.name) {
			return fmt.Sprintf("%q has no parameter %q", resource, m.name)
		}
	}
	if resource == "repo" {
		if reason := names(o, "collection", set); reason != "" {
			return reason
		}
		return actions(o)
	}
	if reason := names(o, "lxm", set); reason != "" {
		return reason
	}
	return audience(o)
}

// names returns why a set cannot grant the record types or methods in a list, or "" if it can. Their names must begin
// with the NSID of the set without its last segment.
func names(o object, parameter, set string) string {
	values, _ := o.get(parameter).([]any)
	if len(values) == 0 {
		return fmt.Sprintf("%q is not a list with at least one item", parameter)
	}
	group := set[:strings.LastIndexByte(set, '.')+1]
	seen := make(map[string]bool, len(values))
	for _, value := range values {
		name, ok := value.(string)
		switch {
		case !ok || !syntax.ValidNSID(name):
			return fmt.Sprintf("%v in %q is not an NSID", value, parameter)
		case !strings.HasPrefix(name, group):
			return fmt.Sprintf("%s is outside %s*, and a set can grant only names within it", name, group)
		case seen[name]:
			return fmt.Sprintf("%q lists %s twice", parameter, name)
		}
		seen[name] = true
	}
	return ""
}

// actions returns why the actions of a "repo" permission are malformed, or "" if they are not.
func actions(o object) string {
	value := o.get("action")
	if value == nil {
		return ""
	}
	values, ok := value.([]any)
	if !ok || len(values) == 0 {
		return `"action" is not a list with at least one item`
	}
	for i, action := range values {
		if action != "create" && action != "update" && action != "delete" {
			return fmt.Sprintf(`%v in "action" is not create, update or delete`, action)
		}
		if slices.Contains(values[:i], action) {
			return fmt.Sprintf(`"action" lists %v twice`, action)
		}
	}
	return ""
}

// audience returns why the audience of an "rpc" permission is not allowed in a set, or "" if it is.
func audience(o object) string {
	aud, inherit := o.get("aud"), o.get("inheritAud")
	switch {
	case aud != nil && inherit == true:
		return `"aud" cannot be combined with "inheritAud"`
	case aud == nil && inherit != true:
		return `it has neither "aud" nor "inheritAud"`
	case aud != nil && aud != "*":
		return `"aud" can only be "*" in a set`
	}
	return ""
}
