package pds_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// The structs below have the fields of the generated ones that the corpus uses, for encoding/json: into
// maps it takes longer, and what is left out would only make it slower.
type plainPage[T any] struct {
	Cursor  string `json:"cursor"`
	Records []struct {
		URI   string `json:"uri"`
		CID   string `json:"cid"`
		Value T      `json:"value"`
	} `json:"records"`
}

type plainExpression struct {
	Type      string         `json:"$type"`
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Text      *string        `json:"text"`
	Languages []string       `json:"languages"`
	Metadata  *plainMetadata `json:"metadata"`
	Features  *plainFeatures `json:"features"`
	SourceURL *string        `json:"sourceUrl"`
	MediaRef  *string        `json:"mediaRef"`
	CreatedAt string         `json:"createdAt"`
}

type plainLayer struct {
	Type           string            `json:"$type"`
	Expression     string            `json:"expression"`
	Kind           string            `json:"kind"`
	Subkind        *string           `json:"subkind"`
	Formalism      *string           `json:"formalism"`
	SourceMethod   *string           `json:"sourceMethod"`
	LabelSet       *string           `json:"labelSet"`
	Rank           *int64            `json:"rank"`
	TokenizationID *plainUUID        `json:"tokenizationId"`
	Annotations    []plainAnnotation `json:"annotations"`
	Metadata       *plainMetadata    `json:"metadata"`
	Language       *string           `json:"language"`
	CreatedAt      string            `json:"createdAt"`
}

type plainUUID struct {
	Value string `json:"value"`
}

type plainMetadata struct {
	Tool       string  `json:"tool"`
	Timestamp  *string `json:"timestamp"`
	Confidence *int64  `json:"confidence"`
	PersonaRef *string `json:"personaRef"`
	Agent      *struct {
		DID  *string `json:"did"`
		ID   *string `json:"id"`
		Name *string `json:"name"`
	} `json:"agent"`
	Digest *string `json:"digest"`
}

type plainFeatures struct {
	Entries []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"entries"`
}

type plainAnnotation struct {
	UUID   plainUUID `json:"uuid"`
	Anchor *struct {
		TextSpan *struct {
			ByteStart int64  `json:"byteStart"`
			ByteEnd   int64  `json:"byteEnd"`
			CharStart *int64 `json:"charStart"`
			CharEnd   *int64 `json:"charEnd"`
		} `json:"textSpan"`
		TokenRef *struct {
			TokenizationID plainUUID `json:"tokenizationId"`
			TokenIndex     int64     `json:"tokenIndex"`
		} `json:"tokenRef"`
	} `json:"anchor"`
	TokenIndex  *int64         `json:"tokenIndex"`
	Label       *string        `json:"label"`
	Value       *string        `json:"value"`
	Text        *string        `json:"text"`
	HeadIndex   *int64         `json:"headIndex"`
	TargetIndex *int64         `json:"targetIndex"`
	Confidence  *int64         `json:"confidence"`
	Features    *plainFeatures `json:"features"`
	ParentID    *plainUUID     `json:"parentId"`
	Arguments   []struct {
		Role string `json:"role"`
	} `json:"arguments"`
}

// pages answers listRecords from memory: the cursor is a page's number.
type pages [][]byte

func (p pages) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	n := 0
	for _, param := range request.Params {
		if param.Name == "cursor" {
			n, _ = strconv.Atoi(param.Value)
		}
	}
	if n >= len(p) {
		return errors.New("no such page")
	}
	return lex.DecodeJSON(p[n], response.Output)
}

// BenchmarkList lists 10,000 records in pages of 100, typed and verified. of-std is the time that
// encoding/json takes for the same pages, into structs with the same fields, over ours.
func BenchmarkList(b *testing.B) {
	b.Run("annotationLayer", benchmarkList[annotation.AnnotationLayer, *annotation.AnnotationLayer, plainLayer])
	b.Run("expression", benchmarkList[expression.Expression, *expression.Expression, plainExpression])
}

func benchmarkList[T any, P lex.RecordPointer[T], Plain any](b *testing.B) {
	const records, pageSize = 10_000, 100
	c := corpus.New(10_000)
	var all pages
	size := 0
	for len(all) < records/pageSize {
		for page := range c.ListRecords(string(P(new(T)).RecordType()), pageSize) {
			at := bytes.LastIndex(page, []byte(`,"cursor":`))
			if at < 0 || len(all) == records/pageSize {
				break // the last page may be shorter
			}
			page = page[:at:at]
			if len(all)+1 < records/pageSize {
				page = fmt.Appendf(page, `,"cursor":"%d"`, len(all)+1)
			}
			all = append(all, append(page, '}'))
			size += len(all[len(all)-1])
		}
	}
	client, err := pds.New(pds.WithCaller(all))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	b.ResetTimer()
	// The best time of each page, since other work on the machine can only make one slower.
	std, ours := make([]time.Duration, len(all)), make([]time.Duration, len(all))
	for i := range all {
		std[i], ours[i] = math.MaxInt64, math.MaxInt64
	}
	for range b.N {
		last := time.Now()
		lap := func(best *time.Duration) {
			now := time.Now()
			*best, last = min(*best, now.Sub(last)), now
		}
		for i, page := range all {
			if err := json.Unmarshal(page, new(plainPage[Plain])); err != nil {
				b.Fatal(err)
			}
			lap(&std[i])
		}
		n := 0
		for _, err := range pds.List[T, P](b.Context(), client, syntax.AtIdentifier(c.DID()), nil) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n%pageSize == 0 {
				lap(&ours[n/pageSize-1])
			}
		}
		if n != records {
			b.Fatalf("%d records", n)
		}
	}
	sum := func(times []time.Duration) (all float64) {
		for _, t := range times {
			all += float64(t)
		}
		return all
	}
	b.ReportMetric(sum(std)/sum(ours), "of-std")
}
