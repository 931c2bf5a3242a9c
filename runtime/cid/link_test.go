package cid_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
)

const emptyMap = "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"

func TestLink(t *testing.T) {
	c := cid.Of(cid.DagCBOR, []byte{0xa0})
	link := c.Link()
	if link.String() != emptyMap || link.Binary() != string(c[:]) || !link.Defined() {
		t.Errorf("Link() = %v, binary %x", link, link.Binary())
	}
	if again, ok := link.CID(); !ok || again != c {
		t.Errorf("CID() = %v, %v", again, ok)
	}
	if parsed, err := cid.ParseLink(emptyMap); err != nil || !parsed.Equal(link) {
		t.Errorf("ParseLink = %v, %v", parsed, err)
	}
	if made, ok := cid.LinkFromBinary(string(c[:])); !ok || made != link {
		t.Errorf("LinkFromBinary = %v, %v", made, ok)
	}
	if nothing := (cid.CID{}).Link(); nothing.Defined() || nothing.String() != "" || nothing.Equal(link) {
		t.Errorf("the link of the undefined CID is %v", nothing)
	}
	if _, ok := (cid.Link{}).CID(); ok {
		t.Error("the zero Link has a CID")
	}
	if _, ok := cid.LinkFromBinary(""); ok {
		t.Error("LinkFromBinary takes no bytes at all")
	}
}

func TestLinkJSON(t *testing.T) {
	for _, test := range []struct {
		json string
		ok   bool
	}{
		{`{"$link":"` + emptyMap + `"}`, true},
		{" {\n\"$link\" : \"" + emptyMap + "\" } ", true},
		{`{"$link":"` + emptyMap + `","$link":"` + emptyMap + `"}`, false},
		{`{"$link":"` + emptyMap + `","more":1}`, false},
		{`{"more":1,"$link":"` + emptyMap + `"}`, false},
		{`{"$LINK":"` + emptyMap + `"}`, false},
		{`{"$link":"bafy"}`, false},
		{`{"$link":1}`, false},
		{`{"$link":{}}`, false},
		{`{}`, false},
		{`["$link","` + emptyMap + `"]`, false},
		{`"` + emptyMap + `"`, false},
		{`null`, false},
	} {
		before := cid.Of(cid.Raw, nil).Link()
		link := before
		err := link.UnmarshalJSON([]byte(test.json))
		if (err == nil) != test.ok || err != nil && !errors.Is(err, cid.ErrLink) {
			t.Errorf("UnmarshalJSON(%s): %v", test.json, err)
		}
		if test.ok && link.String() != emptyMap || !test.ok && link != before {
			t.Errorf("UnmarshalJSON(%s) = %v", test.json, link)
		}
	}
	for link, want := range map[cid.Link]string{
		cid.Of(cid.DagCBOR, []byte{0xa0}).Link(): `{"$link":"` + emptyMap + `"}`,
		{}:                                       `null`,
	} {
		if got, err := json.Marshal(link); err != nil || string(got) != want {
			t.Errorf("Marshal = %s, %v", got, err)
		}
	}
}
