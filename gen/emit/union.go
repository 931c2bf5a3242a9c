package emit

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

// memberType returns the Go type of a variant as a member of its union, without the pointer.
func memberType(v *plan.Variant) *jen.Statement {
	if v.Wrapper != "" {
		return jen.Id(v.Wrapper)
	}
	return ref(v.Type)
}

func memberName(v *plan.Variant) string {
	if v.Wrapper != "" {
		return v.Wrapper
	}
	return v.Type.Name
}

// emitUnion writes the sealed interface of a union, its members, and the functions that make, decode and encode
// members.
func emitUnion(f *jen.File, u *plan.Union) {
	emitInterface(f, u, lex("Encodable"))
	if u.Unknown != "" {
		f.Add(says(fmt.Sprintf("%s is a member of [%s] of a type that the lexicon does not list.", u.Unknown, u.Name)),
			jen.Type().Id(u.Unknown).Add(embedding(lex("TypedMap")))).Line()
	}
	emitMarkers(f, u)
	emitConstructor(f, u)
	f.Add(jen.Func().Id(u.Decode).Params(jen.Id("d").Op("*").Add(lex("Decoder"))).Id(u.Name).Block(
		jen.Switch(jen.Id("d").Dot("Variant").Call()).BlockFunc(func(g *jen.Group) {
			g.Case(jen.Lit("")).Block(jen.Return(jen.Nil()))
			var refs []jen.Code
			for _, v := range u.Variants {
				refs = append(refs, jen.Lit(v.Name))
				g.Case(literals(v.Spellings)...).Block(
					jen.Return(lex("DecodeMember").Types(memberType(v)).Call(jen.Id("d"))),
				)
			}
			if u.Unknown == "" {
				g.Default().Block(jen.Id("d").Dot("ClosedUnion").Call(refs...), jen.Return(jen.Nil()))
			} else {
				g.Default().Block(jen.Return(jen.Op("&").Id(u.Unknown).Values(jen.Id("d").Dot("TypedMap").Call())))
			}
		}),
	)).Line()
	if u.Encode == "" {
		return
	}
	f.Add(jen.Func().Id(u.Encode).Params(jen.Id("e").Op("*").Add(lex("Encoder")), jen.Id("x").Id(u.Name)).Block(
		jen.If(jen.Id("x").Op("==").Nil()).Block(
			jen.Id("e").Dot("Variant").Call(jen.Lit(""), jen.Nil()),
			jen.Return(),
		),
		jen.Id("e").Dot("Variant").Call(jen.Id("x").Dot(u.Marker).Call(), jen.Id("x")),
	)).Line()
}

// emitInterface writes the interface and the wrappers of members from other packages.
func emitInterface(f *jen.File, u *plan.Union, embedded ...jen.Code) {
	members := make([]string, 0, len(u.Variants)+1)
	for _, v := range u.Variants {
		members = append(members, "[*"+memberName(v)+"]")
	}
	if u.Unknown != "" {
		members = append(members, "[*"+u.Unknown+"]")
	}
	introduction := " Its members are "
	if len(members) == 1 {
		introduction = " Its only member is "
	}
	doc := append(plan.Doc{u.Doc[0] + introduction + enumeration(members) + "."}, u.Doc[1:]...)
	f.Add(comment(doc, 0), jen.Type().Id(u.Name).InterfaceFunc(func(g *jen.Group) {
		for _, code := range embedded {
			g.Add(code)
		}
		g.Id(u.Marker).Params().String()
	})).Line()
	for _, v := range u.Variants {
		if v.Wrapper != "" {
			f.Add(says(fmt.Sprintf("%s makes [%s.%s] a member of [%s].", v.Wrapper, v.Type.Package.Alias, v.Type.Name, u.Name)),
				jen.Type().Id(v.Wrapper).Add(embedding(ref(v.Type)))).Line()
		}
	}
}

// emitConstructor writes the function that returns a member as a value of the union, and wraps it if it is from another
// package.
func emitConstructor(f *jen.File, u *plan.Union) {
	if u.New == "" {
		return
	}
	types := jen.Null()
	for i, v := range u.Variants {
		if i > 0 {
			types.Op("|")
		}
		types.Add(ref(v.Type))
	}
	f.Add(says(fmt.Sprintf("%s returns m as a member of [%s]. A member from another package is copied.", u.New, u.Name)),
		jen.Func().Id(u.New).Types(jen.Id("M").Add(types)).Params(jen.Id("m").Op("*").Id("M")).Id(u.Name).Block(
			jen.Switch(jen.Id("m").Op(":=").Any().Call(jen.Id("m")).Assert(jen.Type())).BlockFunc(func(g *jen.Group) {
				for _, v := range u.Variants {
					if v.Wrapper != "" {
						g.Case(jen.Op("*").Add(ref(v.Type))).Block(jen.Return(jen.Op("&").Id(v.Wrapper).Values(jen.Op("*").Id("m"))))
					}
				}
			}),
			jen.Return(jen.Any().Call(jen.Id("m")).Assert(jen.Id(u.Name))),
		)).Line()
}

// embedding returns, on one line, a struct type with the one field or embedded type t.
func embedding(t *jen.Statement) *jen.Statement {
	return jen.Custom(jen.Options{Open: "struct{", Close: "}"}, t)
}

func enumeration(names []string) string {
	text := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " and "
		default:
			text += ", "
		}
		text += name
	}
	return text
}

// emitMarkers writes the methods that make types members of a union. They return the $type that is written for a member, or
// the empty string if the member writes it itself.
func emitMarkers(f *jen.File, u *plan.Union) {
	marker := func(name, value string) {
		f.Func().Params(jen.Op("*").Id(name)).Id(u.Marker).Params().String().Add(oneLine(jen.Return(jen.Lit(value))))
	}
	for _, v := range u.Variants {
		name := v.Name
		if v.Record {
			name = ""
		}
		marker(memberName(v), name)
	}
	if u.Unknown != "" {
		marker(u.Unknown, "")
	}
	f.Line()
}

func literals(values []string) []jen.Code {
	list := make([]jen.Code, len(values))
	for i, v := range values {
		list[i] = jen.Lit(v)
	}
	return list
}

// emitMessage writes the interface over the messages of a subscription, its members, and the functions that decode,
// encode and receive messages.
func emitMessage(f *jen.File, m *plan.Message) {
	emitInterface(f, &m.Union)
	f.Add(says(fmt.Sprintf("%s is a message of a type that the lexicon does not list. Clients ignore it.", m.Unknown)),
		jen.Type().Id(m.Unknown).Struct(
			jen.Comment("// Type is the type in the frame's header, and Payload the DAG-CBOR after it."),
			jen.Id("Type").String(),
			jen.Id("Payload").Index().Byte(),
		)).Line()
	emitMarkers(f, &m.Union)
	f.Add(says(fmt.Sprintf("%s decodes the payload of a frame whose header has the type t. The error is an *issue.Error; "+
		"the message is usable even then, as with [lex.DecodeCBOR].", m.Decode)),
		jen.Func().Id(m.Decode).Params(jen.Id("t").String(), jen.Id("payload").Index().Byte()).Params(jen.Id(m.Name), jen.Error()).Block(
			jen.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) {
				for _, v := range m.Variants {
					g.Case(literals(v.Spellings)...).Block(
						jen.Id("x").Op(":=").New(memberType(v)),
						jen.Return(jen.Id("x"), lex("DecodeCBOR").Call(jen.Id("payload"), jen.Id("x"))),
					)
				}
			}),
			jen.Return(jen.Op("&").Id(m.Unknown).Values(jen.Id("t"), jen.Id("payload")), jen.Nil()),
		)).Line()
	if m.Encode != "" {
		f.Add(says(fmt.Sprintf("%s returns the type that the header of a frame has for a message, and its payload in DAG-CBOR.", m.Encode)),
			jen.Func().Id(m.Encode).Params(jen.Id("m").Id(m.Name)).Params(jen.Id("t").String(), jen.Id("payload").Index().Byte(), jen.Err().Error()).Block(
				jen.If(jen.List(jen.Id("x"), jen.Id("ok")).Op(":=").Id("m").Assert(lex("Encodable")), jen.Id("ok")).Block(
					jen.List(jen.Id("payload"), jen.Err()).Op("=").Add(lex("EncodeCBOR")).Call(jen.Id("x")),
					jen.Return(jen.Id("m").Dot(m.Marker).Call(), jen.Id("payload"), jen.Err()),
				),
				jen.Id("x").Op(":=").Id("m").Assert(jen.Op("*").Id(m.Unknown)),
				jen.Return(jen.Id("x").Dot("Type"), jen.Id("x").Dot("Payload"), jen.Nil()),
			)).Line()
	}
	if m.Subscribe == "" {
		return
	}
	parameters := []jen.Code{jen.Id("ctx").Qual("context", "Context"), jen.Id("s").Add(rpc("Subscriber"))}
	subscription := []jen.Code{jen.Id("NSID").Op(":").Id(m.Const)}
	if m.Params != "" {
		parameters = append(parameters, jen.Id("params").Op("*").Id(m.Params))
		subscription = append(subscription, jen.Id("Params").Op(":").Id("params").Dot("LexParams").Call())
	}
	if m.Resumable {
		subscription = append(subscription, jen.Id("Resumable").Op(":").True())
	}
	f.Add(comment(m.SubscribeDoc, 0), jen.Func().Id(m.Subscribe).Params(parameters...).Qual("iter", "Seq2").Types(jen.Id(m.Name), jen.Error()).Block(
		jen.Id("subscription").Op(":=").Add(rpc("Subscription")).Values(subscription...),
		jen.Return(rpc("Messages").Call(jen.Id("s").Dot("Subscribe").Call(jen.Id("ctx"), jen.Op("&").Id("subscription")), jen.Id(m.Decode))))).Line()
}
