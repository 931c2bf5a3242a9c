package emit

import (
	"strconv"

	"github.com/dave/jennifer/jen"
)

// oneLine returns a block that gofmt leaves on one line if it is short enough.
func oneLine(statements ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ";"}, statements...)
}

// list returns items between open and end. They are on one line if there is room for them after lead columns, and
// otherwise on the lines below open.
func list(open, end string, lead int, items []string) *jen.Statement {
	lines := wrapped(items, lead+len(open)+len(end), width)
	if len(lines) == 1 {
		return jen.Custom(jen.Options{Open: open, Close: end}, lines...)
	}
	return jen.Custom(jen.Options{Open: open, Close: end, Separator: ",", Multi: true}, wrapped(items, 4, width)...)
}

// wrapped divides items into lines that end before the given column. The first line starts after lead columns, the
// others after a tab.
func wrapped(items []string, lead, column int) []jen.Code {
	var lines []jen.Code
	start, at := 0, lead
	for i, item := range items {
		if at += len(item) + 2; at > column && i > start {
			lines = append(lines, jen.Custom(jen.Options{Separator: ","}, codes(items[start:i])...))
			start, at = i, 4+len(item)+2
		}
	}
	return append(lines, jen.Custom(jen.Options{Separator: ","}, codes(items[start:])...))
}

func codes(items []string) []jen.Code {
	list := make([]jen.Code, len(items))
	for i, item := range items {
		list[i] = jen.Op(item)
	}
	return list
}

func quoted(values []string) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.Quote(v)
	}
	return list
}
