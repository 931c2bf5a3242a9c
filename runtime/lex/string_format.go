package lex

import (
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Generated code reads a string whose only constraint is its format with the method that is named after the format's
// type: see [syntax.Format.GoType]. There is such a method in this file for each format in package syntax.

// AtIdentifier reads a string of format at-identifier.
func (d *Decoder) AtIdentifier() syntax.AtIdentifier {
	return syntax.AtIdentifier(d.formatted(syntax.FormatAtIdentifier))
}

// ATURI reads a string of format at-uri.
func (d *Decoder) ATURI() syntax.ATURI {
	at := d.r.At
	s, ok := d.r.Text()
	if ok && !d.uris.Valid(s) { // faster than syntax.Format.Valid, because d.uris remembers what it checked before
		s = d.malformed(at, syntax.FormatATURI, s)
	}
	return syntax.ATURI(d.r.Keep(s))
}

// CID reads a string of format cid: the text of a CID. For a link, see [Decoder.CIDLink].
func (d *Decoder) CID() syntax.CID { return syntax.CID(d.formatted(syntax.FormatCID)) }

// Datetime reads a string of format datetime.
func (d *Decoder) Datetime() syntax.Datetime {
	return syntax.Datetime(d.formatted(syntax.FormatDatetime))
}

// DID reads a string of format did.
func (d *Decoder) DID() syntax.DID { return syntax.DID(d.formatted(syntax.FormatDID)) }

// Handle reads a string of format handle.
func (d *Decoder) Handle() syntax.Handle { return syntax.Handle(d.formatted(syntax.FormatHandle)) }

// Language reads a string of format language.
func (d *Decoder) Language() syntax.Language {
	return syntax.Language(d.formatted(syntax.FormatLanguage))
}

// NSID reads a string of format nsid.
func (d *Decoder) NSID() syntax.NSID { return syntax.NSID(d.formatted(syntax.FormatNSID)) }

// RecordKey reads a string of format record-key.
func (d *Decoder) RecordKey() syntax.RecordKey {
	return syntax.RecordKey(d.formatted(syntax.FormatRecordKey))
}

// TID reads a string of format tid.
func (d *Decoder) TID() syntax.TID { return syntax.TID(d.formatted(syntax.FormatTID)) }

// URI reads a string of format uri.
func (d *Decoder) URI() syntax.URI { return syntax.URI(d.formatted(syntax.FormatURI)) }

// formatted reads a string of format f.
func (d *Decoder) formatted(f syntax.Format) string {
	at := d.r.At
	s, ok := d.r.Text()
	if ok && !f.Valid(s) {
		s = d.malformed(at, f, s)
	}
	return d.r.Keep(s)
}

// malformed reports that s does not have its format, and returns s. If the field is an optional one of an [Answer], it
// counts as absent: malformed reports nothing and returns "".
func (d *Decoder) malformed(at int, f syntax.Format, s string) string {
	if d.r.Optional {
		d.r.Wrong = true
		return ""
	}
	d.reportFormat(at, f, s)
	return s
}

func (d *Decoder) reportFormat(at int, f syntax.Format, s string) {
	found := d.r.Report(at, issue.RuleFormat)
	found.Want, found.Found = f.String(), excerpt(s)
}
