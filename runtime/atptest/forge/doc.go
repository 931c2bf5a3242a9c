// Package forge makes messages of com.atproto.sync.subscribeRepos for tests: valid messages, and messages with one of
// the defects that a relay may pass on or a hostile server may send. It signs them with keys of its own.
//
//	account := forge.New("did:plc:ewvi7nxzyoun6zhxrhs64oiz", multikey.K256)
//	first := account.Commit(forge.Create("com.example.note/1", "hello"))
//	account.Prepare()
//	for _, defect := range forge.Defects {
//		_, message := account.Forge(defect)
//		...
//	}
//
// [Frame] and [SyncFrame] return a message as a frame of com.atproto.sync.subscribeRepos.
package forge
