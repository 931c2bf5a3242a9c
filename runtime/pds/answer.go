package pds

import (
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The answers below read what is used of them and are strict about that. They skip other fields unchecked, take null for
// an empty list, as servers written in Go send it, and an empty handle for none.

// text reads a string; null is an empty one.
func text(d *lex.Decoder) string {
	if d.Null() {
		return ""
	}
	return d.String(0, lex.NoLimit)
}

var repoStatusFields = lex.NewFields("did!", "rev", "head", "active", "status")

// DecodeLex reads an entry of com.atproto.sync.listRepos or listReposByCollection.
func (s *RepoStatus) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, repoStatusFields, nil)
	active := lex.Opt[bool]{}
	for {
		switch d.Next(&c) {
		case 0:
			s.DID = d.DID()
		case 1:
			if rev := text(d); syntax.ValidTID(rev) {
				s.Rev = syntax.TID(rev)
			}
		case 2:
			s.Head, _ = lex.ParseCID(text(d))
		case 3:
			if !d.Null() {
				active = lex.Present(d, d.Bool())
			}
		case 4:
			s.Status = text(d)
		default:
			s.Active = active.Or(s.Status == "")
			return
		}
	}
}

var descriptionFields = lex.NewFields("did!", "didDoc", "handle!", "collections!", "handleIsCorrect")

// DecodeLex reads the answer of com.atproto.repo.describeRepo.
func (v *Description) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, descriptionFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			v.DID = d.DID()
		case 1:
			v.Document = d.Raw().Data
		case 2:
			// What is not a handle is none; the account is known by its DID.
			if handle := text(d); syntax.ValidHandle(handle) {
				v.Handle = syntax.Handle(handle)
			}
		case 3:
			if !d.Null() {
				v.Collections = lex.DecodeArray(d, 0, lex.NoLimit, (*lex.Decoder).NSID)
			}
		case 4:
			v.HandleIsCorrect = !d.Null() && d.Bool()
		default:
			return
		}
	}
}

var latestCommitFields = lex.NewFields("cid!", "rev!")

// DecodeLex reads the answer of com.atproto.sync.getLatestCommit.
func (v *LatestCommit) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, latestCommitFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			v.CID, _ = lex.ParseCID(text(d))
		case 1:
			v.Rev = d.TID()
		default:
			return
		}
	}
}
