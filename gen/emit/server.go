package emit

import (
	"path"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

func server(name string) *jen.Statement { return jen.Qual(ServerPath, name) }

// serverFile returns the file of the package that answers the calls of pkg.
func serverFile(pkg *plan.Package) (File, error) {
	s := pkg.Server
	f := newFile(s.ImportPath, s.Name, append(slices.Clone(pkg.Imports), pkg))
	for _, line := range docLines(s.PackageDoc, 0) {
		f.PackageComment(line)
	}
	w := serverWriter{pkg.ImportPath}
	w.emitServer(f, s)
	return render(s.ImportPath, path.Join(s.Dir, "server.go"), f)
}

// serverWriter writes the code of a server for the package with the import path served.
type serverWriter struct{ served string }

// name returns the qualified name of something in the package that is served.
func (w serverWriter) name(name string) *jen.Statement { return jen.Qual(w.served, name) }

// emitServer writes the interface Server, the functions NewHandler and Methods, and the types that decode parameters.
func (w serverWriter) emitServer(f *jen.File, s *plan.Server) {
	f.Add(comment(s.Doc, 0), jen.Type().Id("Server").InterfaceFunc(func(g *jen.Group) {
		for _, m := range s.Calls {
			results := append(serverResults(m), jen.Error())
			if m.Message != nil {
				results = []jen.Code{w.messages(m)}
			}
			g.Add(comment(m.ServerDoc, 4), jen.Id(m.Name).Params(w.parameters(m)...).Params(results...))
		}
	})).Line()
	f.Add(says("NewHandler returns a handler of the calls that s answers, at /xrpc/ and their NSIDs."),
		jen.Func().Id("NewHandler").Params(jen.Id("s").Id("Server"), jen.Id("opts").Op("...").Add(server("Option"))).Qual("net/http", "Handler").
			Block(jen.Return(server("New").Call(jen.Id("Methods").Call(jen.Id("s")), jen.Id("opts").Op("...")))))
	f.Line()
	var methods []jen.Code
	for _, m := range s.Calls {
		entries := []jen.Code{jen.Id("NSID").Op(":").Add(w.name(m.Const))}
		if m.Procedure {
			entries = append(entries, jen.Id("Procedure").Op(":").True())
		}
		if m.Message != nil {
			entries = append(entries, jen.Id("Subscription").Op(":").True())
		}
		entries = append(entries, jen.Id("Serve").Op(":").Func().Params(jen.Id("c").Op("*").Add(server("Call"))).Error().Block(w.serve(m)...))
		methods = append(methods, block(entries))
	}
	f.Add(says("Methods returns the methods of s, for a handler of several packages: see [xrpcserver.New]."),
		jen.Func().Id("Methods").Params(jen.Id("s").Id("Server")).Index().Add(server("Method")).Block(
			jen.Return(jen.Index().Add(server("Method")).Add(block(methods))))).Line()
	for _, m := range s.Calls {
		w.emitParamsDecoder(f, m)
	}
}

// emitParamsDecoder writes a type for the parameters of a call, with a method that decodes them and sets defaults.
func (w serverWriter) emitParamsDecoder(f *jen.File, m *plan.Method) {
	s := m.Decoded
	if s == nil {
		return
	}
	f.Type().Id(s.Name).Add(w.name(m.Params)).Line()
	f.Var().Id(s.Table).Op("=").Add(lex("NewFields")).Add(list("(", ")", len("var  = lex.NewFields")+len(s.Table), tableNames(s))).Line()
	emitRules(f, s.Rules)
	body := append([]jen.Code{jen.Var().Id("extra").Add(lex("Map"))}, decodeBody(s, jen.Op("&").Id("extra"))...)
	for _, field := range s.Fields {
		if field.Default != nil {
			name := jen.Id("v").Dot(field.Name)
			body = append(body, name.Clone().Dot("Set").Call(name.Clone().Dot("Or").Call(defaultLiteral(field.Default))))
		}
	}
	f.Add(decodeMethod(s.Name).Block(body...)).Line()
}

// parameters returns the parameters of the method of Server for a call.
func (w serverWriter) parameters(m *plan.Method) []jen.Code {
	parameters := []jen.Code{jen.Id("ctx").Qual("context", "Context")}
	if m.Params != "" {
		parameters = append(parameters, jen.Id("params").Op("*").Add(w.name(m.Params)))
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

// messages returns the type of the sequence of a subscription's messages.
func (w serverWriter) messages(m *plan.Method) *jen.Statement {
	return jen.Qual("iter", "Seq2").Types(w.name(m.Message.Name), jen.Error())
}

// serverResults returns the types of the results of a server's method, without the error.
func serverResults(m *plan.Method) []jen.Code {
	switch {
	case m.Record != nil && m.Pages != nil:
		return []jen.Code{jen.Index().Add(rec("Entry").Types(ref(*m.Record))), jen.String()}
	case m.Record != nil:
		return []jen.Code{jen.Op("*").Add(rec("Entry").Types(ref(*m.Record)))}
	}
	return outputOf(m.Output).results
}

// serve returns the statements that answer one call by calling the method of Server.
func (w serverWriter) serve(m *plan.Method) []jen.Code {
	var body []jen.Code
	arguments := []jen.Code{jen.Id("c").Dot("Context").Call()}
	check := func(call *jen.Statement) {
		body = append(body, jen.If(jen.Id("err").Op(":=").Add(call), jen.Id("err").Op("!=").Nil()).Block(jen.Return(jen.Id("err"))))
	}
	if m.Params != "" {
		body = append(body, jen.Id("params").Op(":=").New(jen.Id(m.Decoded.Name)))
		check(jen.Id("c").Dot("Params").Call(jen.Id("params"), jen.Map(jen.String()).Add(server("Kind")).Values(kinds(m.ParamFields)...)))
		arguments = append(arguments, jen.Parens(jen.Op("*").Add(w.name(m.Params))).Call(jen.Id("params")))
	}
	switch in := m.Input; {
	case in == nil:
	case in.Envelope != "":
		body = append(body, jen.Id("input").Op(":=").New(w.name(in.Envelope)))
		check(jen.Id("c").Dot("Input").Call(jen.Id("input")))
		arguments = append(arguments, jen.Id("input").Dot("Value"))
	case in.Value != nil:
		body = append(body, jen.Id("input").Op(":=").New(ref(in.Value.Type)))
		check(jen.Id("c").Dot("Input").Call(jen.Id("input")))
		arguments = append(arguments, jen.Id("input"))
	default:
		body = append(body, jen.List(jen.Id("body"), jen.Id("contentType"), jen.Err()).Op(":=").Id("c").Dot("Body").Call(jen.Lit(in.ContentType)),
			jen.If(jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Err())))
		arguments = append(arguments, jen.Id("contentType"), jen.Id("body"))
	}
	if m.Message != nil {
		arguments[0] = jen.Id("ctx")
		open := jen.Func().Params(jen.Id("ctx").Qual("context", "Context")).Add(w.messages(m)).Block(jen.Return(jen.Id("s").Dot(m.Name).Call(arguments...)))
		return append(body, jen.Return(server("Subscription").Call(jen.Id("c"), open, w.name(m.Message.Encode), w.name(m.Message.Decode))))
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
	output := func(value *jen.Statement) *jen.Statement { return server("Output").Call(jen.Id("c"), value) }
	switch out := m.Output; {
	case m.Record != nil && m.Pages != nil:
		return answer([]string{"entries", "cursor"}, server("Records").Call(jen.Id("c"), jen.Id("entries"), jen.Id("cursor"), jen.Lit(m.Pages.Items)))
	case m.Record != nil:
		return answer([]string{"entry"}, server("Record").Call(jen.Id("c"), jen.Id("entry")))
	case out == nil:
		return append(body, jen.Return(call))
	case out.Envelope != "":
		return answer([]string{"out"}, output(jen.Op("&").Add(w.name(out.Envelope)).Values(jen.Id("Value").Op(":").Id("out"))))
	case out.Value != nil:
		return answer([]string{"out"}, output(jen.Id("out")))
	}
	return answer([]string{"out", "contentType"}, jen.Id("c").Dot("Stream").Call(jen.Id("out"), jen.Id("contentType")))
}

// kinds returns the entries of the map from the key of each parameter to its kind, such as xrpcserver.Ints.
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
