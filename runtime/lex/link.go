package lex

import "github.com/layers-pub/layers-go/runtime/cid"

// CIDLink reads a link.
func (d *Decoder) CIDLink() cid.Link {
	if d.json {
		raw, _ := d.wrappedJSON("$link", "cid-link", decodeLink)
		link, _ := cid.LinkFromBinary(raw)
		return link
	}
	at := d.i
	if at+1 >= len(d.b) || d.b[at] != cborLink || d.b[at+1] != tagLink {
		d.mismatch("cid-link")
		return cid.Link{}
	}
	d.i += 2
	link, ok := d.linkBytes(at)
	if d.wrong = !ok; !ok || d.kept.share {
		return link
	}
	link, _ = cid.LinkFromBinary(d.copied(link.Binary()))
	return link
}

// CIDLink writes a link. It writes the zero link as null, which is not a valid link.
func (e *Encoder) CIDLink(l cid.Link) {
	switch {
	case !l.Defined():
		e.Null()
	case e.json:
		e.b = appendLinkJSON(e.b, l.Binary())
	default:
		e.b = appendLink(e.b, l.Binary())
	}
}

func decodeLink(text string) (string, bool) {
	link, err := cid.ParseLink(text)
	return link.Binary(), err == nil
}
