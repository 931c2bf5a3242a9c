// Package forge makes the messages of a stream for tests: valid ones, and ones with any of the defects that a relay passes
// on or a hostile server sends, all signed with keys that it holds.
//
//	account := forge.New("did:plc:ewvi7nxzyoun6zhxrhs64oiz", multikey.K256)
//	first := account.Commit(forge.Create("com.example.note/1", "hello"))
//	for _, defect := range forge.Defects {
//		message := account.Forge(defect)
//		...
//	}
//
// [Frame] and [SyncFrame] return a message as a frame of com.atproto.sync.subscribeRepos.
package forge
