// Package install fetches lexicon documents from the network, verified, and keeps a manifest of them.
//
// DNS names the account that publishes a lexicon ([identity.Directory.ResolveLexicon]). The document is a record in the
// account's repository, in the collection com.atproto.lexicon.schema, with the NSID as its record key. It is read with
// a proof that it is in the repository, signed by the account ([pds.Client.GetRecordProof]):
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
// The manifest, lexicons.json, is that of the npm package @atproto/lex: each of the two accepts what the other
// installed. It lists the documents that were asked for and, for these and the documents that they need, the URI and
// the CID of the record. A document's file holds the record in JSON, "$type" included, so that its CID can be computed
// from it.
//
// Publication and resolution are specified at https://atproto.com/specs/lexicon#lexicon-publication-and-resolution.
package install
