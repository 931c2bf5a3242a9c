// Package jetstream reads the changes of records from a Jetstream: a server that reads the stream of a relay and
// passes the records on in JSON.
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
// A [Client] is a [firehose.Subscriber] and follows all rules of package firehose on acknowledgement, positions,
// reconnection, memory and untrusted sources. It reads version 1 of the protocol, without compression. It asks the
// server for only the wanted collections and accounts, as far as the server's limits allow.
//
// # Trust
//
// A Jetstream sends no proofs: it could make up, change or leave out anything. A record is converted to DAG-CBOR and
// compared with the CID in the message, so its trust is [rec.Hashed]: it has not been damaged since the server wrote
// its CID. A record that does not match is a [*firehose.BadFrame]. A deletion has the trust [rec.Served]. For records
// that are verified, use package firehose with a directory, or read the repository.
//
// # What is missing
//
// A Jetstream sends less than the relay that it reads, and does not report what it leaves out:
//
//   - There are no events for commits and no #sync events: [firehose.Options.Commits] and Known have no effect, and a
//     missed change cannot be detected. After a #sync, the records of the repository may differ from the changes that
//     were sent.
//   - If a commit changes a record several times, the server sends only the operations that it can interpret, each as
//     an event: for a creation and an update only the update, of a record that was never reported as created; for a
//     creation and a deletion only the deletion. Events with the same [firehose.Record.ID] are in order, and the last
//     one counts.
//   - A record whose block is not in the commit is left out, as are commits that the server cannot read.
//   - When the server ends, what it has read from the relay and not stored yet is lost. It is not read again.
//
// A program that must have every change runs package follow on the client, which compares the repositories with what
// it has stored.
//
// # Two connections
//
// A server of version 1 loses changes on a connection with a cursor: when it switches from its stored events to live
// ones, it leaves out events of up to a second. On a busy stream, this happens after each reconnection. Therefore a
// subscription with a cursor first opens a connection without one, on which nothing is left out, and 1.5 seconds later
// another one with the cursor. It reads the connection with the cursor until it reaches the first message of the other
// connection; then it closes it and continues on the other one. So a subscription that continues from a position takes
// 1.5 seconds longer to begin, has two connections meanwhile, and may yield some changes twice. While the subscription
// catches up, the server keeps up to 50,000 messages for the connection without a cursor, and closes it if there are
// more. That is a lost connection like any other: to read a long history of a busy stream, use
// [firehose.Options.Reconnect].
//
// # Positions
//
// The number of an event, which is also the cursor, is the time in microseconds at which the server processed it. The
// server begins with the event at the cursor, which is not yielded again. The position advances with each message.
// Since the server sends only wanted records, it may fall behind if these are rare; then it advances with the events
// about accounts, which are always sent. The times of different servers differ: a cursor of one server, used with
// another, repeats or skips events, even if it is set back by some seconds.
//
// A server keeps events for a day, unless it is configured otherwise. With an older cursor it begins with its oldest
// event, without saying so. With a cursor in the future it begins with the current events, which is reported as a
// [*firehose.Reset] when the first event arrives. By default, a server exits, and closes its connections, when its
// relay has been silent for 15 seconds, and its environment restarts it: so use [firehose.Options.Reconnect]. After a
// restart, it can send events of the last seconds twice, with different numbers.
package jetstream
