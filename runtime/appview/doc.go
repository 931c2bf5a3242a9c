// Package appview asks an appview: a server that has indexed the records of many repositories, and answers queries
// about them.
//
//	view, err := appview.New("https://appview.example.com")
//	if err != nil {
//		return err
//	}
//	client := expression.NewClient(view)
//	for item, err := range client.ListExpressionsIter(ctx, &expression.ListExpressionsParams{Repo: "alice.example.com"}) {
//		...
//	}
//
// A [Client] is a lex.Caller, on which the generated clients of all queries stand. Queries that have none, or whose
// answers are only passed on, are called by name: [Client.Get], [Client.Items] and [Client.List]. Names of Layers'
// own queries may leave out pub.layers.
//
// An appview is an accelerator and no authority: it says that a record is in a repository, and nobody has signed
// that. What it hands over is lex.Claimed. [Confirm] asks the repository's server for a proof, and raises a record to
// lex.Signed.
package appview
