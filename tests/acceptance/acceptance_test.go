package acceptance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
)

const (
	archiveFile = "../testdata/acceptance.car"
	verdictFile = "../testdata/acceptance.jsonl"
)

// verdict is what is known of a record: how listRecords gave it, what the reference validator says, and
// what was done to it when it was written.
type verdict struct {
	URI     string          `json:"uri"`
	CID     string          `json:"cid"`
	Value   json.RawMessage `json:"value"`
	Valid   bool            `json:"valid"`
	Message string          `json:"message"`
	Note    string          `json:"note"`
}

func readVerdicts(t *testing.T) map[string]verdict {
	t.Helper()
	file, err := os.Open(verdictFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	verdicts := map[string]verdict{}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 {
			break
		}
		var v verdict
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		verdicts[v.URI] = v
		if err != nil {
			break
		}
	}
	return verdicts
}

func decodeAll(t *testing.T) []repo.Decoded {
	t.Helper()
	archive, err := os.ReadFile(archiveFile)
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(context.Background(), archive)
	if err != nil {
		t.Fatal(err)
	}
	var all []repo.Decoded
	for d, err := range r.Decode(context.Background(), records.Lookup, nil) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, *d)
	}
	return all
}

// notBroken are places that a note calls too long and that are not: the note's string was cut so that it
// ends with the limit's last byte. Limits count "UTF-8 bytes" (https://atproto.com/specs/lexicon#string)
// and allow the maximum itself. The reference validator agrees wherever it got as far: it calls the
// records with nothing else broken valid. The numbers are the limits; the test holds the strings to them.
var notBroken = map[string]int{
	"3lq63bd3jwapt /labelSet":                       256,
	"3l4rnmgd2tsc7 /metric":                         128,
	"3lydfupaotry4 /typeKind":                       128,
	"3lky5ccejenae /licensing/expression":           512,
	"3lutq3grijcmd /constraints/0/expressionFormat": 128,
}

// textAt returns the string at a JSON pointer into a value of encoding/json.
func textAt(t *testing.T, value any, pointer string) string {
	t.Helper()
	for step := range strings.SplitSeq(pointer[1:], "/") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				t.Fatalf("%s: no item %s", pointer, step)
			}
			value = v[i]
		}
	}
	s, ok := value.(string)
	if !ok {
		t.Fatalf("%s: %v is no string", pointer, value)
	}
	return s
}

func TestAgreesWithReference(t *testing.T) {
	verdicts := readVerdicts(t)
	all := decodeAll(t)
	if len(all) != 395 || len(verdicts) != 395 {
		t.Fatalf("%d records decoded and %d verdicts, want 395", len(all), len(verdicts))
	}
	named, excused := 0, 0
	for i := range all {
		d := &all[i]
		v, ok := verdicts[string(d.URI())]
		if !ok {
			t.Errorf("%s: not in the repository", d.URI())
			continue
		}
		if d.CID.String() != v.CID {
			t.Errorf("%s: CID %s, want %s", d.URI(), d.CID, v.CID)
		}
		if cid.Of(cid.DagCBOR, d.Data) != d.CID {
			t.Errorf("%s: its bytes are not those of its CID", d.URI())
		}
		sameValue(t, d, v)
		if valid := len(d.Issues) == 0; valid != v.Valid {
			t.Errorf("%s: valid %v, the reference says %v (%s)\n%v", d.URI(), valid, v.Valid, v.Message, d.Issues)
		}
		if list, broken := strings.CutPrefix(v.Note, "broken: "); broken {
			for place := range strings.SplitSeq(list, " ; ") {
				path, rule, _ := strings.Cut(place, " ")
				rule, _, _ = strings.Cut(rule, ":") // format:datetime
				if limit, ok := notBroken[string(d.RecordKey)+" "+path]; ok {
					excused++
					if got := len(textAt(t, generic(t, v.Value), path)); got != limit {
						t.Errorf("%s: %s is %d bytes long, not %d", d.URI(), path, got, limit)
					}
					continue
				}
				named++
				if !reported(d.Issues, path, rule) {
					t.Errorf("%s: %s is not among the issues %v", d.URI(), place, d.Issues)
				}
			}
		}
	}
	if named != 308 || excused != len(notBroken) {
		t.Errorf("%d broken places were looked for, %d excused", named, excused)
	}
}

// reported reports whether the rule at path is among the issues, or hidden by a broken ancestor: one that
// is missing or has the wrong type.
func reported(issues []issue.Issue, path, rule string) bool {
	for _, problem := range issues {
		if problem.Path == path && string(problem.Rule) == rule {
			return true
		}
		hides := problem.Rule == issue.RuleType || problem.Rule == issue.RuleRequired || problem.Rule == issue.RuleUnion
		if hides && (problem.Path == path || strings.HasPrefix(path, problem.Path+"/")) {
			return true
		}
	}
	return false
}

// sameValue compares a record with what listRecords returned: as JSON, and after a way back to DAG-CBOR.
func sameValue(t *testing.T, d *repo.Decoded, v verdict) {
	t.Helper()
	asJSON, _ := lex.CBORToJSON(d.Data)
	if diff := cmp.Diff(generic(t, v.Value), generic(t, asJSON)); diff != "" {
		t.Errorf("%s: value differs (-reference +ours):\n%s", d.URI(), diff)
	}
	cbor, err := lex.JSONToCBOR(v.Value)
	if err != nil || !bytes.Equal(cbor, d.Data) {
		t.Errorf("%s: the JSON of listRecords does not give the record's bytes: %v", d.URI(), err)
	}
}

func generic(t *testing.T, text []byte) (v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRoundTrip decodes every record without issues from DAG-CBOR and from JSON, and encodes it to its CID.
func TestRoundTrip(t *testing.T) {
	verdicts := readVerdicts(t)
	trips, unknown := 0, 0
	for _, d := range decodeAll(t) {
		if d.Issues != nil {
			continue
		}
		fresh := func() interface {
			lex.Decodable
			lex.Encodable
		} {
			if known, ok := records.Lookup(d.Collection); ok {
				return known.New()
			}
			unknown++
			return new(lex.Map)
		}
		fromCBOR, shared, fromJSON := fresh(), fresh(), fresh()
		for name, err := range map[string]error{
			"DAG-CBOR":        lex.DecodeCBOR(d.Data, fromCBOR),
			"DAG-CBOR shared": lex.DecodeCBORShared(d.Data, shared),
			"JSON":            lex.DecodeJSON(verdicts[string(d.URI())].Value, fromJSON),
		} {
			if err != nil {
				t.Errorf("%s: from %s: %v", d.URI(), name, err)
			}
		}
		for name, value := range map[string]lex.Encodable{"DAG-CBOR": fromCBOR, "DAG-CBOR shared": shared, "JSON": fromJSON} {
			encoded, err := lex.EncodeCBOR(value)
			if err != nil || cid.Of(cid.DagCBOR, encoded) != d.CID {
				t.Errorf("%s: from %s, encodes to %x, %v; was %x", d.URI(), name, encoded, err, d.Data)
			}
			trips++
		}
	}
	if trips != 3*162 || unknown != 3*2 {
		t.Errorf("%d round trips, of which %d untyped", trips, unknown)
	}
}

// TestRepository decodes the whole repository in one call, and counts.
func TestRepository(t *testing.T) {
	archive, err := os.ReadFile(archiveFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2, 7} {
		r, err := repo.FromBytes(context.Background(), archive)
		if err != nil {
			t.Fatal(err)
		}
		all, err := records.Decode(context.Background(), r, &repo.DecodeOptions{Workers: workers, Share: workers == 2})
		if err != nil {
			t.Fatal(err)
		}
		var total rec.Counts
		for nsid, account := range all.Counts {
			total.Add(account)
			if account.Expected != account.Decoded+account.Failed+account.Skipped {
				t.Errorf("%s: %+v does not add up", nsid, account)
			}
		}
		if want := (rec.Counts{Expected: 395, Decoded: 160, Failed: 233, Skipped: 2}); total != want {
			t.Errorf("got %+v, want %+v", total, want)
		}
		if len(all.Failures) != 233 || len(all.Unknown) != 2 || len(all.Alignment) != 6 || len(all.ResourceTemplate) != 7 {
			t.Errorf("%d failures, %d unknown, %d alignments, %d templates",
				len(all.Failures), len(all.Unknown), len(all.Alignment), len(all.ResourceTemplate))
		}
		for i := range all.Failures {
			f := &all.Failures[i]
			if cid.Of(cid.DagCBOR, f.Data) != f.CID || len(f.Issues) == 0 {
				t.Errorf("%s: the failure lost its bytes or its issues", f.URI)
			}
		}
		if first := all.Alignment[0]; first.Trust != rec.Hashed || first.Value.CreatedAt == "" || first.URI == "" {
			t.Errorf("%+v", first)
		}
	}
}
