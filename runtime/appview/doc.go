// Package appview queries an appview: a server that has indexed the records of many repositories and answers queries
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
// A [Client] is a rpc.Caller, so the generated clients can use it. Queries without a generated client, or whose
// answers need no Go type, can be called by name: [Client.Get], [Client.Items] and [Client.List]. In the names of
// Layers' own queries, the prefix pub.layers. may be left out.
//
// An appview makes reading fast, but it is not an authority: it says that a record is in a repository, without a
// signature. Its records are rec.Claimed. [Confirm] fetches and verifies the proof from the repository's server, and
// returns a record that is rec.Signed.
package appview
