package pds

import (
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The answers below read what is used of them and are strict about that. Other fields are let be.

// text reads a string; null is an empty one.
func text(d *lex.Decoder) string {
	if d.Null() {
		return ""
	}
	return d.String(0, lex.NoLimit)
}

// page is one page of a list.
type page[T any] struct {
	items  []T
	cursor lex.Opt[string]
}

// read reads a page whose items are in the field of fields that is not the cursor.
func (p *page[T]) read(d *lex.Decoder, fields *lex.Fields, cursor int, items func(*lex.Decoder) []T) {
	var c lex.Cursor
	d.Object(&c, fields, nil)
	for {
		switch field := d.Next(&c); field {
		case cursor:
			p.cursor = lex.Some(text(d))
		case -1:
			return
		default:
			p.items = items(d)
		}
	}
}

// recordPage is the answer of com.atproto.repo.listRecords.
type recordPage[V any] struct {
	page[V]
	decode func(*lex.Decoder) []V
}

var recordPageFields = lex.NewFields("cursor", "records!")

func (p *recordPage[V]) DecodeLex(d *lex.Decoder) { p.read(d, recordPageFields, 0, p.decode) }

// repoPage is the answer of com.atproto.sync.listRepos and listReposByCollection.
type repoPage struct{ page[lex.Raw] }

var repoPageFields = lex.NewFields("repos!", "cursor")

func (p *repoPage) DecodeLex(d *lex.Decoder) { p.read(d, repoPageFields, 1, raws) }

// blobPage is the answer of com.atproto.sync.listBlobs.
type blobPage struct{ page[lex.Raw] }

var blobPageFields = lex.NewFields("cids!", "cursor")

func (p *blobPage) DecodeLex(d *lex.Decoder) { p.read(d, blobPageFields, 1, raws) }

func raws(d *lex.Decoder) []lex.Raw {
	return lex.DecodeArray(d, 0, lex.NoLimit, (*lex.Decoder).Raw)
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
			active = lex.Present(d, d.Bool())
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
			v.Handle = d.Handle()
		case 3:
			v.Collections = lex.DecodeArray(d, 0, lex.NoLimit, (*lex.Decoder).NSID)
		case 4:
			v.HandleIsCorrect = d.Bool()
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

// word is an answer, or an item of one, that is a string.
type word string

// DecodeLex reads a string.
func (w *word) DecodeLex(d *lex.Decoder) { *w = word(d.String(0, lex.NoLimit)) }
