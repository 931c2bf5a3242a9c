package emit

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

func server(name string) *jen.Statement { return jen.Qual(ServerPath, name) }

// emitParamsDecoder writes the method by which servers decode parameters. It sets defaults.
func emitParamsDecoder(f *jen.File, p *plan.Params) {
	f.Var().Id(p.Decoded.Table).Op("=").Add(lex("NewFields")).Add(list("(", ")", len("var  = lex.NewFields")+len(p.Decoded.Table), tableNames(p.Decoded))).Line()
	emitRules(f, p.Decoded.Rules)
	body := append([]jen.Code{jen.Var().Id("extra").Add(lex("Map"))}, decodeBody(p.Decoded, jen.Op("&").Id("extra"))...)
	for _, field := range p.Fields {
		if field.Default != nil {
			name := jen.Id("v").Dot(field.Name)
			body = append(body, name.Clone().Dot("Set").Call(name.Clone().Dot("Or").Call(defaultLiteral(field.Default))))
		}
	}
	f.Add(decodeMethod(p.Name).Block(body...)).Line()
}

// emitServer writes the interface that answers a package's calls, and the functions that make handlers of it.
func emitServer(f *jen.File, s *plan.Server) {
	f.Add(comment(s.Doc, 0), jen.Type().Id(s.Name).InterfaceFunc(func(g *jen.Group) {
		for _, m := range s.Calls {
			g.Add(comment(m.Doc, 4), jen.Id(m.Name).Params(serverParameters(m)...).Params(append(serverResults(m), jen.Error())...))
		}
	})).Line()
	f.Add(comment(s.HandlerDoc, 0), jen.Func().Id(s.Handler).Params(jen.Id("s").Id(s.Name)).Qual("net/http", "Handler").
		Add(oneLine(jen.Return(server("New").Call(jen.Id(s.Methods).Call(jen.Id("s")).Op("..."))))))
	f.Line()
	var methods []jen.Code
	for _, m := range s.Calls {
		entries := []jen.Code{jen.Id("NSID").Op(":").Id(m.Const)}
		if m.Procedure {
			entries = append(entries, jen.Id("Procedure").Op(":").True())
		}
		entries = append(entries, jen.Id("Serve").Op(":").Func().Params(jen.Id("c").Op("*").Add(server("Call"))).Error().Block(serve(m)...))
		methods = append(methods, block(entries))
	}
	f.Add(comment(s.MethodsDoc, 0), jen.Func().Id(s.Methods).Params(jen.Id("s").Id(s.Name)).Index().Add(server("Method")).Block(
		jen.Return(jen.Index().Add(server("Method")).Add(block(methods)))))
}

// serverParameters are the parameters of a server's method.
func serverParameters(m *plan.Method) []jen.Code {
	parameters := []jen.Code{jen.Id("ctx").Qual("context", "Context")}
	if m.Params != "" {
		parameters = append(parameters, jen.Id("params").Op("*").Id(m.Params))
	}
	switch {
	case m.Input == nil:
	case m.Input.Value == nil:
		parameters = append(parameters, jen.Id("contentType").String(), jen.Id("body").Qual("io", "Reader"))
	default:
		parameters = append(parameters, inputParameters(m.Input)...)
	}
	return parameters
}

// serverResults are the results of a server's method before its error.
func serverResults(m *plan.Method) []jen.Code {
	switch {
	case m.Record != nil && m.Pages != nil:
		return []jen.Code{jen.Index().Add(rec("Entry").Types(ref(*m.Record))), jen.String()}
	case m.Record != nil:
		return []jen.Code{jen.Op("*").Add(rec("Entry").Types(ref(*m.Record)))}
	}
	return outputOf(m.Output).results
}

// serve returns the statements that answer one call.
func serve(m *plan.Method) []jen.Code {
	var body []jen.Code
	arguments := []jen.Code{jen.Id("c").Dot("Context").Call()}
	check := func(call *jen.Statement) {
		body = append(body, jen.If(jen.Id("err").Op(":=").Add(call), jen.Id("err").Op("!=").Nil()).Block(jen.Return(jen.Id("err"))))
	}
	if m.Params != "" {
		body = append(body, jen.Id("params").Op(":=").New(jen.Id(m.Params)))
		check(jen.Id("c").Dot("Params").Call(jen.Id("params"), jen.Map(jen.String()).Add(server("Kind")).Values(kinds(m.ParamFields)...)))
		arguments = append(arguments, jen.Id("params"))
	}
	switch in := m.Input; {
	case in == nil:
	case in.Envelope != "":
		body = append(body, jen.Id("input").Op(":=").New(jen.Id(in.Envelope)))
		check(jen.Id("c").Dot("Input").Call(jen.Id("input")))
		arguments = append(arguments, jen.Id("input").Dot("value"))
	case in.Value != nil:
		body = append(body, jen.Id("input").Op(":=").New(ref(in.Value.Type)))
		check(jen.Id("c").Dot("Input").Call(jen.Id("input")))
		arguments = append(arguments, jen.Id("input"))
	default:
		body = append(body, jen.List(jen.Id("body"), jen.Id("contentType")).Op(":=").Id("c").Dot("Body").Call())
		arguments = append(arguments, jen.Id("contentType"), jen.Id("body"))
	}
	call := jen.Id("s").Dot(m.Name).Call(arguments...)
	ifErr := jen.If(jen.Id("err").Op("!=").Nil()).Block(jen.Return(jen.Id("err")))
	answer := func(results []string, send *jen.Statement) []jen.Code {
		names := make([]jen.Code, len(results))
		for i, name := range results {
			names[i] = jen.Id(name)
		}
		return append(body, jen.List(append(names, jen.Id("err"))...).Op(":=").Add(call), ifErr, jen.Return(send))
	}
	output := func(value *jen.Statement) *jen.Statement { return jen.Id("c").Dot("Output").Call(value) }
	switch out := m.Output; {
	case m.Record != nil && m.Pages != nil:
		return answer([]string{"entries", "cursor"}, output(server("Records").Call(jen.Id("entries"), jen.Id("cursor"), jen.Lit(m.Pages.Items))))
	case m.Record != nil:
		return answer([]string{"entry"}, output(server("Record").Call(jen.Id("entry"))))
	case out == nil:
		return append(body, jen.Return(call))
	case out.Envelope != "":
		return answer([]string{"out"}, output(jen.Op("&").Id(out.Envelope).Values(jen.Id("out"))))
	case out.Value != nil:
		return answer([]string{"out"}, output(jen.Id("out")))
	}
	return answer([]string{"out", "contentType"}, jen.Id("c").Dot("Stream").Call(jen.Id("out"), jen.Id("contentType")))
}

// kinds returns the entries of the table that says of what type each parameter is.
func kinds(fields []*plan.Field) []jen.Code {
	var entries []jen.Code
	for _, field := range fields {
		value, plural := field.Value, ""
		if value.Kind == plan.Array {
			value, plural = value.Items, "s"
		}
		kind := "String"
		if value.Encode == "Int" || value.Encode == "Bool" {
			kind = value.Encode
		}
		entries = append(entries, jen.Lit(field.Key).Op(":").Add(server(strings.TrimSpace(kind+plural))))
	}
	return entries
}
