package view

import (
	"context"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
)

// Corpus returns the section for a corpus: the contents of its record, a table of its splits, and a table of its
// members. The first [draw.MaxRows] members are joined with their annotations, which are counted. The error is that of
// [reading.Corpus.Expressions].
func Corpus(ctx context.Context, c *reading.Corpus) (draw.Section, error) {
	v := c.Value
	s := section{draw.Section{Title: title(v.Name, "corpus")}}
	s.fact("record", c.URI)
	s.fact("description", v.Description.Or(""))
	s.fact("version", v.Version.Or(""))
	s.fact("domain", v.Domain.Or(""))
	s.fact("languages", strings.Join(v.Languages, ", "))
	s.fact("license", license(v.Licensing))
	s.fact("members", len(c.Members))
	if n, ok := v.ExpressionCount.Get(); ok {
		s.fact("declared size", n)
	}
	s.fact("created", v.CreatedAt)
	s.Tree = fields(v, "$type", "name", "description", "version", "domain", "languages", "expressionCount", "createdAt")

	found := map[string]int{}
	for _, m := range c.Members {
		if m.Problem == nil {
			found[m.Split]++
		}
	}
	splits := draw.Table{Title: "splits", Columns: []string{"split", "members", "missing"}, Numbers: []int{1, 2}}
	all := map[string]int{}
	for _, m := range c.Members {
		all[m.Split]++
	}
	for _, name := range c.Splits() {
		splits.Rows = append(splits.Rows, []string{named(name), fmt.Sprint(all[name]), fmt.Sprint(all[name] - found[name])})
	}
	members := draw.Table{Title: "members", Columns: []string{"#", "split", "id", "kind", "language", "tokens", "layers", "text"}, Numbers: []int{0, 5, 6}}
	for m, err := range c.Expressions(ctx) {
		if err != nil {
			return s.Section, err
		}
		if len(members.Rows) == draw.MaxRows {
			members.Rows = append(members.Rows, make([][]string, len(c.Members)-draw.MaxRows)...) // they are counted, and not drawn
			break
		}
		members.Rows = append(members.Rows, memberRow(m, len(members.Rows)+1))
	}
	if len(c.Members) > 0 {
		s.Tables = []draw.Table{splits, members}
	}
	s.Notes = problemNotes(c.Problems)
	return s.Section, nil
}

// named returns the name of a split, or "(none)" if it has no name.
func named(split string) string {
	if split == "" {
		return "(none)"
	}
	return split
}

// memberRow returns the row of the table of members for member n, from 1.
func memberRow(m *reading.CorpusExpression, n int) []string {
	row := []string{fmt.Sprint(m.Membership.Value.Ordinal.Or(int64(n))), named(m.Split)}
	if m.Joined == nil {
		return append(row, string(m.Membership.Value.ExpressionRef), "missing")
	}
	e := m.Joined
	tokens := ""
	if t := e.Tokenization(); t != nil {
		tokens = fmt.Sprint(len(t.Tokens))
	}
	return append(row, e.Value.ID, string(e.Value.Kind), strings.Join(e.Value.Languages, " "), tokens, fmt.Sprint(len(e.Layers)), strings.Join(strings.Fields(quote.Cut(e.Text, 200)), " "))
}
