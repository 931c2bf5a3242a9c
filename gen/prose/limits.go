package prose

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Limits returns the constraints of a node in words, such as "at most 300 graphemes", or "" if it has none. It leaves
// out formats, and the enum and known values of strings.
func Limits(n *lexicon.Node) string {
	var list []string
	add := func(text string) {
		if text != "" {
			list = append(list, text)
		}
	}
	switch n.Type {
	case "string", "bytes":
		add(rangeText(n.MinLength, n.MaxLength, "byte"))
		add(rangeText(n.MinGraphemes, n.MaxGraphemes, "grapheme"))
	case "array":
		add(rangeText(n.MinLength, n.MaxLength, "item"))
	case "integer":
		add(rangeText(n.Minimum, n.Maximum, ""))
		add(enumText(n.IntEnum))
	case "blob":
		add(rangeText(nil, n.MaxSize, "byte"))
		if len(n.Accept) > 0 {
			add("media types " + Plain(strings.Join(n.Accept, ", ")))
		}
	}
	if n.Const != nil {
		add("always " + Literal(n.Const))
	}
	if n.Default != nil {
		add("default " + Literal(n.Default))
	}
	return strings.Join(list, ", ")
}

func rangeText(low, high *int64, unit string) string {
	switch {
	case low != nil && *low == 0 && unit != "":
		low = nil
	}
	switch {
	case low == nil && high == nil:
		return ""
	case low == nil:
		return "at most " + countText(*high, unit)
	case high == nil:
		return "at least " + countText(*low, unit)
	case *low == *high:
		return "exactly " + countText(*high, unit)
	}
	return grouped(*low) + " to " + countText(*high, unit)
}

func countText(n int64, unit string) string {
	switch {
	case unit == "":
		return grouped(n)
	case n == 1:
		return "1 " + unit
	}
	return grouped(n) + " " + unit + "s"
}

// grouped returns a number with commas between groups of three digits if it has more than four.
func grouped(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if len(digits) > 4 {
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
	}
	if negative {
		return "-" + digits
	}
	return digits
}

func enumText(values []int64) string {
	if len(values) == 0 {
		return ""
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.FormatInt(v, 10)
	}
	return "one of " + strings.Join(list, ", ")
}

// Literal returns the text of a lexicon's value for use in a comment.
func Literal(v any) string {
	if s, ok := v.(string); ok {
		return Plain(strconv.Quote(s))
	}
	return fmt.Sprint(v)
}
