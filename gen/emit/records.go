package emit

import (
	"path"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

// recordsFile returns the file of the package that lists every collection.
func recordsFile(r *plan.Records) (File, error) {
	f := newFile(r.ImportPath, r.Name, r.Imports)
	for _, line := range docLines(r.Doc, 0) {
		f.PackageComment(line)
	}
	emitTypes(f, r)
	emitRepository(f, r)
	emitDecode(f)
	return render(r.ImportPath, path.Join(r.Dir, "records.go"), f)
}

// emitTypes writes the table of collections and the function that looks one up.
func emitTypes(f *jen.File, r *plan.Records) {
	var entries []jen.Code
	for _, c := range r.Collections {
		entries = append(entries, jen.Values(
			jen.Id("NSID").Op(":").Lit(c.NSID),
			jen.Id("Key").Op(":").Lit(c.Key),
			jen.Id("New").Op(":").Func().Params().Add(lex("Record")).Add(oneLine(jen.Return(jen.New(ref(c.Type))))),
		))
	}
	f.Add(says("Types holds the def of every record type, sorted by NSID. Callers must not modify it."),
		jen.Var().Id("Types").Op("=").Index().Add(lex("RecordDef")).Add(block(entries))).Line()
	f.Add(says("Lookup returns the def of a collection's records. It returns false if the collection is not in [Types]."),
		jen.Func().Id("Lookup").Params(jen.Id("nsid").Qual(SyntaxPath, "NSID")).Params(lex("RecordDef"), jen.Bool()).Block(
			jen.List(jen.Id("i"), jen.Id("found")).Op(":=").Qual("slices", "BinarySearchFunc").Call(jen.Id("Types"), jen.Id("nsid"),
				jen.Func().Params(jen.Id("t").Add(lex("RecordDef")), jen.Id("nsid").Qual(SyntaxPath, "NSID")).Int().
					Add(oneLine(jen.Return(jen.Qual("cmp", "Compare").Call(jen.Id("t").Dot("NSID"), jen.Id("nsid")))))),
			jen.If(jen.Op("!").Id("found")).Block(jen.Return(lex("RecordDef").Values(), jen.False())),
			jen.Return(jen.Id("Types").Index(jen.Id("i")), jen.True()),
		)).Line()
}

// emitRepository writes the type that holds a repository's records and its method add.
func emitRepository(f *jen.File, r *plan.Records) {
	f.Add(says("Repository holds the records of one repository, decoded, in the order of their keys."),
		jen.Type().Id("Repository").StructFunc(func(g *jen.Group) {
			for _, c := range r.Collections {
				g.Id(c.Field).Index().Add(rec("Entry")).Types(ref(c.Type))
			}
			g.Add(comment(plan.Doc{"Unknown holds the records of collections that are not in [Types]. They are not decoded."}, 4),
				jen.Id("Unknown").Index().Add(rec("Envelope")))
			g.Add(comment(plan.Doc{"Failures holds the invalid records, each with all its issues."}, 4),
				jen.Id("Failures").Index().Add(rec("Failure")))
			g.Add(comment(plan.Doc{"Counts has the numbers of records of each collection. In each, Expected is the sum of the other counts."}, 4),
				jen.Id("Counts").Map(jen.Qual(SyntaxPath, "NSID")).Add(rec("Counts")))
		})).Line()
	body := jen.Switch(jen.Id("v").Op(":=").Id("v").Assert(jen.Type())).BlockFunc(func(g *jen.Group) {
		for _, c := range r.Collections {
			field := jen.Id("r").Dot(c.Field)
			g.Case(jen.Op("*").Add(ref(c.Type))).Block(
				field.Clone().Op("=").Append(field.Clone(), jen.Id("entry").Call(jen.Id("uri"), jen.Id("c"), jen.Id("trust"), jen.Id("v"))))
		}
	})
	if len(r.Collections) == 0 {
		body = jen.Null()
	}
	f.Add(says("add appends a valid record to the field of its collection."),
		jen.Func().Params(jen.Id("r").Op("*").Id("Repository")).Id("add").Params(
			jen.Id("uri").Qual(SyntaxPath, "ATURI"), jen.Id("c").Qual(CIDPath, "CID"), jen.Id("trust").Add(rec("Trust")), jen.Id("v").Add(lex("Record")),
		).Block(body)).Line()
	f.Func().Id("entry").Types(jen.Id("T").Any()).Params(
		jen.Id("uri").Qual(SyntaxPath, "ATURI"), jen.Id("c").Qual(CIDPath, "CID"), jen.Id("trust").Add(rec("Trust")), jen.Id("v").Op("*").Id("T"),
	).Add(rec("Entry")).Types(jen.Id("T")).Block(
		jen.Return(rec("Entry").Types(jen.Id("T")).Values(
			jen.Id("URI").Op(":").Id("uri"), jen.Id("CID").Op(":").Id("c"), jen.Id("Trust").Op(":").Id("trust"), jen.Id("Value").Op(":").Id("v"))),
	)
}

// emitDecode writes the function that decodes a whole repository.
func emitDecode(f *jen.File) {
	counts := func() *jen.Statement { return jen.Id("r").Dot("Counts").Index(jen.Id("d").Dot("Collection")) }
	put := func(field string, value *jen.Statement) *jen.Statement {
		return jen.Id("r").Dot(field).Op("=").Append(jen.Id("r").Dot(field), value)
	}
	envelope := jen.Id("d").Dot("Envelope").Call()
	f.Line().Add(comment(plan.Doc{"Decode decodes all records of an archive, as [repo.Repo.Decode] does. Every record ends up in one of the result's " +
		"fields, and Counts has their numbers. If the archive is malformed or incomplete, Decode returns an error and no result. " +
		"The option Reuse has no effect, since the result keeps all records."}, 0),
		jen.Func().Id("Decode").Params(
			jen.Id("ctx").Qual("context", "Context"), jen.Id("archive").Op("*").Qual(RepoPath, "Repo"), jen.Id("options").Op("*").Qual(RepoPath, "DecodeOptions"),
		).Params(jen.Op("*").Id("Repository"), jen.Error()).Block(
			jen.Id("kept").Op(":=").Qual(RepoPath, "DecodeOptions").Values(),
			jen.If(jen.Id("options").Op("!=").Nil()).Block(jen.Id("kept").Op("=").Op("*").Id("options")),
			jen.Id("kept").Dot("Reuse").Op("=").False(),
			jen.Id("r").Op(":=").Op("&").Id("Repository").Values(jen.Id("Counts").Op(":").Map(jen.Qual(SyntaxPath, "NSID")).Add(rec("Counts")).Values()),
			jen.For(jen.List(jen.Id("d"), jen.Id("err")).Op(":=").Range().Id("archive").Dot("Decode").Call(jen.Id("ctx"), jen.Id("Lookup"), jen.Op("&").Id("kept"))).Block(
				jen.If(jen.Id("err").Op("!=").Nil()).Block(jen.Return(jen.Nil(), jen.Id("err"))),
				jen.Switch(jen.Id("d").Dot("Outcome").Call()).Block(
					jen.Case(rec("Failed")).Block(
						put("Failures", rec("Failure").Values(jen.Id("Envelope").Op(":").Add(envelope), jen.Id("Issues").Op(":").Id("d").Dot("Issues")))),
					jen.Case(rec("Skipped")).Block(put("Unknown", envelope)),
					jen.Default().Block(
						jen.Id("r").Dot("add").Call(jen.Id("d").Dot("URI").Call(), jen.Id("d").Dot("CID"), jen.Id("archive").Dot("Trust").Call(), jen.Id("d").Dot("Value"))),
				),
				jen.Id("counts").Op(":=").Add(counts()),
				jen.Id("counts").Dot("Count").Call(jen.Id("d").Dot("Outcome").Call()),
				counts().Op("=").Id("counts"),
			),
			jen.Return(jen.Id("r"), jen.Nil()),
		))
}
