package emit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

// emitStruct writes the type of an object or record and its methods.
func emitStruct(f *jen.File, s *plan.Struct) {
	f.Add(comment(s.Doc, 0), jen.Type().Id(s.Name).StructFunc(func(g *jen.Group) {
		emitFields(g, s.Fields)
		g.Id("Extra").Add(lex("Map")).Comment("// unknown fields")
	})).Line()
	f.Var().Id(s.Table).Op("=").Add(lex("NewFields")).Add(list("(", ")", len("var  = lex.NewFields")+len(s.Table), tableNames(s))).Line()
	emitRules(f, s.Rules)
	f.Add(decodeMethod(s.Name).Block(decodeBody(s, jen.Op("&").Id("v").Dot("Extra"))...)).Line()
	f.Add(encodeMethod(s.Name).Block(encodeBody(s)...)).Line()
	if s.Record != nil {
		emitRecord(f, s)
	}
	emitJSON(f, s.Name)
	for _, field := range s.Fields {
		emitDefault(f, s.Name, field)
	}
}

// emitFields writes the fields of an object or of parameters.
func emitFields(g *jen.Group, fields []*plan.Field) {
	for _, field := range fields {
		code := jen.Id(field.Name).Add(fieldType(field))
		if field.Note != "" {
			code.Comment("// " + field.Note)
		}
		g.Add(comment(field.Doc, 4), code)
	}
}

// emitRecord writes the methods that only records have.
func emitRecord(f *jen.File, s *plan.Struct) {
	receiver := jen.Id("v").Op("*").Id(s.Name)
	f.Func().Params(receiver.Clone()).Id("RecordType").Params().Qual(SyntaxPath, "NSID").
		Add(oneLine(jen.Return(jen.Id(s.Record.Const))))
	f.Func().Params(receiver.Clone()).Id("Validate").Params().Error().
		Add(oneLine(jen.Return(lex("Validate").Call(jen.Id("v")))))
}

// emitDefault writes the method that returns a field or its default.
func emitDefault(f *jen.File, owner string, field *plan.Field) {
	if field.Default == nil {
		return
	}
	name := field.OrDefault
	f.Add(says(fmt.Sprintf("%s returns %s, or its default if it is unset.", name, field.Name)),
		jen.Func().Params(jen.Id("v").Op("*").Id(owner)).Id(name).Params().Add(valueType(field.Value)).
			Add(oneLine(jen.Return(jen.Id("v").Dot(field.Name).Dot("Or").Call(defaultLiteral(field.Default)))))).Line()
}

func defaultLiteral(v any) jen.Code {
	if n, ok := v.(int64); ok {
		return jen.Lit(int(n))
	}
	return jen.Lit(v)
}

// tableNames returns the arguments of lex.NewFields for a struct: the quoted keys in canonical order, with "!" after a
// required key, and "?" after an optional one that itself ends in one of these marks.
func tableNames(s *plan.Struct) []string {
	names := make([]string, len(s.Canonical))
	for i, field := range s.Canonical {
		switch {
		case field == nil:
			names[i] = strconv.Quote("$type!")
		case field.Required:
			names[i] = strconv.Quote(field.Key + "!")
		case strings.HasSuffix(field.Key, "!"), strings.HasSuffix(field.Key, "?"):
			names[i] = strconv.Quote(field.Key + "?")
		default:
			names[i] = strconv.Quote(field.Key)
		}
	}
	return names
}

// decodeBody returns the statements that decode an object. They store unknown fields in extra.
func decodeBody(s *plan.Struct, extra *jen.Statement) []jen.Code {
	start := []jen.Code{
		jen.Var().Id("c").Add(lex("Cursor")),
		jen.Id("d").Dot("Object").Call(jen.Op("&").Id("c"), jen.Id(s.Table), extra),
	}
	next := jen.Id("d").Dot("Next").Call(jen.Op("&").Id("c"))
	if len(s.Canonical) == 0 {
		return append(start, next)
	}
	loop := jen.For(jen.Id("i").Op(":=").Add(next), jen.Id("i").Op(">=").Lit(0), jen.Id("i").Op("=").Add(next))
	return append(start, loop.Block(jen.Switch(jen.Id("i")).BlockFunc(func(g *jen.Group) {
		for i, field := range s.Canonical {
			label := jen.Case(jen.Lit(i))
			if field == nil {
				g.Add(label.Comment("// $type").Line().Id("d").Dot("RecordType").Call(jen.Id(s.Record.Const)))
				continue
			}
			label.Comment("// " + keyComment(field.Key))
			for _, statement := range decodeField(field) {
				label.Line().Add(statement)
			}
			g.Add(label)
		}
	})))
}

func encodeBody(s *plan.Struct) []jen.Code {
	body := []jen.Code{jen.Id("o").Op(":=").Id("e").Dot("Object").Call(jen.Op("&").Id("v").Dot("Extra"))}
	for _, field := range s.Canonical {
		if field == nil {
			body = append(body, jen.Id("o").Dot("Key").Call(jen.Lit("$type")).Dot("String").Call(jen.Id(s.Record.Const)))
			continue
		}
		body = append(body, encodeField(field))
	}
	return append(body, jen.Id("o").Dot("End").Call())
}

// keyComment returns a key as it can stand in a comment: quoted if anything in it is unusual.
func keyComment(key string) string {
	if quoted := strconv.Quote(key); quoted[1:len(quoted)-1] != key {
		return quoted
	}
	return key
}
