package install_test

import (
	"context"
	"fmt"
	"os"

	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/runtime/pds"
)

func Example() {
	run := func(ctx context.Context) error {
		client, err := pds.New()
		if err != nil {
			return err
		}
		manifest, err := install.ReadManifest(install.File)
		if err != nil {
			return err
		}
		installer := install.New(client)
		plan, err := installer.Plan(ctx, os.DirFS("lexicons"), manifest, &install.Options{Add: []string{"app.bsky.feed.post"}})
		if err != nil {
			return err
		}
		for _, d := range plan.Documents {
			fmt.Println(d.URI, d.CID, d.Changed)
		}
		return plan.Write("lexicons", install.File)
	}
	_ = run
}
