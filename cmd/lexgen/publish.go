package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/publish"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func publishCommand(s *settings) *cobra.Command {
	var at installation
	var breaking bool
	command := &cobra.Command{
		Use:   "publish [nsid...]",
		Short: "Publish documents of your own",
		Long: `Publish writes documents as records of the account that is logged in by "layers
login": those with the given NSIDs or, without arguments, all documents of the
configuration that were not installed. It writes only documents that differ from the
published ones. It writes nothing if a change breaks the rules of lexicon evolution,
unless --breaking accepts that, or if the DNS of a document's domain names another
account. If DNS names no account, publish prints the TXT record that it needs.
` + environment,
		RunE: func(command *cobra.Command, ids []string) error {
			return s.publish(command, at, ids, breaking)
		},
	}
	at.flags(command)
	command.Flags().BoolVar(&breaking, "breaking", false, "accept changes that break the rules of lexicon evolution")
	return command
}

// publish publishes the user's own documents with the given NSIDs or, if there are none, all of them.
func (s *settings) publish(command *cobra.Command, at installation, ids []string, breaking bool) error {
	documents, err := s.chosen(command.Context(), at, ids)
	if err != nil {
		return failure{err}
	}
	ctx := command.Context()
	reader, err := repositories()
	if err != nil {
		return failure{err}
	}
	account, err := session(ctx, reader)
	if err != nil {
		return failure{err}
	}
	var items []*publish.Item
	worst, bare := evolve.Fine, make(map[string]string)
	for _, d := range documents {
		item, err := publish.Compare(ctx, reader, account.DID(), d)
		if err != nil {
			return failure{err}
		}
		if item.State == publish.Differs {
			printJudged(command.OutOrStdout(), item.Changes)
			worst = max(worst, evolve.Worst(item.Changes))
		}
		if name, value := item.TXT(); !item.Named {
			bare[name] = value
		}
		items = append(items, item)
	}
	if worst == evolve.Error && !breaking {
		return failure{errors.New("nothing is published, since changes break the rules of lexicon evolution; --breaking accepts them")}
	}
	count := 0
	for _, item := range items {
		if item.State == publish.Same {
			continue
		}
		ref, err := item.Publish(ctx, account)
		if err != nil {
			return failure{err}
		}
		count++
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", ref.URI, ref.CID)
	}
	for _, name := range sortedKeys(bare) {
		fmt.Fprintf(command.ErrOrStderr(), "these documents cannot be found until DNS has the TXT record %s with the value %q\n", name, bare[name])
	}
	fmt.Fprintf(command.ErrOrStderr(), "%s, %d published\n", plural(len(items), "document"), count)
	return nil
}

// session returns the client of the account that is logged in.
func session(ctx context.Context, reader *pds.Client) (*auth.Client, error) {
	store, err := auth.OpenStore("")
	if err != nil {
		return nil, err
	}
	client, err := auth.Resume(ctx, "", auth.WithDirectory(reader.Directory()), auth.WithStore(store))
	if errors.Is(err, auth.ErrNoSession) {
		return nil, fmt.Errorf("not logged in: %w; see layers login --help", err)
	}
	return client, err
}

// chosen returns the user's own documents, which are those that were not installed, with the given NSIDs or, if there
// are none, all of them.
func (s *settings) chosen(ctx context.Context, at installation, ids []string) ([]*lexicon.Document, error) {
	at, err := s.places(at)
	if err != nil {
		return nil, err
	}
	own, err := s.ownDocuments(ctx, at)
	if err != nil || len(ids) == 0 {
		return own, err
	}
	var chosen []*lexicon.Document
	for _, id := range ids {
		i := slices.IndexFunc(own, func(d *lexicon.Document) bool { return d.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("%s is not a document of your own", id)
		}
		chosen = append(chosen, own[i])
	}
	return chosen, nil
}

func statusCommand(s *settings) *cobra.Command {
	var at installation
	command := &cobra.Command{
		Use:   "status [nsid...]",
		Short: "Compare documents with what is published",
		Long: `Status compares documents with the network: your own documents with those published
by the account that their domain names, and installed documents with their current
versions. It prints a line for each document. It exits with status 1 if a document
differs, is not published, or cannot be found by DNS.
` + environment,
		RunE: func(command *cobra.Command, ids []string) error {
			return s.status(command, at, ids)
		},
	}
	at.flags(command)
	return command
}

func (s *settings) status(command *cobra.Command, at installation, ids []string) error {
	documents, err := s.chosen(command.Context(), at, ids)
	if err != nil {
		return failure{err}
	}
	ctx, w := command.Context(), command.OutOrStdout()
	reader, err := repositories()
	if err != nil {
		return failure{err}
	}
	fine := true
	for _, d := range documents {
		did, err := publish.Account(ctx, reader, d.ID)
		if errors.Is(err, identity.ErrNotFound) {
			fine = false
			fmt.Fprintf(w, "%s: not published: DNS has no TXT record _lexicon.%s with the account's DID\n", d.ID, syntax.NSID(d.ID).Authority())
			continue
		}
		if err != nil {
			return failure{err}
		}
		item, err := publish.Compare(ctx, reader, did, d)
		if err != nil {
			return failure{err}
		}
		fine = fine && item.State == publish.Same
		fmt.Fprintf(w, "%s: %s", d.ID, item.State)
		if item.State == publish.Differs {
			fmt.Fprintf(w, " from %s: %s", item.URI, evolve.Summary(item.Changes))
		}
		fmt.Fprintln(w)
	}
	if len(ids) == 0 {
		current, err := s.statusInstalled(command, at)
		if err != nil {
			return failure{err}
		}
		fine = fine && current
	}
	if !fine {
		return errFound
	}
	return nil
}

// statusInstalled compares the installed documents with the network, and reports whether they are current.
func (s *settings) statusInstalled(command *cobra.Command, at installation) (bool, error) {
	at, err := s.places(at)
	if err != nil {
		return false, err
	}
	if exists, err := hasManifest(at); err != nil || !exists {
		return true, err
	}
	plan, found, err := s.upstream(command, at)
	if err != nil {
		return false, err
	}
	tell(command.OutOrStdout(), plan)
	verdicts := make(map[string][]evolve.Change)
	for _, c := range found.changes {
		verdicts[c.NSID] = append(verdicts[c.NSID], c)
	}
	for _, d := range plan.Documents {
		state := "installed, up to date"
		if d.Changed {
			state = "update available: " + evolve.Summary(verdicts[d.ID])
		}
		fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", d.ID, state)
	}
	return len(plan.Changed()) == 0, nil
}
