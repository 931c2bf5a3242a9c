package demo

import (
	"bytes"
	"context"
	"fmt"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/view"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/write"
)

// The demo prints the lines between "show" and "end" of each step, without the checks of errors, and runs them.

func (d *demo) publish(ctx context.Context) error {
	servers, appPassword, operations := d.servers, d.password, batch.Ops(d.operations...)
	// show
	account, err := auth.Login(ctx, "alice.example.com", appPassword, auth.WithNetwork(servers))
	if err != nil {
		return err
	}
	audio := bytes.NewReader(sample.Audio())
	recording, err := blob.Upload(ctx, account, audio, "audio/wav", &blob.UploadOptions{Rules: media.MediaBlobRules})
	if err != nil {
		return err
	}
	result, err := batch.Apply(ctx, account, operations, &batch.ApplyOptions{Lookup: records.Lookup})
	if err != nil {
		return err
	}
	// end
	d.account = account
	d.say("%d records written in %d request, and a recording of %d bytes", result.Written, result.Requests, recording.Size)
	return nil
}

func (d *demo) refuse(ctx context.Context) error {
	account := d.account
	// show
	sentence := &expression.Expression{ID: "1", Text: lex.Some("No kind and no date.")}
	_, err := write.Create(ctx, account, sentence, nil)
	// end
	d.say("%v", err)
	return nil
}

func (d *demo) resolve(ctx context.Context) error {
	servers := d.servers
	// show
	client, err := pds.New(pds.WithNetwork(servers))
	if err != nil {
		return err
	}
	alice, err := client.Directory().Resolve(ctx, "alice.example.com")
	if err != nil {
		return err
	}
	// end
	d.client = client
	d.say("DID     %s\nserver  %s\nkey     %s", alice.DID, alice.PDS, alice.Key)
	return nil
}

func (d *demo) pull(ctx context.Context) error {
	client := d.client
	// show
	repository, err := client.GetRepo(ctx, "alice.example.com", nil)
	if err != nil {
		return err
	}
	all, err := records.Decode(ctx, repository, nil)
	if err != nil {
		return err
	}
	// end
	d.repository, d.all = repository, all
	d.table()
	return nil
}

func (d *demo) failures(context.Context) error {
	out := d.out
	all := d.all
	// show
	for _, failure := range all.Failures {
		for _, issue := range failure.Issues {
			fmt.Fprintln(out, path(failure.URI), issue.Path, issue.Message())
		}
	}
	// end
	return nil
}

func (d *demo) warnings(ctx context.Context) error {
	out, repository := d.out, d.repository
	// show
	var set check.Set
	for record, err := range repository.Decode(ctx, records.Lookup, nil) {
		if err != nil {
			return err
		}
		if record.Value != nil && len(record.Issues) == 0 {
			set.Add(record.URI(), record.Value)
		}
	}
	for _, warning := range set.Warnings() {
		fmt.Fprintln(out, path(warning.URI), warning.Path, warning.Message())
	}
	// end
	return nil
}

func (d *demo) annotate(ctx context.Context) error {
	account := d.account
	// show
	sentence := &expression.Expression{ID: "en-3", Kind: "sentence", Text: lex.Some("The printer purrs."), CreatedAt: now()}
	ref, err := write.Create(ctx, account, sentence, nil)
	if err != nil {
		return err
	}
	a, err := annotate.Words(ref.URI, "The printer purrs.", []string{"The", "printer", "purrs", "."})
	if err != nil {
		return err
	}
	tags, err := a.Tags(annotation.AnnotationLayerSubkindPos, []string{"DET", "NOUN", "VERB", "PUNCT"})
	if err != nil {
		return err
	}
	tree, err := a.Dependencies([]int{1, 2, annotate.Root, 2}, []string{"det", "nsubj", "root", "punct"})
	if err != nil {
		return err
	}
	for _, record := range []lex.Record{a.Segmentation(), tags, tree} {
		if _, err := write.Create(ctx, account, record, nil); err != nil {
			return err
		}
	}
	// end
	return nil
}

func (d *demo) follow(ctx context.Context) error {
	out, address, servers, directory, cursor, seen := d.out, d.relay, d.servers, d.client.Directory(), d.cursor, 0
	// show
	relay, err := firehose.New(address, firehose.WithNetwork(servers), firehose.WithDirectory(directory))
	if err != nil {
		return err
	}
	for event, err := range relay.Subscribe(ctx, &firehose.Options{Lookup: records.Lookup, Cursor: cursor}) {
		if err != nil {
			return err
		}
		if record, ok := event.(*firehose.Record); ok {
			fmt.Fprintln(out, record.Action, path(record.URI()), record.Trust)
			seen++
		}
		if seen == 4 {
			break
		}
	}
	// end
	return nil
}

func (d *demo) draw(ctx context.Context) error {
	out, all, uri := d.out, d.all, d.corpus.Sentence
	// show
	index := reading.New()
	index.AddRepository(all)
	sentence, err := index.Expression(ctx, uri)
	if err != nil {
		return err
	}
	document := &draw.Document{Sections: []draw.Section{{Sentences: view.Sentences(sentence)}}}
	return draw.Text(out, document, nil)
	// end
}
