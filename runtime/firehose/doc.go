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
// position that a [CursorStore] keeps is before the first event that is not acknowledged, so after a crash all such
// events are yielded again and none is lost. A change that is yielded twice has the same [Record.ID] both times. The
// position advances with every frame, also with those without a wanted record, so that it does not fall behind if
// wanted records are rare.
//
// A frame that cannot be read, or whose commit is invalid, is yielded as a [*BadFrame] with its bytes, and the stream
// continues. If the caller is slow, the subscription stops reading, and the source waits or ends the stream
// ([ErrConsumerTooSlow]); no event is dropped.
//
// The numbers of events may have gaps, so they do not show whether an event is missing. The chain of a repository's
// commits does.
//
// # What is verified
//
// By default, only the bytes of a record are checked against its CID ([rec.Hashed]); the source may have made up
// everything else. With [WithDirectory], it is verified that the account signed a commit whose tree has the record, and
// that the operations of the commit are complete ([rec.Signed]). With [Options.Known], for repositories of which the
// program has a copy, it is also verified that each commit follows the previous one, so that the copy stays complete
// ([rec.Chained]); if a [*Commit] does not follow, its field Desynchronized says so.
//
// # Untrusted sources
//
// Connections are made only to public addresses, also after a redirect, unless the caller allows others (package
// guard); proxy settings in the environment are ignored. The size of frames, the queue of events, and the memory for
// decoding are limited.
package firehose
