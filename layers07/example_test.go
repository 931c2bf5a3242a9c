package layers07_test

import (
	"fmt"

	"github.com/layers-pub/layers-go/layers07"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func ExampleUpgradeCorpus() {
	old := &layers07.Corpus{Name: "News", CreatedAt: "2025-01-01T00:00:00Z", Language: lex.Some("en"), License: lex.Some("CC-BY-4.0")}
	upgraded, moves, err := layers07.UpgradeCorpus(old)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(upgraded.Languages, upgraded.Licensing.Expression)
	fmt.Println(moves)
	fmt.Println(moves.Drop()) // for write.PutOptions
	// Output:
	// [en] CC-BY-4.0
	// /language to /languages/0, /license to /licensing/expression
	// [/language /license]
}
