// Package blob downloads and uploads blobs: the audio, video, images and other files to which the records of an
// account refer, and which its server stores along with them.
//
//	client, err := pds.New()
//	if err != nil {
//		return err
//	}
//	entry, err := pds.Get[media.Media](ctx, client, uri)
//	if err != nil {
//		return err
//	}
//	if recording, ok := entry.Value.Blob.Get(); ok {
//		info, err := blob.Download(ctx, client, did, recording, "recording.wav", nil)
//		...
//	}
//
// # Reading
//
// A blob is named by its CID, which has the hash of its bytes, so the server need not be trusted. A [Reader] returns
// bytes as they arrive, and ends with io.EOF only after it has verified the size and the hash. [Get] returns the
// bytes, and [Download] creates the file, only after that.
//
// If a blob cannot be read, the error is an [*Error], which says whose blob it is and how much of it was read.
//
// # Writing
//
// [Upload] stores a blob with an account's server and returns the reference to put into a record:
//
//	picture, err := blob.Upload(ctx, account, file, "image/png", &blob.UploadOptions{
//		Rules: media.MediaBlobRules,
//	})
//
// The server does not serve the blob until a record refers to it, and it deletes a blob without a record after a
// while (https://atproto.com/specs/blob): so write the record soon. Uploading the same bytes again does no harm.
package blob
