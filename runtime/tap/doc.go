// Package tap follows the changes of records as Tap sends them: a server of one's own that keeps track of some
// repositories, with their history, and keeps each event until it is acknowledged.
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
// A [Client] is a [firehose.Subscriber] of Tap's WebSocket channel, with acknowledgements. It keeps the rules of
// package firehose on reconnection, memory and untrusted sources. Which repositories and collections Tap keeps track of
// is set up there; events that [firehose.Options] do not want are acknowledged and not yielded.
//
// # Acknowledgement
//
// An event is acknowledged to Tap after it is acknowledged here: when the loop asks for the next event, or with
// [firehose.Options.Manual] when its method Ack is called, which should be after the work is durable. Tap sends an
// event again that is not acknowledged, after a time (TAP_RETRY_TIMEOUT, 60 seconds) or when it was started again.
// There are no positions: the options Cursor and Cursors have no effect.
//
// The numbers of events ([firehose.Header.Seq]) begin anew when Tap was started again, so that an old acknowledgement
// could remove a new event. So an acknowledgement is sent on the connection on which its event came, or not at all: the
// event is then delivered again. Tap itself loses the acknowledgements of the last 10 seconds when it is killed. What
// is delivered twice has the same [firehose.Record.ID].
//
// Events of the live stream of a repository are in order, since Tap sends each after the one before is acknowledged.
// Events of its history come in any order, and several clients of one Tap share its events, so that none of them has
// all.
//
// # Trust
//
// Tap verifies signatures, but a client has no proof of that. A record is converted to DAG-CBOR and compared with the
// CID beside it, so that it has the trust [rec.Hashed]; one that does not match is a [*firehose.BadFrame]. A deletion
// has the trust [rec.Served].
//
// # What is missing
//
//   - Deletions are lost whenever Tap reads a repository again, as it does after a gap in the stream: what was deleted
//     meanwhile is never reported. A program that keeps records has to compare with the repository from time to time,
//     or to use package firehose in place of Tap.
//   - A repository that is added to Tap right after it was created may be read again without end.
//   - There are no events of commits: the options Commits and Known have no effect. The revision of a record that Tap
//     found when it read a repository is that of the repository.
//   - Tap refuses a commit that changes a record several times in the form in which the reference PDS sends it, and reads
//     the repository again after the next commit, so that deletions in it are lost.
package tap
