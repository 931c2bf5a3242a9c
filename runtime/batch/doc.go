// Package batch writes many records into the repository of an account: [Apply] brings the repository's records into the
// state that a batch of operations describes.
//
//	ops := batch.Ops(
//		batch.Op{Action: batch.ActionPut, RecordKey: "3l3famgxlzxwf", Record: corpus},
//		batch.Op{Action: batch.ActionDelete, Collection: "pub.layers.corpus.corpus", RecordKey: "3l3famgxlzxwg"},
//	)
//	result, err := batch.Apply(ctx, client, ops, &batch.ApplyOptions{Lookup: records.Lookup})
//	if err != nil {
//		return err
//	}
//	fmt.Println(result.Written, "written")
//
// Records already in the desired state are skipped. So applying a batch again, after it failed in any way or after the
// process was killed, does the rest and repeats nothing. A [Journal] makes that cheap, and allows creates without
// record keys. [ReadOps] reads the operations from a file of JSON lines.
//
// All records are checked before anything is sent; an [*InvalidError] lists what is wrong with them. The option Check
// also finds faults that a lexicon cannot express. The errors, the limits on the rate of writes, and records without a
// Go type are those of package write.
//
// The method is com.atproto.repo.applyWrites, https://docs.bsky.app/docs/api/com-atproto-repo-apply-writes.
package batch
