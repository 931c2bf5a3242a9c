package cid

import "crypto/sha256"

// The methods in this file compare a CID with what a server sent: the content itself, its hash, or the CID that the
// server stated. All packages of this module use them to compare CIDs.

// Matches reports whether c identifies data: whether the SHA-256 hash of data is that in c. It cannot tell whether data
// is in c's codec.
func (c CID) Matches(data []byte) bool { return c.MatchesDigest(sha256.Sum256(data)) }

// MatchesDigest is [CID.Matches] for content that was hashed while it was read; digest is its SHA-256 hash.
func (c CID) MatchesDigest(digest [sha256.Size]byte) bool { return c.Defined() && digest == c.Digest() }

// MatchesText reports whether stated, which a server sent as the CID of some content, is the text of c. Each CID has only
// one text.
func (c CID) MatchesText(stated string) bool {
	var b [textSize]byte
	text, _ := c.AppendText(b[:0])
	return c.Defined() && string(text) == stated
}
