// Package vocabulary counts words. Its tests show how to test a program on a test network, with servers that fail.
package vocabulary

import (
	"context"
	"strings"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Count returns how often each word occurs in the repository of an account, in lower case.
func Count(ctx context.Context, client *pds.Client, actor syntax.AtIdentifier) (map[string]int, error) {
	archive, err := client.GetRepo(ctx, actor, nil)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	all, err := records.Decode(ctx, archive, nil)
	if err != nil {
		return nil, err
	}
	index := reading.New()
	index.AddRepository(all)
	counts := map[string]int{}
	for _, uri := range index.Expressions() {
		e, err := index.Expression(ctx, uri)
		if err != nil {
			return nil, err
		}
		for token := range e.Tokens() {
			counts[strings.ToLower(token.Text)]++
		}
	}
	return counts, nil
}
