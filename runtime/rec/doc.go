// Package rec has the types that servers and archives return: records in their envelopes, pages of records, and
// failures. It decides what is wrong with an envelope, whether a record matches its CID, and where a list ends.
//
// Sequences of records have one convention: an error that is a [*Failure] is about one record, and the loop continues.
//
//	for entry, err := range client.ListPersonasIter(ctx, nil) {
//		if failure, ok := errors.AsType[*rec.Failure](err); ok {
//			log.Print(failure) // the URI and the issues; the bytes are in failure.Data
//			continue
//		} else if err != nil {
//			return err
//		}
//		fmt.Println(entry.URI, entry.Value.Name)
//	}
//
// The values are plain data: they may be read concurrently.
package rec
