// Package blobs implements the blob command and its subcommands get, put and ls.
package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// Command returns the blob command.
func Command(s *connect.Servers) *cobra.Command {
	command := &cobra.Command{
		Use:     "blob",
		GroupID: cli.GroupWrite,
		Short:   "Download, upload and list blobs (audio, video, images, documents)",
	}
	command.AddCommand(get(s), put(s), ls(s))
	return command
}

func get(s *connect.Servers) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "get ACTOR CID",
		Short: "Download a blob and verify it",
		Long: `Get downloads the blob with this CID from the account's PDS and verifies that it
matches the CID. ACTOR is a handle or a DID.

The blob is saved as FILE, or under its CID. An existing file is replaced only
after the whole blob has been verified. With -o - the blob is written to standard
output while it arrives; it is complete and verified only if the exit status is 0.`,
		Example: `  layers blob get alice.example.com bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku -o story.mp3`,
		Args:    cli.Arguments(2, 2, "an ACTOR and a CID"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			c, err := cid.Parse(args[1])
			if err != nil {
				return exit.Misuse("%q: %v", args[1], err)
			}
			client, err := s.Repos()
			if err != nil {
				return err
			}
			who, err := client.Directory().Resolve(ctx, actor)
			if err != nil {
				return err
			}
			if output == "-" {
				reader, err := blob.Open(ctx, client, who.DID, blob.Named(c), nil)
				if err != nil {
					return err
				}
				_, err = io.Copy(terminal.Exact(command.OutOrStdout()), reader)
				return errors.Join(err, reader.Close())
			}
			if output == "" {
				output = c.String()
			}
			info, err := blob.Download(ctx, client, who.DID, blob.Named(c), output, nil)
			if err != nil {
				return err
			}
			terminal.Note(command.ErrOrStderr(), "saved %s: %s, %d bytes, verified\n", output, info.MimeType, info.Size)
			return nil
		}),
	}
	command.Flags().StringVarP(&output, "output", "o", "", "save as `FILE`; - for standard output (default the CID)")
	return command
}

// rulesFor has the constraints of the blobs in Layers' records, by collection without the leading "pub.layers.".
var rulesFor = map[string]lex.BlobRules{
	"media.media":           media.MediaBlobRules,
	"expression.expression": expression.ExpressionMediaBlobRules,
	"persona.persona":       persona.PersonaGuidelinesBlobRules,
}

func put(s *connect.Servers) *cobra.Command {
	var mimeType, collection string
	command := &cobra.Command{
		Use:   "put FILE",
		Short: "Upload a blob",
		Long: `Put uploads FILE, or standard input if FILE is -, and prints the blob object to use
in a record. Servers delete a blob that no record refers to after some time.

The media type is derived from the file name's extension unless --type sets it.
With --for, the media type and the size are first checked against the lexicon of
that collection.`,
		Example: `  layers blob put story.mp3 --for media.media
  layers blob put --type application/pdf - < guidelines.pdf`,
		Args: cli.Arguments(1, 1, "one FILE, or - for standard input"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			options := new(blob.UploadOptions)
			if collection != "" {
				nsid, err := names.ParseCollection(collection)
				if err != nil {
					return err
				}
				rules, ok := rulesFor[strings.TrimPrefix(string(nsid), names.Own)]
				if !ok {
					return exit.Misuse("--for %s: this collection has no blobs; those that do are %s", collection, strings.Join(slices.Sorted(maps.Keys(rulesFor)), ", "))
				}
				options.Rules = rules
			}
			source := command.InOrStdin()
			if args[0] != "-" {
				file, err := terminal.Open(ctx, args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				source = terminal.Stream(ctx, file, command.ErrOrStderr())
			}
			if mimeType == "" {
				if mimeType = mime.TypeByExtension(filepath.Ext(args[0])); mimeType == "" {
					return exit.Misuse("cannot derive the media type of %s from its name: set it with --type", args[0])
				}
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			uploaded, err := blob.Upload(ctx, client, source, mimeType, options)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return output.JSON(terminal.Exact(command.OutOrStdout()), uploaded)
		}),
	}
	command.Flags().StringVar(&mimeType, "type", "", "the media `TYPE`, such as audio/mpeg (default: by the file name's extension)")
	cli.AsFlag(command, s)
	command.Flags().StringVar(&collection, "for", "", "check against the lexicon of this `COLLECTION`: media.media, expression.expression, persona.persona")
	cli.CompleteFlag(command, "for", slices.Sorted(maps.Keys(rulesFor)))
	return command
}
