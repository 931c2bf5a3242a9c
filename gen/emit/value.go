package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

func lex(name string) *jen.Statement { return jen.Qual(LexPath, name) }
func rec(name string) *jen.Statement { return jen.Qual(RecPath, name) }
func rpc(name string) *jen.Statement { return jen.Qual(RPCPath, name) }

// ref returns the code that names a type, with its package if it has one.
func ref(r plan.Ref) *jen.Statement {
	switch {
	case r.Package != nil:
		return jen.Qual(r.Package.ImportPath, r.Name)
	case r.Runtime == "lex":
		return lex(r.Name)
	case r.Runtime == "cid":
		return jen.Qual(CIDPath, r.Name)
	case r.Runtime == "syntax":
		return jen.Qual(SyntaxPath, r.Name)
	}
	return jen.Id(r.Name)
}

// valueType returns the Go type of a value.
func valueType(v *plan.Value) *jen.Statement {
	switch {
	case v.Kind == plan.Array:
		return jen.Index().Add(valueType(v.Items))
	case v.Pointer:
		return jen.Op("*").Add(ref(v.Type))
	}
	return ref(v.Type)
}

// fieldType returns the Go type of a field.
func fieldType(f *plan.Field) *jen.Statement {
	t := valueType(f.Value)
	switch f.Presence {
	case plan.Optional:
		return lex("Opt").Types(t)
	case plan.Nullable:
		return lex("Nullable").Types(t)
	case plan.Pointer:
		return jen.Op("*").Add(t)
	}
	return t
}

// hasMethods reports whether the Go type of a value is a named type with the methods DecodeLex and EncodeLex, and not a
// pointer to one.
func hasMethods(v *plan.Value) bool {
	return (v.Kind == plan.Object || v.Kind == plan.Coded) && !v.Pointer
}

func limitCode(l plan.Limit) jen.Code {
	if l.Name != "" {
		return lex(l.Name)
	}
	return jen.Lit(int(l.Number))
}

// decodeExpression returns an expression that decodes a value from d.
func decodeExpression(v *plan.Value) *jen.Statement {
	arguments := []jen.Code{}
	for _, l := range v.Limits {
		arguments = append(arguments, limitCode(l))
	}
	switch {
	case v.Kind == plan.OneOf:
		return jen.Id(v.Union.Decode).Call(jen.Id("d"))
	case v.Kind == plan.Object:
		return lex("DecodeObject").Types(ref(v.Type)).Call(jen.Id("d"))
	case v.Kind == plan.Array && hasMethods(v.Items):
		return lex("DecodeObjects").Types(valueType(v.Items)).Call(append([]jen.Code{jen.Id("d")}, arguments...)...)
	case v.Kind == plan.Array:
		arguments = append(append([]jen.Code{jen.Id("d")}, arguments...), decodeFunction(v.Items))
		return lex("DecodeArray").Call(arguments...)
	}
	if v.Rules != nil {
		arguments = append(arguments, jen.Op("&").Id(v.Rules.Name))
	}
	if v.Bool != nil {
		arguments = append(arguments, jen.Lit(*v.Bool))
	}
	call := jen.Id("d").Dot(v.Decode).Call(arguments...)
	if v.Convert {
		return ref(v.Type).Call(call)
	}
	return call
}

// decodeFunction returns a function that decodes a value from its argument.
func decodeFunction(v *plan.Value) *jen.Statement {
	switch {
	case v.Kind == plan.OneOf:
		return jen.Id(v.Union.Decode)
	case v.Kind == plan.Object && v.Pointer:
		return lex("DecodeObject").Types(ref(v.Type))
	case v.Kind == plan.Leaf && len(v.Limits) == 0 && v.Rules == nil && v.Bool == nil && !v.Convert:
		return jen.Parens(jen.Op("*").Add(lex("Decoder"))).Dot(v.Decode)
	case hasMethods(v):
		return jen.Func().Params(jen.Id("d").Op("*").Add(lex("Decoder"))).Params(jen.Id("x").Add(valueType(v))).Block(
			jen.Id("x").Dot("DecodeLex").Call(jen.Id("d")),
			jen.Return(jen.Id("x")),
		)
	}
	return jen.Func().Params(jen.Id("d").Op("*").Add(lex("Decoder"))).Add(valueType(v)).Add(oneLine(jen.Return(decodeExpression(v))))
}

// decodeField returns the statements that decode a field of v from d.
func decodeField(f *plan.Field) []jen.Code {
	target := jen.Id("v").Dot(f.Name)
	switch {
	case f.Presence == plan.Nullable:
		return []jen.Code{target.Op("=").Add(lex("DecodeNullable")).Call(jen.Id("d"), decodeFunction(f.Value))}
	case f.Presence == plan.Optional && f.Value.Kind == plan.Coded:
		return []jen.Code{
			jen.Var().Id("x").Add(valueType(f.Value)),
			jen.Id("x").Dot("DecodeLex").Call(jen.Id("d")),
			target.Op("=").Add(lex("Present")).Call(jen.Id("d"), jen.Id("x")),
		}
	case f.Presence == plan.Optional:
		return []jen.Code{target.Op("=").Add(lex("Present")).Call(jen.Id("d"), decodeExpression(f.Value))}
	case hasMethods(f.Value) && f.Presence != plan.Pointer:
		return []jen.Code{target.Dot("DecodeLex").Call(jen.Id("d"))}
	}
	return []jen.Code{target.Op("=").Add(decodeExpression(f.Value))}
}

// encode returns a statement that writes x to the encoder e.
func encode(e *jen.Statement, v *plan.Value, x *jen.Statement) *jen.Statement {
	switch {
	case v.Kind == plan.OneOf:
		return jen.Id(v.Union.Encode).Call(e, x)
	case v.Kind == plan.Object || v.Kind == plan.Coded:
		return x.Dot("EncodeLex").Call(e)
	case v.Kind == plan.Array && hasMethods(v.Items):
		return lex("EncodeObjects").Call(e, x)
	case v.Kind == plan.Array && v.Items.Encode == "String":
		return lex("EncodeStrings").Call(e, x)
	case v.Kind == plan.Array:
		return lex("EncodeArray").Call(e, x, encodeFunction(v.Items))
	}
	return e.Dot(v.Encode).Call(basic(v, x))
}

// basic returns an expression that converts x to the type that the encoder takes.
func basic(v *plan.Value, x *jen.Statement) *jen.Statement {
	switch {
	case v.Part != "":
		return x.Dot(v.Part)
	case v.Basic != "":
		return jen.Id(v.Basic).Call(x)
	}
	return x
}

// encodeFunction returns a function that writes its second argument to its first.
func encodeFunction(v *plan.Value) *jen.Statement {
	switch {
	case v.Kind == plan.OneOf:
		return jen.Id(v.Union.Encode)
	case v.Kind == plan.Leaf && v.Basic == "" && v.Part == "":
		return jen.Parens(jen.Op("*").Add(lex("Encoder"))).Dot(v.Encode)
	}
	return jen.Func().Params(jen.Id("e").Op("*").Add(lex("Encoder")), jen.Id("x").Add(valueType(v))).
		Add(oneLine(encode(jen.Id("e"), v, jen.Id("x"))))
}

// encodeField returns the statement that writes a field of v as an entry of the object o.
func encodeField(f *plan.Field) *jen.Statement {
	field := func() *jen.Statement { return jen.Id("v").Dot(f.Name) }
	key := jen.Id("o").Dot("Key").Call(jen.Lit(f.Key))
	present := jen.If(field().Op("!=").Nil())
	switch {
	case f.Presence == plan.Nullable:
		return jen.If(jen.Op("!").Add(field()).Dot("IsAbsent").Call()).
			Block(lex("EncodeNullable").Call(key, field(), encodeFunction(f.Value)))
	case f.Presence == plan.IsSet:
		return jen.If(field().Dot("IsSet").Call()).Block(encode(key, f.Value, field()))
	case f.Presence == plan.NotNil && f.Value.Kind == plan.OneOf:
		return present.Block(key.Dot("Variant").Call(field().Dot(f.Value.Union.Marker).Call(), field()))
	case f.Presence == plan.NotNil && f.Value.Kind != plan.Array:
		return present.Block(encode(key, f.Value, field()))
	case f.Presence != plan.Always:
		name, function := optional(f.Value)
		arguments := []jen.Code{jen.Op("&").Id("o"), jen.Lit(f.Key), field()}
		if function != nil {
			arguments = append(arguments, function)
		}
		return lex(name).Call(arguments...)
	}
	return encode(key, f.Value, field())
}

// optional returns the name of the runtime's function that writes a value as an optional field, and the function
// that it takes as an argument to write the value, or an item of an array; nil if it takes none.
func optional(v *plan.Value) (string, *jen.Statement) {
	switch {
	case v.Kind == plan.Array && hasMethods(v.Items):
		return "OptObjects", nil
	case v.Kind == plan.Array && v.Items.Encode == "String":
		return "OptStrings", nil
	case v.Kind == plan.Array:
		return "OptArray", encodeFunction(v.Items)
	case v.Kind == plan.Object:
		return "OptObject", nil
	case v.Encode == "String", v.Encode == "Int", v.Encode == "Bool":
		return "Opt" + v.Encode, nil
	}
	return "OptValue", encodeFunction(v)
}
