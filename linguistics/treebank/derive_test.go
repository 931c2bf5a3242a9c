package treebank_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestDerive checks that keys and UUIDs stay what they are: a treebank that was imported once must be found again by every later
// version. They are UUIDs of version 5 of what they name, with zero bytes between the parts.
func TestDerive(t *testing.T) {
	for _, id := range []string{"s1", strings.Repeat("é", 400)} {
		all := convert(t, []byte("# sent_id = "+id+"\n1\ta\ta\t_\t_\t_\t_\t_\t_\t_\n\n"), options)
		root := uuid.NewSHA1(uuid.NameSpaceURL, []byte("at://"+string(options.DID)+"/conllu/"+options.Document))
		hash := func(parts ...string) uuid.UUID { return uuid.NewSHA1(root, []byte(strings.Join(parts, "\x00"))) }
		key := func(parts ...string) syntax.RecordKey {
			id := hash(parts...)
			return syntax.RecordKey(syntax.TIDFromInteger(binary.BigEndian.Uint64(id[:8])))
		}
		for i, want := range []syntax.RecordKey{key("document", ""), key("sentence", id), key("segmentation", ""), key("lemma", "")} {
			if got := all[i].URI.RecordKey(); got != want {
				t.Errorf("%s: the key is %s, want %s", all[i].URI, got, want)
			}
		}
		lemma := all[3].Value.(*annotation.AnnotationLayer).Annotations[0].UUID.Value
		if want := hash("annotation", "lemma", id, "1").String(); lemma != want {
			t.Errorf("the UUID of the lemma is %s, want %s", lemma, want)
		}
	}
}
