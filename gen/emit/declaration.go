package emit

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func emitDecl(f *jen.File, d plan.Decl) {
	switch d := d.(type) {
	case *plan.Const:
		f.Add(comment(d.Doc, 0), jen.Const().Id(d.Name).Op("=").Lit(d.Value)).Line()
	case *plan.Errors:
		emitErrors(f, d)
	case *plan.Struct:
		emitStruct(f, d)
	case *plan.Enum:
		f.Add(comment(d.Doc, 0), jen.Type().Id(d.Name).String()).Line()
		emitValues(f, d)
	case *plan.Scalar:
		emitScalar(f, d)
	case *plan.List:
		emitList(f, d)
	case *plan.Union:
		emitUnion(f, d)
	case *plan.Message:
		emitMessage(f, d)
	case *plan.Params:
		emitParams(f, d)
	case *plan.Method:
		emitMethod(f, d)
	case *plan.PermissionSet:
		emitPermissionSet(f, d)
	}
}

// emitErrors writes the constants for the errors of a call.
func emitErrors(f *jen.File, errors *plan.Errors) {
	if len(errors.List) == 1 {
		e := errors.List[0]
		f.Add(comment(e.Doc, 0), jen.Const().Id(e.Name).Add(rpc("ErrorName")).Op("=").Lit(e.Value)).Line()
		return
	}
	f.Add(comment(errors.Doc, 0), jen.Const().DefsFunc(func(g *jen.Group) {
		for _, e := range errors.List {
			g.Add(comment(e.Doc, 4), jen.Id(e.Name).Add(rpc("ErrorName")).Op("=").Lit(e.Value))
		}
	})).Line()
}

// emitValues writes the constants of a string type and its methods Known and IsKnown.
func emitValues(f *jen.File, enum *plan.Enum) {
	if len(enum.Values) == 0 {
		return
	}
	values := make([]string, len(enum.Values))
	f.Add(comment(enum.ValuesDoc, 0), jen.Const().DefsFunc(func(g *jen.Group) {
		for i, value := range enum.Values {
			values[i] = value.Value
			g.Id(value.Name).Id(enum.Name).Op("=").Lit(value.Value)
		}
	})).Line()
	f.Func().Params(jen.Id("v").Id(enum.Name)).Id("IsKnown").Params().Bool().Add(oneLine(jen.Return(lex("IsKnown").Call(jen.Id("v")))))
	f.Func().Params(jen.Id(enum.Name)).Id("Known").Params().Index().Id(enum.Name).
		Block(jen.Return(jen.Index().Id(enum.Name).Add(list("{", "}", len("\treturn []"+enum.Name), quoted(values)))))
	f.Line()
}

// emitRules writes the variables with constraints.
func emitRules(f *jen.File, rules []*plan.Rules) {
	for _, r := range rules {
		f.Add(comment(r.Doc, 0)).Var().Id(r.Name).Op("=").Add(lex(r.Type)).ValuesFunc(func(g *jen.Group) {
			for _, rule := range r.Entries {
				g.Id(rule.Name).Op(":").Add(ruleValue(rule.Value))
			}
		}).Line()
	}
}

func ruleValue(v any) *jen.Statement {
	switch v := v.(type) {
	case plan.Limit:
		return jen.Add(limitCode(v))
	case syntax.Format:
		return jen.Qual(SyntaxPath, "Format"+v.GoType())
	case int64:
		return jen.Lit(int(v))
	case []string:
		return stringList(v)
	case []int64:
		return jen.Index().Int64().ValuesFunc(func(g *jen.Group) {
			for _, n := range v {
				g.Lit(int(n))
			}
		})
	}
	return jen.Lit(v)
}

// stringList returns a slice of strings, each on its own line if one line has no room for them.
func stringList(values []string) *jen.Statement {
	items := quoted(values)
	if len(wrapped(items, 40, width)) == 1 {
		return jen.Index().String().Values(codes(items)...)
	}
	return jen.Index().String().Add(block(codes(items)))
}

// emitScalar writes the type of a definition that is a string, an integer or a boolean.
func emitScalar(f *jen.File, s *plan.Scalar) {
	f.Add(comment(s.Doc, 0), jen.Type().Id(s.Name).Add(ref(s.Underlying))).Line()
	emitValues(f, &s.Enum)
	emitRules(f, s.Rules)
	emitShortCodec(f, s.Name, s.Value)
	f.Line()
}

// emitList writes the type of a definition that is an array.
func emitList(f *jen.File, l *plan.List) {
	f.Add(comment(l.Doc, 0), jen.Type().Id(l.Name).Add(valueType(l.Value))).Line()
	emitRules(f, l.Rules)
	emitShortCodec(f, l.Name, l.Value)
	f.Line()
	emitJSON(f, l.Name)
}

// The methods that every type has are one line each and have no comments: package lex says what they do.

func decodeMethod(name string) *jen.Statement {
	return jen.Func().Params(jen.Id("v").Op("*").Id(name)).Id("DecodeLex").Params(jen.Id("d").Op("*").Add(lex("Decoder")))
}

func encodeMethod(name string) *jen.Statement {
	return jen.Func().Params(jen.Id("v").Op("*").Id(name)).Id("EncodeLex").Params(jen.Id("e").Op("*").Add(lex("Encoder")))
}

// emitShortCodec writes the methods DecodeLex and EncodeLex of a type that is not a struct.
func emitShortCodec(f *jen.File, name string, value *plan.Value) {
	target := func() *jen.Statement { return jen.Op("*").Id("v") }
	f.Add(decodeMethod(name).Add(oneLine(target().Op("=").Add(decodeExpression(value)))))
	f.Add(encodeMethod(name).Add(oneLine(encode(jen.Id("e"), value, target()))))
}

// emitJSON writes the methods that encoding/json and fmt look for.
func emitJSON(f *jen.File, name string) {
	f.Func().Params(jen.Id("v").Id(name)).Id("MarshalJSON").Params().Params(jen.Index().Byte(), jen.Error()).
		Add(oneLine(jen.Return(lex("EncodeJSON").Call(jen.Op("&").Id("v")))))
	f.Func().Params(jen.Id("v").Op("*").Id(name)).Id("UnmarshalJSON").Params(jen.Id("b").Index().Byte()).Error().
		Add(oneLine(jen.Return(lex("DecodeJSON").Call(jen.Id("b"), jen.Id("v")))))
	f.Func().Params(jen.Id("v").Id(name)).Id("String").Params().String().
		Add(oneLine(jen.Return(lex("Text").Call(jen.Op("&").Id("v"))))).Line()
}

func emitPermissionSet(f *jen.File, set *plan.PermissionSet) {
	var entries []jen.Code
	add := func(name string, value *jen.Statement) {
		entries = append(entries, jen.Id(name).Op(":").Add(value))
	}
	add("NSID", jen.Lit(set.NSID))
	if set.Title != "" {
		add("Title", jen.Lit(set.Title))
	}
	if set.Detail != "" {
		add("Detail", jen.Lit(set.Detail))
	}
	var permissions []jen.Code
	for i := range set.Permissions {
		permissions = append(permissions, permission(&set.Permissions[i]))
	}
	add("Permissions", jen.Index().Add(rpc("Permission")).Add(block(permissions)))
	f.Add(comment(set.Doc, 0), jen.Var().Id(set.Name).Op("=").Add(rpc("PermissionSet")).Add(block(entries))).Line()
}

func permission(p *plan.Permission) *jen.Statement {
	entries := []jen.Code{jen.Id("Resource").Op(":").Lit(p.Resource)}
	for _, list := range []struct {
		name   string
		values []string
	}{{"Collection", p.Collection}, {"Action", p.Action}, {"LXM", p.LXM}, {"Accept", p.Accept}} {
		if len(list.values) > 0 {
			entries = append(entries, jen.Id(list.name).Op(":").Add(stringList(list.values)))
		}
	}
	if p.Aud != "" {
		entries = append(entries, jen.Id("Aud").Op(":").Lit(p.Aud))
	}
	if p.InheritAud {
		entries = append(entries, jen.Id("InheritAud").Op(":").True())
	}
	return block(entries)
}

// block returns the entries of a composite literal in braces, one entry per line.
func block(entries []jen.Code) *jen.Statement {
	entries = slices.Clip(entries)
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, entries...)
}
