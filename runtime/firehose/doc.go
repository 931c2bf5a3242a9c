// Package firehose follows the changes of repositories live: it reads the stream of events of a relay or a PDS,
// com.atproto.sync.subscribeRepos, and yields the records that a program wants.
//
//	client, err := firehose.New("wss://relay.example.com")
//	if err != nil {
//		return err
//	}
//	options := &firehose.Options{
//		Lookup:    records.Lookup, // of package layers/records
//		Cursors:   firehose.NewCursorFile("cursor.json"),
//		Reconnect: true,
//	}
//	for event, err := range client.Subscribe(ctx, options) {
//		if err != nil {
//			return err
//		}
//		switch e := event.(type) {
//		case *firehose.Record:
//			fmt.Println(e.Action, e.URI(), e.CID)
//		case *firehose.BadFrame:
//			log.Print(e.Err)
//		}
//	}
//
// # No event is lost
//
// An event is acknowledged when the loop asks for the next one, or, with [Options.Manual], when the caller says so. The
// position that a [CursorStore] keeps is behind all events that are not acknowledged: after a crash these are yielded
// again, and all others are not lost. A change that is yielded twice has the same [Record.ID]. The position moves on
// every frame, also on those without a wanted record, so that a rare collection does not leave it behind.
//
// A frame that cannot be read, or whose commit is not valid, is yielded as a [*BadFrame] with its bytes, and the stream
// continues. When the caller is slow, reading stops, and the source waits or ends the stream ([ErrConsumerTooSlow]);
// nothing is dropped.
//
// Numbers of events may have gaps. They prove nothing: whether a change of a repository is missing shows in the chain of
// its commits.
//
// # What is verified
//
// Without more, the bytes of a record match its CID ([rec.Hashed]); the source may have made up the rest. With
// [WithDirectory], the account has signed a commit whose tree has the record, and the operations of the commit are complete
// ([rec.Signed]). With [Options.Known] for the repositories that the program has a copy of, each commit follows the one
// before, so that the copy stays complete ([rec.Chained]); a [*Commit] that does not says so in its field Desynchronized.
//
// # Untrusted sources
//
// Connections are made to public addresses only, unless the caller allows others (package guard), also after a redirect;
// proxy settings in the environment are ignored. The sizes of frames, of what waits for the loop, and of what decoding
// takes have limits.
package firehose
