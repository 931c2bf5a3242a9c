package benchmarks

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// The structs below have the fields of the generated ones that the corpus uses, for encoding/json, which
// would otherwise call the generated UnmarshalJSON. What is left out would only make it slower.
type plainPage struct {
	Cursor  string      `json:"cursor"`
	Records []plainView `json:"records"`
}

type plainView struct {
	URI   string     `json:"uri"`
	CID   string     `json:"cid"`
	Value plainLayer `json:"value"`
}

type plainLayer struct {
	Type            string            `json:"$type"`
	Expression      string            `json:"expression"`
	Kind            string            `json:"kind"`
	Subkind         *string           `json:"subkind"`
	Formalism       *string           `json:"formalism"`
	SourceMethod    *string           `json:"sourceMethod"`
	LabelSet        *string           `json:"labelSet"`
	Rank            *int64            `json:"rank"`
	TokenizationID  *plainUUID        `json:"tokenizationId"`
	Annotations     []plainAnnotation `json:"annotations"`
	Metadata        *plainMetadata    `json:"metadata"`
	LanguagesString *string           `json:"language"`
	CreatedAt       string            `json:"createdAt"`
}

type plainUUID struct {
	Value string `json:"value"`
}

type plainMetadata struct {
	Tool       string      `json:"tool"`
	Timestamp  *string     `json:"timestamp"`
	Confidence *int64      `json:"confidence"`
	PersonaRef *string     `json:"personaRef"`
	Agent      *plainAgent `json:"agent"`
	Digest     *string     `json:"digest"`
}

type plainAgent struct {
	DID  *string `json:"did"`
	ID   *string `json:"id"`
	Name *string `json:"name"`
}

type plainAnnotation struct {
	UUID        plainUUID       `json:"uuid"`
	Anchor      *plainAnchor    `json:"anchor"`
	TokenIndex  *int64          `json:"tokenIndex"`
	Label       *string         `json:"label"`
	Value       *string         `json:"value"`
	Text        *string         `json:"text"`
	HeadIndex   *int64          `json:"headIndex"`
	TargetIndex *int64          `json:"targetIndex"`
	Confidence  *int64          `json:"confidence"`
	Features    *plainFeatures  `json:"features"`
	ParentID    *plainUUID      `json:"parentId"`
	Arguments   []plainArgument `json:"arguments"`
}

type plainArgument struct {
	Role string `json:"role"`
}

type plainFeatures struct {
	Entries []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"entries"`
}

type plainAnchor struct {
	TextSpan *plainSpan `json:"textSpan"`
	TokenRef *struct {
		TokenizationID plainUUID `json:"tokenizationId"`
		TokenIndex     int64     `json:"tokenIndex"`
	} `json:"tokenRef"`
}

type plainSpan struct {
	ByteStart int64  `json:"byteStart"`
	ByteEnd   int64  `json:"byteEnd"`
	CharStart *int64 `json:"charStart"`
	CharEnd   *int64 `json:"charEnd"`
}

// layerPage is a page of annotation layers that is decoded and not verified.
type layerPage struct {
	cursor  lex.Opt[string]
	records []layerView
	extra   lex.Map
}

type layerView struct {
	uri   syntax.ATURI
	cid   syntax.CID
	value annotation.AnnotationLayer
	extra lex.Map
}

var (
	layerPageFields = lex.NewFields("cursor", "records!")
	layerViewFields = lex.NewFields("cid!", "uri!", "value!")
)

func (v *layerPage) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, layerPageFields, &v.extra)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		switch i {
		case 0:
			v.cursor = lex.Present(d, d.String(0, lex.NoLimit))
		case 1:
			v.records = lex.DecodeObjects[layerView](d, 0, lex.NoLimit)
		}
	}
}

func (v *layerView) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, layerViewFields, &v.extra)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		switch i {
		case 0:
			v.cid = d.CID()
		case 1:
			v.uri = d.ATURI()
		case 2:
			v.value.DecodeLex(d)
		}
	}
}

// BenchmarkJSONPage decodes pages of 100 annotation layers, as listRecords answers them: alone, and, as the generated
// clients do it, with each record encoded again and hashed, to be compared with its CID. of-std is the time that
// encoding/json takes for the same pages over ours.
func BenchmarkJSONPage(b *testing.B) {
	var pages [][]byte
	size := 0
	for page := range corpus.New(10_000).ListRecords("pub.layers.annotation.annotationLayer", 100) {
		pages = append(pages, page)
		size += len(page)
		if len(pages) == 10 {
			break
		}
	}
	for name, decode := range map[string]func([]byte) error{
		"copied": func(page []byte) error { return lex.DecodeJSON(page, new(layerPage)) },
		"shared": func(page []byte) error { return lex.DecodeJSONShared(page, new(layerPage)) },
		"verified": func(page []byte) error {
			return lex.DecodeJSON(page, rec.NewRecordPage[annotation.AnnotationLayer]("records", rec.Source{}))
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var std, ours time.Duration
			for range b.N {
				start := time.Now()
				for _, page := range pages {
					if err := json.Unmarshal(page, new(plainPage)); err != nil {
						b.Fatal(err)
					}
				}
				middle := time.Now()
				for _, page := range pages {
					if err := decode(page); err != nil {
						b.Fatal(err)
					}
				}
				std += middle.Sub(start)
				ours += time.Since(middle)
			}
			b.ReportMetric(float64(std)/float64(ours), "of-std")
		})
	}
}

// decoded returns the records of a corpus and their blocks.
func decoded(b *testing.B, n int) (values []lex.Record, blocks [][]byte) {
	b.Helper()
	archive, err := corpus.New(n).CAR()
	if err != nil {
		b.Fatal(err)
	}
	r, err := repo.FromBytes(b.Context(), archive)
	if err != nil {
		b.Fatal(err)
	}
	for d, err := range r.Decode(b.Context(), records.Lookup, &repo.DecodeOptions{Workers: 1}) {
		if err != nil {
			b.Fatal(err)
		}
		values = append(values, d.Value)
		blocks = append(blocks, d.Data)
	}
	return values, blocks
}

// BenchmarkRecords decodes record blocks alone, without archive and hashes. of-floor is the time of hashing
// them over ours.
func BenchmarkRecords(b *testing.B) {
	values, blocks := decoded(b, 2000)
	size := 0
	for _, block := range blocks {
		size += len(block)
	}
	types := make([]lex.RecordDef, len(values))
	for i, v := range values {
		types[i], _ = records.Lookup(v.RecordType())
	}
	for name, decode := range map[string]func([]byte, lex.Decodable) error{"copied": lex.DecodeCBOR, "shared": lex.DecodeCBORShared} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var times yardstick
			for range b.N {
				floor := hashAll(blocks)
				start := time.Now()
				for i, block := range blocks {
					if err := decode(block, types[i].New()); err != nil {
						b.Fatal(err)
					}
				}
				times.add(floor, time.Since(start))
			}
			times.report(b)
		})
	}
}

// BenchmarkEncode encodes records into a buffer that is used again. of-floor is the time of hashing the same
// bytes over ours.
func BenchmarkEncode(b *testing.B) {
	values, _ := decoded(b, 2000)
	for name, encode := range map[string]func([]byte, lex.Encodable) ([]byte, error){"CBOR": lex.AppendCBOR, "JSON": lex.AppendJSON} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var times yardstick
			var buffer []byte
			for range b.N {
				size := 0
				for _, v := range values {
					start := time.Now()
					var err error
					if buffer, err = encode(buffer[:0], v); err != nil {
						b.Fatal(err)
					}
					middle := time.Now()
					sha256.Sum256(buffer)
					times.add(time.Since(middle), middle.Sub(start))
					size += len(buffer)
				}
				b.SetBytes(int64(size))
			}
			times.report(b)
		})
	}
}
