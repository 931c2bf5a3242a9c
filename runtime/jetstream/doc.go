// Package jetstream follows the changes of records as a Jetstream sends them: a server that reads the stream of a relay
// and passes the records on in JSON.
//
//	client, err := jetstream.New("wss://jetstream.example.com")
//	if err != nil {
//		return err
//	}
//	options := &firehose.Options{Lookup: records.Lookup, Cursors: firehose.NewCursorFile("cursor.json"), Reconnect: true}
//	for event, err := range client.Subscribe(ctx, options) {
//		if err != nil {
//			return err
//		}
//		if r, ok := event.(*firehose.Record); ok {
//			fmt.Println(r.Action, r.URI(), r.CID)
//		}
//	}
//
// A [Client] is a [firehose.Subscriber] and keeps all rules of package firehose on acknowledgement, positions,
// reconnection, memory and untrusted sources. It reads version 1 of the protocol, without compression. The server is
// asked for the wanted collections and accounts only, as far as its limits allow.
//
// # Trust
//
// Nothing proves what a Jetstream says: it could make up, change or leave out anything. A record is converted to
// DAG-CBOR and compared with the CID beside it, so that it has the trust [rec.Hashed]: it has not been damaged since
// the server wrote its CID. A record that does not match is a [*firehose.BadFrame]. A deletion has the trust
// [rec.Served]. For records that are verified, use package firehose with a directory, or read the repository.
//
// # What is missing
//
// A Jetstream sends less than the relay before it, and says nothing of what it leaves out:
//
//   - There are no events of commits and no #sync: [firehose.Options.Commits] and Known have no effect, and whether a
//     change was missed cannot be seen. After a #sync, the records of the repository may differ from all that was sent.
//   - A commit that changes a record several times arrives as the operations that the server could make sense of, each
//     an event: a creation and an update as an update alone, of a record that was never created; a creation and a
//     deletion as a deletion alone. Events with one [firehose.Record.ID] are in order, and the last one counts.
//   - A record whose block is not in the commit is left out, as are commits that the server cannot read.
//   - When the server ends, what it has read from the relay and not stored yet is lost. It is not read again.
//
// A program that must have every change runs package follow on the client, which compares the repositories with what it
// has stored.
//
// # Two connections
//
// A server of version 1 leaves out changes on a connection with a cursor, of up to a second before it passes from what it
// has stored to what happens: on a busy stream, after each reconnection. A subscription with a cursor therefore opens a
// connection without one first, and 1.5 seconds later another one with the cursor. It leaves that one when it comes to
// the first message of the first connection, on which nothing is left out, and goes on there. So a subscription that
// goes on at a position takes 1.5 seconds longer to begin, has two connections meanwhile, and may yield some changes
// twice. While it is behind, the server keeps up to 50,000 messages for the first connection and then closes it. That is
// a lost connection like any other: use [firehose.Options.Reconnect] to read a long past of a busy stream.
//
// # Positions
//
// The number of an event, which is also the cursor, is the time in microseconds at which the server processed it. The
// server begins with the event at the cursor, which is not yielded again. The position moves on each message; since the
// server sends only what is wanted, the position of a rare collection stays behind, and moves with the accounts'
// events, which are always sent. Other servers have other times: a cursor of one, taken back some seconds, repeats or
// skips events at another.
//
// A server keeps a day of events, or what it was set up for. With an older cursor it begins with the oldest that it
// has, and does not say so. With a cursor from the future it begins now, which is reported as a [*firehose.Reset] when
// the first event arrives. It ends, and connections with it, when the relay before it has been silent for 15 seconds,
// unless it is set up otherwise, and is then started again by its environment: so use [firehose.Options.Reconnect].
// After it was started again, it can send events of the last seconds twice, with other numbers.
package jetstream
