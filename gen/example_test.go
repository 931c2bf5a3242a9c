package gen_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/layers-pub/layers-go/gen"
)

func Example() {
	root := ".." // of this module, whose configuration is lexgen.json
	config, err := gen.ReadConfig(os.DirFS(root), gen.ConfigFile)
	if err != nil {
		log.Fatal(err)
	}
	output, err := gen.Generate(context.Background(), root, config)
	if err != nil {
		log.Fatal(err)
	}
	changes, err := output.Check(root) // Write would make them
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(changes), "files differ")
	// Output: 0 files differ
}
