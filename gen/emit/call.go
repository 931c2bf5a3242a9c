package emit

import (
	"go/token"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

// emitClient writes the type whose methods are a package's calls.
func emitClient(f *jen.File, c *plan.Client) {
	f.Add(comment(c.Doc, 0), jen.Type().Id(c.Name).Struct(
		jen.Comment("// Caller sends the requests."),
		jen.Id("Caller").Add(rpc("Caller")),
	)).Line()
	f.Add(comment(c.NewDoc, 0), jen.Func().Id(c.New).Params(jen.Id("c").Add(rpc("Caller"))).Op("*").Id(c.Name).
		Add(oneLine(jen.Return(jen.Op("&").Id(c.Name).Values(jen.Id("Caller").Op(":").Id("c")))))).Line()
}

// emitParams writes the type of a call's parameters.
func emitParams(f *jen.File, p *plan.Params) {
	f.Add(comment(p.Doc, 0), jen.Type().Id(p.Name).StructFunc(func(g *jen.Group) {
		emitFields(g, p.Fields)
	})).Line()
	body := []jen.Code{
		orNew("v", jen.Id(p.Name)),
	}
	for _, field := range p.Fields {
		body = append(body, param(field))
	}
	body = append(body, jen.Return(jen.Id("q")))
	f.Func().Params(jen.Id("v").Op("*").Id(p.Name)).Id("LexParams").Params().Params(jen.Id("q").Add(rpc("Params"))).Block(body...).Line()
}

// param returns the statement that adds a parameter to q.
func param(f *plan.Field) *jen.Statement {
	value := f.Value
	field := jen.Id("v").Dot(f.Name)
	add := func(x *jen.Statement) *jen.Statement {
		return jen.Id("q").Dot(value.Encode).Call(jen.Lit(f.Key), basic(value, x))
	}
	switch {
	case value.Kind == plan.Array:
		value = value.Items
		return jen.For(jen.List(jen.Id("_"), jen.Id("x")).Op(":=").Range().Add(field)).Block(add(jen.Id("x")))
	case f.Default != nil:
		return add(field.Dot("Or").Call(defaultLiteral(f.Default)))
	case f.Presence == plan.Optional:
		return rpc("OptParam").Call(jen.Op("&").Id("q"), jen.Lit(f.Key), field)
	}
	return add(field)
}

// emitMethod writes a method of the client.
func emitMethod(f *jen.File, m *plan.Method) {
	if m.Record != nil {
		emitRecordQuery(f, m)
		return
	}
	parameters := []jen.Code{jen.Id("ctx").Qual("context", "Context")}
	var body []jen.Code
	request := []jen.Code{jen.Id("NSID").Op(":").Id(m.Const)}
	entry := func(name string, value *jen.Statement) {
		request = append(request, jen.Id(name).Op(":").Add(value))
	}
	if m.Procedure {
		entry("Procedure", jen.True())
	}
	if m.Params != "" {
		parameters = append(parameters, jen.Id("params").Op("*").Id(m.Params))
		entry("Params", jen.Id("params").Dot("LexParams").Call())
	}
	if m.Input != nil {
		parameters = append(parameters, inputParameters(m.Input)...)
		body = append(body, inputDefault(m.Input)...)
		inputEntries(m.Input, entry)
	}
	out := outputOf(m.Output)
	if out.variable != nil {
		body = append(body, jen.Id("out").Op(":=").New(out.variable))
	}
	body = append(body, jen.Id("request").Op(":=").Add(rpc("Request")).Values(request...))
	response := jen.New(rpc("Response"))
	if out.variable != nil {
		response = jen.Op("&").Add(rpc("Response")).Values(jen.Id("Output").Op(":").Id("out"))
	} else if m.Output != nil {
		body = append(body, jen.Id("response").Op(":=").Add(rpc("Response")).Values(jen.Id("Stream").Op(":").True()))
		response = jen.Op("&").Id("response")
	}
	run := jen.Id("c").Dot("Caller").Dot("Call").Call(jen.Id("ctx"), jen.Op("&").Id("request"), response)
	if m.Output == nil {
		body = append(body, jen.Return(run))
	} else {
		body = append(body,
			jen.If(jen.Id("err").Op(":=").Add(run), jen.Id("err").Op("!=").Nil()).
				Block(jen.Return(append(out.nothing, jen.Id("err"))...)),
			jen.Return(append(out.values, jen.Nil())...),
		)
	}
	f.Add(comment(m.Doc, 0), jen.Func().Params(jen.Id("c").Op("*").Id(m.Client)).Id(m.Name).
		Params(parameters...).Params(append(out.results, jen.Error())...).Block(body...)).Line()
	if m.Pages != nil {
		emitPages(f, m)
	}
	emitEnvelope(f, m.Input)
	emitEnvelope(f, m.Output)
}

// output is what a method returns before its error.
type output struct {
	variable jen.Code   // the type of the variable that is decoded into, nil for none
	results  []jen.Code // the types of the results
	values   []jen.Code // what is returned on success
	nothing  []jen.Code // what is returned on failure
}

func outputOf(b *plan.Body) output {
	switch {
	case b == nil:
		return output{}
	case b.Envelope != "":
		return output{
			variable: jen.Id(b.Envelope),
			results:  []jen.Code{ref(b.Value.Type)},
			values:   []jen.Code{jen.Id("out").Dot("Value")},
			nothing:  []jen.Code{jen.Nil()},
		}
	case b.Value != nil:
		return output{
			variable: ref(b.Value.Type),
			results:  []jen.Code{jen.Op("*").Add(ref(b.Value.Type))},
			values:   []jen.Code{jen.Id("out")},
			nothing:  []jen.Code{jen.Nil()},
		}
	}
	return output{
		results: []jen.Code{jen.Qual("io", "ReadCloser"), jen.String()},
		values:  []jen.Code{jen.Id("response").Dot("Body"), jen.Id("response").Dot("Encoding")},
		nothing: []jen.Code{jen.Nil(), jen.Lit("")},
	}
}

// inputParameters returns the parameters of a method for its input.
func inputParameters(b *plan.Body) []jen.Code {
	switch {
	case b.Envelope != "":
		return []jen.Code{jen.Id("input").Add(ref(b.Value.Type))}
	case b.Value != nil:
		return []jen.Code{jen.Id("input").Op("*").Add(ref(b.Value.Type))}
	case b.Open():
		return []jen.Code{jen.Id("contentType").String(), jen.Id("body").Qual("io", "Reader")}
	}
	return []jen.Code{jen.Id("body").Qual("io", "Reader")}
}

// orNew returns the statement that replaces a nil pointer with one to a zero value.
func orNew(variable string, typ *jen.Statement) *jen.Statement {
	return jen.Id(variable).Op("=").Qual("cmp", "Or").Call(jen.Id(variable), jen.New(typ))
}

// inputDefault returns the statement that replaces a nil input with an empty one.
func inputDefault(b *plan.Body) []jen.Code {
	if b.Value == nil || b.Envelope != "" {
		return nil
	}
	return []jen.Code{orNew("input", ref(b.Value.Type))}
}

func inputEntries(b *plan.Body, entry func(string, *jen.Statement)) {
	switch {
	case b.Envelope != "":
		entry("Input", jen.Op("&").Id(b.Envelope).Values(jen.Id("input")))
	case b.Value != nil:
		entry("Input", jen.Id("input"))
	default:
		entry("Body", jen.Id("body"))
		if b.Open() {
			entry("Encoding", jen.Id("contentType"))
		} else {
			entry("Encoding", jen.Lit(b.ContentType))
		}
	}
}

// emitPages writes the method that iterates over all pages of a query's results.
func emitPages(f *jen.File, m *plan.Method) {
	p := m.Pages
	var item, query *jen.Statement
	if m.Record != nil {
		item = rec("Entry").Types(ref(*m.Record))
		query = rec("QueryRecordPages").Types(ref(*m.Record)).Call(queryArguments(m)...)
	} else {
		item = valueType(p.Item)
		query = rec("QueryItems").Call(append(queryArguments(m), decodeFunction(p.Item))...)
	}
	f.Add(comment(p.Doc, 0), jen.Func().Params(jen.Id("c").Op("*").Id(m.Client)).Id(p.Name).
		Params(jen.Id("ctx").Qual("context", "Context"), jen.Id("params").Op("*").Id(m.Params)).
		Qual("iter", "Seq2").Types(jen.Op("*").Add(item), jen.Error()).Block(jen.Return(query))).Line()
}

// queryArguments returns the arguments of the runtime's generic queries.
func queryArguments(m *plan.Method) []jen.Code {
	arguments := []jen.Code{jen.Id("ctx"), jen.Id("c").Dot("Caller"), jen.Id(m.Const)}
	if m.Params == "" {
		arguments = append(arguments, jen.Nil())
	} else {
		arguments = append(arguments, jen.Id("params").Dot("LexParams").Call())
	}
	if m.Pages != nil {
		arguments = append(arguments, jen.Lit(m.Pages.Items))
	}
	return arguments
}

// emitRecordQuery writes the method of a query that answers with a record, or with a page of them.
func emitRecordQuery(f *jen.File, m *plan.Method) {
	parameters := []jen.Code{jen.Id("ctx").Qual("context", "Context")}
	if m.Params != "" {
		parameters = append(parameters, jen.Id("params").Op("*").Id(m.Params))
	}
	name, result := "QueryRecord", rec("Entry").Types(ref(*m.Record))
	if m.Pages != nil {
		name, result = "QueryRecordPage", rec("Page").Types(result)
	}
	f.Add(comment(m.Doc, 0), jen.Func().Params(jen.Id("c").Op("*").Id(m.Client)).Id(m.Name).
		Params(parameters...).Params(jen.Op("*").Add(result), jen.Error()).
		Block(jen.Return(rec(name).Types(ref(*m.Record)).Call(queryArguments(m)...)))).Line()
	if m.Pages != nil {
		emitPages(f, m)
	}
}

// emitEnvelope writes the struct that wraps a union that is a whole input or output, and the codec methods of the
// struct.
func emitEnvelope(f *jen.File, b *plan.Body) {
	if b == nil || b.Envelope == "" {
		return
	}
	doc := jen.Null()
	if token.IsExported(b.Envelope) {
		doc = says(b.Envelope + " is a [" + b.Value.Type.Name + "] as a whole input or output.")
	}
	f.Add(doc, jen.Type().Id(b.Envelope).Add(embedding(jen.Id("Value").Add(ref(b.Value.Type))))).Line()
	f.Func().Params(jen.Id("v").Op("*").Id(b.Envelope)).Id("DecodeLex").Params(jen.Id("d").Op("*").Add(lex("Decoder"))).
		Add(oneLine(jen.Id("v").Dot("Value").Op("=").Add(decodeExpression(b.Value))))
	f.Func().Params(jen.Id("v").Op("*").Id(b.Envelope)).Id("EncodeLex").Params(jen.Id("e").Op("*").Add(lex("Encoder"))).
		Add(oneLine(encode(jen.Id("e"), b.Value, jen.Id("v").Dot("Value")))).Line()
}
