// Command picture writes the picture of the demo to the file that its argument names.
package main

import (
	"context"
	"log"
	"os"

	"github.com/layers-pub/layers-go/cmd/layers/internal/demo"
)

func main() {
	picture, err := demo.Picture(context.Background())
	if err == nil {
		err = os.WriteFile(os.Args[1], picture, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}
