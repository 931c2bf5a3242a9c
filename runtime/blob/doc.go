// Package blob downloads and uploads blobs: the audio, video, images and other files that the records of an
// account refer to, and that its server stores beside them.
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
//		info, err := blob.Download(ctx, client, did, recording, "recording.wav")
//		...
//	}
//
// # Reading
//
// A blob is named by its CID, which is a hash of its bytes, so that no server has to be trusted. A [Reader]
// hands bytes out as they come, and ends with io.EOF only after their number and their hash have been
// found to be right. [Get] returns the bytes, and [Download] makes the file, only then.
//
// What is wrong with a blob is an [*Error], which says whose blob it is, and how far it came.
//
// # Writing
//
// [Upload] stores a blob with an account's server and returns the reference to put into a record:
//
//	picture, err := blob.Upload(ctx, account, file, "image/png", &blob.UploadOptions{
//		Rules: media.MediaBlobRules,
//	})
//
// Until a record refers to the blob, the server does not give it out, and it deletes it after a while
// (https://atproto.com/specs/blob): so write the record soon. Uploading the same bytes again does no harm.
package blob
