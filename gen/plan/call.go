package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// buildCall adds a query or procedure: a method of the package's client, and the types that it takes
// and returns.
func (b *builder) buildCall(s spot) {
	n := s.node
	if b.pkg.Client == nil {
		b.buildData(s)
		return
	}
	b.claim(b.clientScope(), s.name, s.key, naming.Member, n)
	method := &Method{
		Name: s.name, Client: b.pkg.Client.Name, Procedure: n.Type == "procedure",
		Doc: callDoc(s.name, b.document.ID, n.Type, n.Description),
	}
	method.Const = b.buildNSID(s, fmt.Sprintf("is the %s that [%s.%s] calls.", n.Type, method.Client, s.name))
	b.add(method)
	params, rules := b.buildParams(s)
	if params != nil {
		method.Params, method.ParamFields = params.Name, params.Fields
	}
	b.serve(s, method, params, rules)
	if n.Input != nil {
		method.Input, _ = b.buildBody(b.part(s, n.Input, "input"))
	}
	b.buildOutput(s, method, params)
	errors := b.buildErrors(s, "["+method.Client+"."+s.name+"]")
	method.ServerDoc = slices.Clone(method.Doc)
	method.Doc[0] = outcome(method.Doc[0], method.Output, errors, "")
	method.ServerDoc[0] = outcome(method.ServerDoc[0], method.Output, errors, b.pkg.Alias+".")
}

// serve adds a call to those of the package's server, if there is one.
func (b *builder) serve(s spot, method *Method, params *Params, rules []*Rules) {
	if b.pkg.Server == nil {
		return
	}
	b.claim(b.pkg.ImportPath+".Server", s.name, s.key, naming.Member, s.node)
	b.pkg.Server.Calls = append(b.pkg.Server.Calls, method)
	method.Decoded = decodedParams(params, rules)
}

// decodedParams returns the struct, in the package of the server, into which servers decode parameters, or nil if there
// are none.
func decodedParams(params *Params, rules []*Rules) *Struct {
	if params == nil {
		return nil
	}
	name := naming.Unexported(params.Name)
	return &Struct{Name: name, Fields: params.Fields, Table: name + "Fields", Rules: rules, Canonical: canonical(params.Fields)}
}

// buildData adds the declarations of a query or procedure in a package without a client: its NSID, the types of its
// input and output, and its errors.
func (b *builder) buildData(s spot) {
	n := s.node
	b.buildNSID(s, fmt.Sprintf("is a %s.", n.Type))
	if n.Input != nil {
		b.buildBody(b.part(s, n.Input, "input"))
	}
	if n.Output != nil {
		b.buildBody(b.part(s, n.Output, "output"))
	}
	b.buildErrors(s, n.Type+" "+b.document.ID)
}

// buildOutput decides what a call returns, and whether it is paged.
func (b *builder) buildOutput(s spot, method *Method, params *Params) {
	n := s.node
	if n.Output == nil {
		return
	}
	if list := b.recordListOf(b.document, n); list != nil {
		record := b.refTo(list.document, list.record)
		method.Record = &record
		method.Pages = &Pages{Items: list.key}
		b.namePages(s, method.Pages)
		noteCursor(params.Fields, "from the previous page; unset for the first page")
		return
	}
	if document, def := b.recordOf(b.document, n.Output.Schema); def != nil && n.Type == "query" {
		record := b.refTo(document, def)
		method.Record = &record
		return
	}
	var output *Struct
	method.Output, output = b.buildBody(b.part(s, n.Output, "output"))
	if method.Pages = pages(s, params, output); method.Pages != nil {
		b.namePages(s, method.Pages)
		noteCursor(params.Fields, "from the previous page; unset for the first page")
		noteCursor(output.Fields, "of the next page; unset on the last page")
	}
}

// noteCursor puts a note after the field called "cursor", unless the lexicon describes it.
func noteCursor(fields []*Field, note string) {
	if f := cursor(fields); f.Doc == nil && f.Note == "" {
		f.Note = note
	}
}

// outcome appends to a call's comment what the call returns, if the Go results do not show it. An error that the
// comment mentions becomes a link to the error's constant; the other errors are listed. qualifier precedes the names of
// the constants.
func outcome(text string, output *Body, errors []Const, qualifier string) string {
	var others []string
	for _, e := range errors {
		words := strings.Split(text, " ")
		if i := slices.Index(words, e.Value); i >= 0 {
			words[i] = "[" + qualifier + e.Name + "]"
			text = strings.Join(words, " ")
		} else {
			others = append(others, qualifier+e.Name)
		}
	}
	if output != nil && output.Value == nil {
		text += " It returns the body, which the caller closes, and its media type."
	}
	if len(others) > 0 {
		text += " It may fail with [" + strings.Join(others, "], [") + "]."
	}
	return text
}

// makeClients gives each package with queries or procedures a client and, if the options ask for servers, each package
// with calls a server. It runs before the definitions are built, so that the client's names are reserved first.
func (b *builder) makeClients() {
	if b.options.NoClients {
		return
	}
	for _, document := range b.set.Documents {
		pkg := b.packages[document.Namespace()]
		def := document.Def("main")
		if b.foreign[pkg] != nil || def == nil {
			continue
		}
		call := def.Node.Type == "query" || def.Node.Type == "procedure"
		b.pkg = pkg
		if b.options.Servers && pkg.Server == nil && (call || def.Node.Type == "subscription" && def.Node.Message != nil) {
			pkg.Server = b.server()
		}
		if !call || pkg.Client != nil {
			continue
		}
		client := &Client{}
		pkg.Client = client
		key, newKey := pkg.Dir+":client", pkg.Dir+":newclient"
		client.Name = b.clientName(key, newKey)
		client.New = "New" + client.Name
		client.Doc = Doc{fmt.Sprintf("%s calls the methods of %s. Its methods treat nil parameters and a nil input as empty ones. %s is safe for concurrent use if its Caller is.",
			client.Name, strings.Join(pkg.Namespaces, ", "), withArticle(client.Name))}
		client.NewDoc = Doc{client.New + " returns a client that sends its requests through c."}
		b.claim(pkg.ImportPath, client.Name, key, naming.Derived, nil)
		b.claim(pkg.ImportPath, client.New, newKey, naming.Derived, nil)
		b.reserve(b.clientScope(), "Caller", "the client's field")
	}
}

func withArticle(name string) string {
	if strings.ContainsAny(name[:1], "AEIOU") {
		return "An " + name
	}
	return "A " + name
}

// server returns the server of the package that is being built. It is a package of its own, so that programs that use the
// types and clients do not link a server.
func (b *builder) server() *Server {
	name := b.pkg.Name + "server"
	dir := path.Join(b.pkg.Dir, name)
	for _, other := range b.grouped {
		if other.Dir == dir {
			b.report("", "/servers", "the package of "+other.Namespaces[0]+" is in "+dir+", where the server of "+b.pkg.Namespaces[0]+" would be; choose another directory for it")
		}
	}
	namespaces := strings.Join(b.pkg.Namespaces, ", ")
	return &Server{
		ImportPath: path.Join(b.options.Module, dir), Dir: dir, Name: name,
		PackageDoc: Doc{
			fmt.Sprintf("Package %s answers the calls of %s over HTTP:", name, namespaces),
			fmt.Sprintf("\thttp.Handle(\"/xrpc/\", %s.NewHandler(server))", name),
		},
		Doc: Doc{fmt.Sprintf("Server answers the calls of %s. Its methods may run concurrently. They get valid parameters and input, and return a result that is "+
			"not nil, or an error: one that the lexicon declares, or an [xrpcserver.Error]. What they return is checked before it is sent, but for records.", namespaces)},
	}
}

// clientName returns the name of a package's client: Client, or, if a document has that name, the package's name and Client.
func (b *builder) clientName(key, newKey string) string {
	name, _, found := b.table.Lookup(key)
	if found {
		b.used[key] = true
		return name
	}
	switch level := max(b.table.Level(key), b.table.Level(newKey)); level {
	case 0:
		return "Client"
	default:
		return naming.Longer(level-1, naming.GoName(b.pkg.Name), "Client", "Caller", key)
	}
}

// clientScope returns the scope of the methods of the package's client.
func (b *builder) clientScope() string { return b.pkg.ImportPath + ".Client" }

// buildParams adds the type of a call's parameters, and returns it with the rules by which servers decode it. It returns nil if
// there are no parameters.
func (b *builder) buildParams(s spot) (*Params, []*Rules) {
	if s.node.Params == nil || len(s.node.Params.Properties) == 0 {
		return nil, nil
	}
	p := b.part(s, s.node.Params, "params")
	b.declareType(p)
	params := &Params{Name: p.name, Doc: doc(fmt.Sprintf("%s are the parameters of %s.", p.name, b.document.ID), p.node.Description)}
	b.add(params)
	b.reserveMembers(p)
	var rules []*Rules // clients do not need them: it is the server that checks parameters
	for _, property := range p.node.Properties {
		field := b.buildField(p, property, &rules)
		if v := field.Value; v.Kind != Leaf && (v.Kind != Array || v.Items.Kind != Leaf) {
			b.report(b.document.File, property.Node.Pointer, "a parameter must be a boolean, an integer, a string or an array of one of these")
		}
		params.Fields = append(params.Fields, field)
	}
	params.Example = b.exampleFields(p, params)
	return params, rules
}

// buildBody decides on the form of an input or output. It also returns the body's struct if the struct is
// defined in place.
func (b *builder) buildBody(s spot) (*Body, *Struct) {
	schema := s.node.Schema
	if schema == nil {
		return &Body{ContentType: s.node.Encoding}, nil
	}
	inner := s
	inner.node = schema
	switch schema.Type {
	case "object":
		part := s.key[strings.LastIndexByte(s.key, '.')+1:] // input or output
		structure := b.buildStruct(inner, doc(fmt.Sprintf("%s is the %s of %s.", s.name, part, b.document.ID), schema.Description), nil)
		return &Body{Value: &Value{Kind: Object, Type: Ref{b.pkg, "", s.name}}}, structure
	case "ref":
		if _, def, found := b.set.Resolve(b.document, schema.Ref); found && !slices.Contains([]string{"object", "record"}, def.Node.Type) {
			return &Body{ContentType: s.node.Encoding}, nil // a list, or a value that is not an object
		}
		var rules []*Rules
		if v := b.refValue(inner, &rules); v.Kind != Leaf {
			return &Body{Value: v}, nil
		}
	case "union":
		if v := b.unionValue(inner); v.Kind == OneOf {
			b.needEncoder(v)
			if b.pkg.Server != nil {
				return &Body{Value: v, Envelope: b.derived(s, ":body", s.name, "Body")}, nil
			}
			return &Body{Value: v, Envelope: b.unexported(naming.Unexported(s.name) + "Body")}, nil
		}
		return &Body{ContentType: s.node.Encoding}, nil // it can be anything
	}
	b.report(b.document.File, schema.Pointer, "the schema of a body must be an object, a union with members, or a ref to an object")
	return nil, nil
}

// pages returns how to iterate over all results of a call that takes and returns a cursor, and returns
// one array: its only array, or its only required one. For any other call it returns nil.
func pages(s spot, params *Params, output *Struct) *Pages {
	if s.node.Type != "query" || params == nil || output == nil {
		return nil
	}
	paramsCursor, outputCursor := cursor(params.Fields), cursor(output.Fields)
	items := only(output.Fields, false)
	if items == nil {
		items = only(output.Fields, true)
	}
	if paramsCursor == nil || outputCursor == nil || items == nil {
		return nil
	}
	return &Pages{Items: items.Key, Item: items.Value.Items}
}

// namePages sets the name and comment of the method that iterates over all pages.
func (b *builder) namePages(s spot, p *Pages) {
	key := s.key + ":iter"
	p.Name = b.named(key, s.name, "Iter", "Items")
	b.claim(b.clientScope(), p.Name, key, naming.Derived, s.node)
	p.Doc = Doc{fmt.Sprintf("%s iterates over the %s of all pages of [%s.%s]. "+
		"For a malformed one it yields a [*rec.Failure] and continues; any other error ends the loop.", p.Name, p.Items, b.pkg.Client.Name, s.name)}
}

// cursor returns the field called "cursor" if it is an optional plain string.
func cursor(fields []*Field) *Field {
	for _, field := range fields {
		if field.Key == "cursor" && field.Presence == Optional && field.Value.Type == (Ref{Name: "string"}) {
			return field
		}
	}
	return nil
}

// only returns the one field that is an array, among all fields or among the required ones. It returns nil
// if there is no such field or more than one.
func only(fields []*Field, required bool) *Field {
	var found *Field
	for _, field := range fields {
		if field.Value.Kind != Array || field.Presence == Nullable || required && !field.Required {
			continue
		}
		if found != nil {
			return nil
		}
		found = field
	}
	return found
}

// buildErrors adds the constants for the errors that a call declares, and returns them. by names the call in comments.
func (b *builder) buildErrors(s spot, by string) []Const {
	errors := &Errors{Doc: Doc{"The errors of " + by + ", to compare with errors.Is."}}
	var constants []constant
	for _, e := range s.node.Errors {
		constants = append(constants, constant{fmt.Sprintf("%s.errors=%s", s.key, e.Name), []string{e.Name}})
	}
	names := b.constants(s, "Error", constants)
	for i, e := range s.node.Errors {
		if slices.ContainsFunc(s.node.Errors[:i], func(o lexicon.Error) bool { return o.Name == e.Name }) {
			continue
		}
		name := names[i]
		b.claim(b.pkg.ImportPath, name, constants[i].key, naming.Value, s.node)
		c := Const{Name: name, Value: e.Name}
		switch {
		case e.Description != "":
			c.Doc = doc(name+":", e.Description)
		case len(s.node.Errors) == 1:
			c.Doc = Doc{name + " is an error of " + by + ", to compare with errors.Is."}
		}
		errors.List = append(errors.List, c)
	}
	if len(errors.List) > 0 {
		b.add(errors)
	}
	return errors.List
}

// buildSubscription adds the parameters and the messages of a subscription.
func (b *builder) buildSubscription(s spot) {
	what := "is a subscription."
	var message spot
	if s.node.Message != nil {
		message = b.part(s, s.node.Message, "message")
		what = "is the subscription whose messages are [" + message.name + "]."
	}
	constant := b.buildNSID(s, what)
	params, rules := b.buildParams(s)
	if s.node.Message == nil {
		b.buildErrors(s, "the subscription")
		return
	}
	if m := b.buildMessage(message); m != nil && !b.options.NoClients {
		b.declareType(s)
		m.Const, m.Subscribe, m.Resumable = constant, s.name, b.resumable(s.node)
		method := &Method{Name: s.name, Const: constant, Message: m,
			ServerDoc: doc(fmt.Sprintf("%s answers the subscription %s with the messages that it yields, until ctx ends. An error ends the subscription.", s.name, b.document.ID), s.node.Description)}
		if params != nil {
			m.Params, method.Params, method.ParamFields = params.Name, params.Name, params.Fields
		}
		m.SubscribeDoc = doc(fmt.Sprintf("%s opens the subscription %s and yields its messages, until the server ends it. "+
			"A message that is not valid comes with its error, a frame that is malformed as an [*rpc.BadFrame], and others follow; any other error ends the loop.", s.name, b.document.ID), s.node.Description)
		b.serve(s, method, params, rules)
	}
	b.buildErrors(s, "the subscription")
}

// resumable reports whether a subscription has an integer cursor, and a message with an integer seq, which is such a cursor.
func (b *builder) resumable(n *lexicon.Node) bool {
	return n.Params.HasInteger("cursor") && slices.ContainsFunc(n.Message.Schema.Refs, func(ref string) bool {
		_, def, found := b.set.Resolve(b.document, ref)
		return found && def.Node.HasInteger("seq")
	})
}
