// Command install installs the reference servers that the tests run against. Unlike the tests, it has no time limit.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/layers-pub/layers-go/tests/reference"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := reference.Install(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}
