// Package install fetches lexicon documents from the network, verified, and keeps a manifest of them.
//
// The account that has a lexicon is named by DNS ([identity.Directory.ResolveLexicon]). The document is a record of its
// repository, in the collection com.atproto.lexicon.schema, with the NSID as its key. It is read with the proof that it is in
// the repository, under the signature of the account's key ([pds.Client.GetRecordProof]):
//
//	installer := install.New(client)
//	plan, err := installer.Plan(ctx, os.DirFS("lexicons"), manifest, &install.Options{Add: []string{"app.bsky.feed.post"}})
//	if err != nil {
//		return err
//	}
//	for _, d := range plan.Documents {
//		fmt.Println(d.URI, d.CID, d.Changed)
//	}
//	return plan.Write("lexicons", install.File)
//
// The manifest, lexicons.json, is that of the npm package @atproto/lex: what either of them installs, the other accepts. It
// names the documents that were asked for, and for each of them and of those that they need the URI and the CID of the record.
// A document's file holds the record in JSON, "$type" included, so that its CID can be computed from it.
//
// Publication and resolution are specified at https://atproto.com/specs/lexicon#lexicon-publication-and-resolution.
package install
