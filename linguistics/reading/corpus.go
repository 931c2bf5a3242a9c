package reading

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Corpus is a corpus with its members.
type Corpus struct {
	rec.Entry[corpus.Corpus]
	// Members are sorted by their ordinals, with those without an ordinal at the end, and then by the URIs of their
	// records.
	Members []*CorpusMember
	// Problems lists members that were not found, or that occur twice.
	Problems []*Problem

	index *Index
}

// CorpusMember is an expression that is part of a corpus.
type CorpusMember struct {
	// Membership is the record that adds the expression to the corpus.
	Membership rec.Entry[corpus.Membership]
	// Expression is the record of the expression; its Value is nil if it was not found.
	Expression rec.Entry[expression.Expression]
	// Split is the name of the member's split, such as "train", or the URI that defines it, or "" if it has none.
	Split string
	// Problem says why the expression was not found, or is nil.
	Problem *Problem
}

// Corpus returns the corpus at uri with those members whose records the index has. If the index has a source, Corpus
// fetches the memberships of the corpus's own repository, and the expressions of all members.
//
// The error wraps ErrNotFound, ErrInvalid or ErrType if there is no valid corpus at uri, or is that of ctx or of the
// index's source. All other problems are in the result.
func (x *Index) Corpus(ctx context.Context, uri syntax.ATURI) (*Corpus, error) {
	entry, err := getAs[corpus.Corpus](ctx, x, uri)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("reading: %w", &Problem{URI: uri, Err: err})
	}
	if err := x.fetch(ctx, uri.Authority(), corpus.NSIDMembership); err != nil {
		return nil, err
	}
	c := &Corpus{Entry: entry, index: x}
	note := func(p *Problem) *Problem {
		c.Problems = append(c.Problems, p)
		return p
	}
	for _, uri := range x.find(uri, memberOf) {
		if invalid, ok := x.failures[uri]; ok {
			note(&Problem{uri, "", invalid.error()})
			continue
		}
		membership, err := getAs[corpus.Membership](ctx, x, uri)
		if err != nil {
			return nil, err // the index has it
		}
		split := string(membership.Value.Split.Or(""))
		if uri, ok := membership.Value.SplitURI.Get(); ok {
			split = string(uri)
		}
		c.Members = append(c.Members, &CorpusMember{Membership: membership, Split: split})
	}
	slices.SortStableFunc(c.Members, func(a, b *CorpusMember) int {
		return cmp.Compare(a.Membership.Value.Ordinal.Or(math.MaxInt64), b.Membership.Value.Ordinal.Or(math.MaxInt64))
	})
	seen := map[syntax.ATURI]bool{}
	failed := map[syntax.AtIdentifier]error{} // repositories that cannot be read
	for _, m := range c.Members {
		expressionURI := m.Membership.Value.ExpressionRef
		if seen[expressionURI] {
			note(&Problem{m.Membership.URI, "/expressionRef", fmt.Errorf("%w: the expression is a member twice", ErrAmbiguous)})
		}
		seen[expressionURI] = true
		m.Expression.URI = expressionURI
		authority := expressionURI.Authority()
		if err, tried := failed[authority]; !tried || err == nil {
			failed[authority] = x.fetch(ctx, authority, expression.NSIDExpression)
		}
		if err = failed[authority]; err == nil {
			m.Expression, err = getAs[expression.Expression](ctx, x, expressionURI)
		}
		if err != nil {
			m.Problem = note(&Problem{m.Membership.URI, "/expressionRef", err})
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return c, nil
}

// Splits returns the sorted names of the splits that members have. Members without a split are in the split "".
func (c *Corpus) Splits() []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range c.Members {
		if !seen[m.Split] {
			seen[m.Split] = true
			names = append(names, m.Split)
		}
	}
	slices.Sort(names)
	return names
}

// Split yields the members of a split, in their order.
func (c *Corpus) Split(name string) iter.Seq[*CorpusMember] {
	return func(yield func(*CorpusMember) bool) {
		for _, m := range c.Members {
			if m.Split == name && !yield(m) {
				return
			}
		}
	}
}

// Expressions yields the members with their expressions, joined as [Index.Expression] does it. The expression is nil
// for a member with a Problem. An error ends the loop: it is that of ctx or of the index's source.
func (c *Corpus) Expressions(ctx context.Context) iter.Seq2[*CorpusExpression, error] {
	return func(yield func(*CorpusExpression, error) bool) {
		for _, m := range c.Members {
			one := &CorpusExpression{CorpusMember: m}
			if m.Problem == nil {
				var err error
				if one.Joined, err = c.index.Expression(ctx, m.Expression.URI); err != nil {
					yield(nil, err)
					return
				}
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

// CorpusExpression is a member of a corpus with its joined expression; Joined is nil if the member has a Problem.
type CorpusExpression struct {
	*CorpusMember
	Joined *Expression
}
