// Package follow delivers all records of the collections that a program wants, from all repositories: first the records
// that exist, and then every change.
//
//	source, err := firehose.New("wss://relay.example.com", firehose.WithDirectory(directory))
//	if err != nil {
//		return err
//	}
//	store, err := boltstore.Open("follow.db")
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	return follow.Run(ctx, source, store, func(ctx context.Context, event follow.Event) error {
//		switch e := event.(type) {
//		case *follow.Change:
//			fmt.Println(e.Action, e.URI(), e.CID, e.Trust)
//		case *follow.Problem:
//			log.Print(e)
//		}
//		return nil
//	}, &follow.Options{Host: "https://relay.example.com", Types: records.Types})
//
// [Run] subscribes to the stream, finds the repositories that have wanted records, fetches each from the account's own
// server, verifies it, and continues with the commits of the stream, without a gap between the two. It adds a
// repository when its first wanted record appears on the stream.
//
// # Every change is delivered
//
// A [Store] keeps the state of each repository, the CID of the record at each path, and the position in the stream.
// They are stored in one transaction, after the handler has returned for the changes in it. So after a crash each
// change that was not stored is delivered again, and none is lost; a change that is delivered twice has the same
// [firehose.Record.ID] both times.
//
// A commit of the stream counts only if it follows the stored state of its repository, which proves that nothing was
// missed. If the chain breaks, a commit cannot be verified, or the stream says that a repository was set to another
// state (#sync), the repository is fetched again and compared with the store. The differences are delivered as
// creations, updates and deletions, before the later commits of that repository. The same happens after a gap in the
// stream, to those repositories whose server has another commit than the store: see [Options.Compare].
//
// Repositories are fetched concurrently with the stream, a limited number at a time, and a slow server delays only its
// own repositories. If an account's own server fails, others are asked: see [Options.Mirrors]. Commits that arrive
// during a fetch are kept until it is done, up to a limit, beyond which the repository is fetched once more.
//
// # Accounts
//
// An account that becomes inactive stays in the store with its records, in case it becomes active again. The handler is
// told by an [*Account], and should not show the records while the account is inactive. Deletions of the records are
// delivered only if the account is deleted.
//
// # Order
//
// The handler is called for one event at a time. Changes of one repository are in order. If the handler returns an
// error, Run returns that error, and the next Run delivers the event again.
//
// The rules are those of https://atproto.com/specs/sync and https://atproto.com/specs/account.
package follow
