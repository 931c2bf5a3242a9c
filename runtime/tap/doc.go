// Package tap reads the changes of records from Tap: a server that you run yourself, which follows some repositories,
// including their history, and keeps each event until it is acknowledged.
//
//	client, err := tap.New("ws://localhost:2480", tap.WithNetwork(network.Network{AllowPrivate: true}))
//	if err != nil {
//		return err
//	}
//	options := &firehose.Options{Lookup: records.Lookup, Reconnect: true, Manual: true}
//	for event, err := range client.Subscribe(ctx, options) {
//		if err != nil {
//			return err
//		}
//		if r, ok := event.(*firehose.Record); ok {
//			if err := store(r); err != nil {
//				return err
//			}
//		}
//		event.Ack()
//	}
//
// A [Client] is a [firehose.Subscriber] of Tap's WebSocket channel, with acknowledgements. It follows the rules of
// package firehose on reconnection, memory and untrusted sources. Tap's own configuration says which repositories and
// collections it follows; events that do not match [firehose.Options] are acknowledged and not yielded.
//
// # Acknowledgement
//
// An event is acknowledged to Tap after it is acknowledged here: when the loop asks for the next event, or with
// [firehose.Options.Manual] when its method Ack is called, which should be after the work is durable. Tap sends an
// unacknowledged event again after a time-out (TAP_RETRY_TIMEOUT, 60 seconds), or when it is restarted. There are no
// positions: the options Cursor and Cursors have no effect.
//
// The numbers of events ([firehose.Header.Seq]) begin anew when Tap is restarted, so an old acknowledgement could
// remove a new event. Therefore an acknowledgement is sent only on the connection on which its event arrived; if that
// is lost, the event is delivered again. Tap itself loses the acknowledgements of the last 10 seconds when it is
// killed. A change that is delivered twice has the same [firehose.Record.ID] both times.
//
// Live events of a repository are in order, since Tap sends each one only after the previous one is acknowledged.
// Events of its history come in any order. Several clients of one Tap share its events, so none of them receives all
// events.
//
// # Trust
//
// Tap verifies signatures, but a client has no proof of that. A record is converted to DAG-CBOR and compared with the
// CID in the message, so its trust is [rec.Hashed]; a record that does not match is a [*firehose.BadFrame]. A deletion
// has the trust [rec.Served].
//
// # What is missing
//
//   - Deletions are lost whenever Tap reads a repository again, as it does after a gap in the stream: it never reports
//     records that were deleted in the meantime. A program that keeps records has to compare them with the repository
//     from time to time, or use package firehose instead of Tap.
//   - Tap may read a repository again and again if it is added right after it was created.
//   - There are no events for commits: the options Commits and Known have no effect. For a record that Tap found when
//     it read a repository, the revision in the event is that of the repository.
//   - Tap rejects a commit that changes a record several times, in the form in which the reference PDS sends it, and
//     reads the repository again after the next commit, so deletions in that commit are lost.
package tap
